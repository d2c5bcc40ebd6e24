//! Expectations about a client's requests, parsed from JSON or YAML.

use serde_json::{Map, Value};

use crate::config::limits::PATTERN_DIAGNOSTICS_MAX;
use crate::contract::Contract;
use crate::recording::journal::{Exchange, RequestPattern, ValueDiagnostic};
use crate::support::clock::{Timestamp, format_timestamp};
use contract_files::pointer::escape;
use contract_files::yaml::{KEY, nearest, valid_words_hint};

/// How many expectations one verification may have.
pub const EXPECTATIONS_MAX: usize = 100;

/// How many steps an `order` may have.
pub const STEPS_MAX: usize = 100;

/// How long the name of an expectation may be.
const NAME_CHARS_MAX: usize = 200;

/// The statuses of a rejection when `repaired` has no `status`.
const REJECTION_STATUSES: [u64; 2] = [409, 422];

/// The expectations of one verification.
///
/// ```
/// use leadconduit_mock::MockServer;
/// use leadconduit_mock::verification::{ExpectationOutcome, Requirement};
/// use serde_json::json;
///
/// let server = MockServer::builder().start()?;
/// let expectations = server
///     .expectations(&json!([
///         {"name": "the list is read", "operation": "list_connections"},
///         {"operation": "repair_connection", "never": true},
///     ]))
///     .unwrap();
/// assert!(matches!(expectations.all[1].requirement, Requirement::Count { min: 0, max: Some(0), .. }));
///
/// // No request was sent, so the first expectation fails. The second would be met by a client that was never started.
/// let result = server.verify(&expectations);
/// assert!(!result.passed);
/// let outcomes: Vec<_> = result.expectations.iter().map(|one| one.outcome).collect();
/// assert_eq!(outcomes, [ExpectationOutcome::Failed, ExpectationOutcome::Inconclusive]);
/// assert!(result.to_string().contains("FAILED  the list is read"), "{result}");
/// # Ok::<(), leadconduit_mock::StartError>(())
/// ```
#[derive(Debug)]
pub struct Expectations {
    /// The expectations, in their order.
    pub all: Vec<Expectation>,
}

/// One expectation.
#[derive(Debug)]
pub struct Expectation {
    /// The name; without one in the file, the description of the requirement.
    pub name: String,
    /// What is expected.
    pub requirement: Requirement,
    /// The exchanges that are evaluated.
    pub range: JournalRange,
    /// Whether the expectation can pass when no exchange is in the range.
    pub allows_empty: bool,
}

/// A range of the journal, from its beginning by default and up to the newest exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalRange {
    /// The number of the last request before the range.
    pub after: Option<u64>,
    /// The time at which the range begins.
    pub since: Option<Timestamp>,
}

impl JournalRange {
    /// True when the exchange is in the range.
    pub(crate) fn contains(&self, exchange: &Exchange) -> bool {
        self.after.is_none_or(|after| exchange.number > after) && self.since.is_none_or(|since| exchange.at >= since)
    }

    /// Describes the range, to follow a description of exchanges; empty for the whole journal.
    #[must_use]
    pub fn describe(&self) -> String {
        let after = self.after.map(|after| format!(" after request {after}")).unwrap_or_default();
        let since = self.since.map(|since| format!(" since {}", format_timestamp(since))).unwrap_or_default();
        format!("{after}{since}")
    }
}

/// What is expected.
#[derive(Debug)]
pub enum Requirement {
    /// The number of matching exchanges is in a range.
    Count {
        /// The exchanges to count.
        pattern: RequestPattern,
        /// The lower bound.
        min: u64,
        /// The upper bound.
        max: Option<u64>,
    },
    /// Matching exchanges occur in an order.
    Order {
        /// The pattern of each exchange.
        steps: Vec<RequestPattern>,
        /// Whether other requests may occur between the steps.
        other_requests: OtherRequests,
    },
    /// At least one request was rejected, and the client repaired the cause of every rejection.
    Repaired {
        /// The rejected requests.
        pattern: RequestPattern,
        /// The statuses that count as a rejection.
        statuses: Vec<u16>,
        /// The later request whose success proves the repair; any request when absent.
        by: Option<RequestPattern>,
    },
    /// No matching request broke the contract.
    NoViolations {
        /// The requests to check.
        pattern: RequestPattern,
    },
    /// No matching request was unmatched: each was routed to an operation, a rule or the mock itself.
    NoUnmatched {
        /// The requests to check.
        pattern: RequestPattern,
    },
}

/// Whether other requests may occur between two steps of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherRequests {
    /// They may occur.
    Allowed,
    /// They may not occur (`strict`).
    Forbidden,
}

/// A body with one expectation, for messages.
const EXAMPLE: &str = "{\"expectations\": [{\"operation\": \"list_connections\", \"at_least\": 1}]}";

/// The keys that select exchanges.
const SUBJECT_KEYS: [&str; 3] = ["operation", "request", "status"];
/// The keys that set the expected count.
const COUNT_KEYS: [&str; 4] = ["exactly", "at_least", "at_most", "never"];
/// The keys of all other requirements; an expectation has at most one of them and no count.
const KIND_KEYS: [&str; 4] = ["order", "repaired", "no_violations", "no_unmatched"];
/// The keys of every expectation.
const COMMON_KEYS: [&str; 4] = ["name", "after", "since", "allow_empty"];

struct ExpectationParser<'c> {
    contract: &'c Contract,
    diagnostics: Vec<ValueDiagnostic>,
}

impl Expectations {
    /// Parses `{"expectations": [...]}`, or the array alone.
    ///
    /// # Errors
    ///
    /// The first problems of the expectations, each with its pointer and what to write instead.
    pub(crate) fn parse(value: &Value, contract: &Contract) -> Result<Self, Vec<ValueDiagnostic>> {
        let mut parser = ExpectationParser { contract, diagnostics: Vec::new() };
        let (list, range, allows_empty, at) = match value {
            Value::Array(list) => (list, JournalRange::default(), false, String::new()),
            Value::Object(object) => {
                let is_own = |name: &&String| SUBJECT_KEYS.iter().chain(&KIND_KEYS).any(|key| name == key);
                if let (None, Some(own)) = (object.get("expectations"), object.keys().find(is_own)) {
                    let message = format!(
                        "`{own}` belongs into an expectation; write {{\"expectations\": [{{\"{own}\": ...}}]}}"
                    );
                    return Err(parser.fail(&format!("/{own}{KEY}"), &message));
                }
                parser.check_keys("", object, &["expectations", "after", "since", "allow_empty"], "the body");
                let range = parser.range("", object);
                let allows_empty = parser.allows_empty("", object).unwrap_or(false);
                match object.get("expectations") {
                    Some(Value::Array(list)) => (list, range, allows_empty, "/expectations".to_owned()),
                    Some(_) => return Err(parser.fail("/expectations", "`expectations` must be an array")),
                    // A misspelt key has been reported.
                    None if !parser.diagnostics.is_empty() => return Err(parser.diagnostics),
                    None => {
                        return Err(parser.fail("", &format!("`expectations` is missing; write {EXAMPLE}")));
                    }
                }
            }
            _ => return Err(parser.fail("", &format!("the body must be an object or an array; write {EXAMPLE}"))),
        };
        if list.is_empty() {
            return Err(parser.fail(&at, &format!("there are no expectations; write {EXAMPLE}")));
        }
        if list.len() > EXPECTATIONS_MAX {
            let message = format!("there are {} expectations; write {EXPECTATIONS_MAX} at most", list.len());
            return Err(parser.fail(&at, &message));
        }
        let defaults = (range, allows_empty);
        let all = list.iter().enumerate();
        let all = all.filter_map(|(index, one)| parser.expectation(&format!("{at}/{index}"), one, defaults));
        let all: Vec<Expectation> = all.collect();
        if parser.diagnostics.is_empty() { Ok(Self { all }) } else { Err(parser.diagnostics) }
    }
}

impl ExpectationParser<'_> {
    /// Adds a diagnostic, and returns `None`.
    fn reject<T>(&mut self, at: &str, message: impl Into<String>) -> Option<T> {
        if !self.is_full() {
            self.diagnostics.push((at.to_owned(), message.into()));
        }
        None
    }

    /// True when no more diagnostics are reported.
    fn is_full(&self) -> bool {
        self.diagnostics.len() >= PATTERN_DIAGNOSTICS_MAX
    }

    /// All diagnostics, with this last one.
    fn fail(mut self, at: &str, message: &str) -> Vec<ValueDiagnostic> {
        self.diagnostics.push((at.to_owned(), message.to_owned()));
        self.diagnostics
    }

    /// Reports unknown keys; `subject` is the beginning of the message.
    fn check_keys(&mut self, at: &str, object: &Map<String, Value>, known: &[&str], subject: &str) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            if self.is_full() {
                return;
            }
            let shown: String = name.chars().take(80).collect();
            let hint = valid_words_hint(name, known);
            self.reject::<()>(
                &format!("{at}/{}{KEY}", escape(name)),
                format!("{subject} has no key `{shown}`; {hint}"),
            );
        }
    }

    fn object<'v>(&mut self, at: &str, value: &'v Value, expected: &str) -> Option<&'v Map<String, Value>> {
        value.as_object().or_else(|| self.reject(at, expected))
    }

    fn expectation(
        &mut self,
        at: &str,
        value: &Value,
        (default, allows_empty): (JournalRange, bool),
    ) -> Option<Expectation> {
        let object =
            self.object(at, value, "an expectation must be an object; write {\"operation\": \"list_connections\"}")?;
        let known = [&COMMON_KEYS[..], &SUBJECT_KEYS[..], &COUNT_KEYS[..], &KIND_KEYS[..], &["strict"]].concat();
        self.check_keys(at, object, &known, "an expectation");
        let name = match object.get("name") {
            None => None,
            Some(Value::String(name)) if name.chars().count() <= NAME_CHARS_MAX => Some(name.clone()),
            Some(_) => self.reject(
                &format!("{at}/name"),
                format!("a name must be a string of at most {NAME_CHARS_MAX} characters"),
            ),
        };
        let own = self.range(at, object);
        let range = JournalRange { after: own.after.or(default.after), since: own.since.or(default.since) };
        let allows_empty = self.allows_empty(at, object).unwrap_or(allows_empty);
        let requirement = self.requirement(at, object)?;
        let name = name.unwrap_or_else(|| requirement.describe());
        Some(Expectation { name, requirement, range, allows_empty })
    }

    /// The value of `allow_empty`, if it is given.
    fn allows_empty(&mut self, at: &str, object: &Map<String, Value>) -> Option<bool> {
        match object.get("allow_empty")? {
            Value::Bool(allows_empty) => Some(*allows_empty),
            _ => self.reject(&format!("{at}/allow_empty"), "`allow_empty` must be true or false"),
        }
    }

    fn requirement(&mut self, at: &str, object: &Map<String, Value>) -> Option<Requirement> {
        let given = |names: &[&'static str]| -> Vec<&'static str> {
            names.iter().copied().filter(|name| object.contains_key(*name)).collect()
        };
        let (kinds, counts, subjects) = (given(&KIND_KEYS), given(&COUNT_KEYS), given(&SUBJECT_KEYS));
        if let [first, rest @ ..] = kinds.as_slice()
            && let Some(other) = rest.iter().chain(&counts).next()
        {
            let at = format!("{at}/{other}{KEY}");
            return self.reject(&at, format!("`{other}` cannot be combined with `{first}`; write two expectations"));
        }
        if let (Some(first @ ("order" | "repaired")), Some(other)) = (kinds.first().copied(), subjects.first()) {
            let at = format!("{at}/{other}{KEY}");
            return self.reject(&at, format!("`{other}` cannot be combined with `{first}`; move it into `{first}`"));
        }
        if object.contains_key("strict") && kinds.first() != Some(&"order") {
            return self.reject(&format!("{at}/strict{KEY}"), "`strict` requires `order`");
        }
        match kinds.first().copied() {
            Some("order") => self.order(at, object),
            Some("repaired") => self.repaired(&format!("{at}/repaired"), object.get("repaired")?),
            Some(kind) => {
                if object.get(kind) != Some(&Value::Bool(true)) {
                    return self.reject(&format!("{at}/{kind}"), format!("`{kind}` must be true or absent"));
                }
                let pattern = self.exchange_pattern(at, object)?;
                Some(if kind == "no_violations" {
                    Requirement::NoViolations { pattern }
                } else {
                    Requirement::NoUnmatched { pattern }
                })
            }
            None if counts.is_empty() && subjects.is_empty() => {
                let all = [&SUBJECT_KEYS[..], &KIND_KEYS[..]].concat().join(", ");
                self.reject(at, format!("the expectation is empty; write one of {all}"))
            }
            None => {
                let pattern = self.exchange_pattern(at, object);
                let (min, max) = self.counts(at, object, &counts)?;
                Some(Requirement::Count { pattern: pattern?, min, max })
            }
        }
    }

    fn counts(&mut self, at: &str, object: &Map<String, Value>, counts: &[&str]) -> Option<(u64, Option<u64>)> {
        if let (true, Some(alone)) = (counts.len() > 1, counts.iter().find(|name| ["exactly", "never"].contains(name)))
        {
            let other = counts.iter().find(|name| *name != alone)?;
            let at = format!("{at}/{other}{KEY}");
            return self.reject(&at, format!("`{alone}` cannot be combined with `{other}`; remove one of them"));
        }
        let mut number = |name: &str| -> Option<Option<u64>> {
            let Some(value) = object.get(name) else { return Some(None) };
            match value.as_u64() {
                Some(number) => Some(Some(number)),
                None => self.reject(&format!("{at}/{name}"), format!("`{name}` must be a whole number from 0")),
            }
        };
        let (exactly, min, max) = (number("exactly"), number("at_least"), number("at_most"));
        let (exactly, min, max) = (exactly?, min?, max?);
        match object.get("never") {
            None => {}
            Some(Value::Bool(true)) => return Some((0, Some(0))),
            Some(_) => return self.reject(&format!("{at}/never"), "`never` must be true or absent"),
        }
        if let Some(exactly) = exactly {
            return Some((exactly, Some(exactly)));
        }
        let (min, max) = (min.unwrap_or(u64::from(max.is_none())), max);
        if (min, max) == (0, None) {
            let message = "`at_least: 0` is met by any client; write a larger number, or `never`";
            return self.reject(&format!("{at}/at_least"), message);
        }
        if max.is_some_and(|max| max < min) {
            return self
                .reject(&format!("{at}/at_most"), format!("`at_most` must not be below `at_least`, which is {min}"));
        }
        Some((min, max))
    }

    fn order(&mut self, at: &str, object: &Map<String, Value>) -> Option<Requirement> {
        let other_requests = match object.get("strict") {
            None | Some(Value::Bool(false)) => OtherRequests::Allowed,
            Some(Value::Bool(true)) => OtherRequests::Forbidden,
            Some(_) => return self.reject(&format!("{at}/strict"), "`strict` must be true or false"),
        };
        let given = object.get("order");
        let list = given.and_then(Value::as_array).filter(|list| (2..=STEPS_MAX).contains(&list.len()));
        let Some(list) = list else {
            let found = given.and_then(Value::as_array).map(|list| format!(", not {}", list.len())).unwrap_or_default();
            let message = format!(
                "`order` must be an array of 2 to {STEPS_MAX} steps{found}; write [{{\"operation\": \
                 \"list_connections\"}}, {{\"operation\": \"repair_connection\"}}]"
            );
            return self.reject(&format!("{at}/order"), message);
        };
        let steps: Vec<Option<RequestPattern>> =
            list.iter().enumerate().map(|(index, step)| self.step(&format!("{at}/order/{index}"), step)).collect();
        Some(Requirement::Order { steps: steps.into_iter().collect::<Option<_>>()?, other_requests })
    }

    fn step(&mut self, at: &str, value: &Value) -> Option<RequestPattern> {
        // A text is most likely meant as an operation.
        let ids = self.contract.operations.iter().map(|operation| operation.id.as_str());
        let meant = value.as_str().and_then(|text| nearest(text, ids)).unwrap_or("list_connections");
        let message = format!("a step must be an object; write {{\"operation\": \"{meant}\"}}");
        let object = self.object(at, value, &message)?;
        self.check_keys(at, object, &SUBJECT_KEYS, "a step");
        if object.is_empty() {
            return self.reject(at, format!("the step is empty; write one of {}", SUBJECT_KEYS.join(", ")));
        }
        self.exchange_pattern(at, object)
    }

    fn repaired(&mut self, at: &str, value: &Value) -> Option<Requirement> {
        let object =
            self.object(at, value, "`repaired` must be an object, such as {\"operation\": \"repair_connection\"}")?;
        self.check_keys(at, object, &["operation", "request", "status", "by"], "`repaired`");
        if !object.contains_key("operation") && !object.contains_key("request") {
            let message = "`repaired` requires `operation`, such as repair_connection, or `request`";
            return self.reject(at, message);
        }
        let given = object.get("status").map_or_else(
            || REJECTION_STATUSES.map(Value::from).to_vec(),
            |status| match status {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            },
        );
        let status = |value: &Value| value.as_u64().filter(|status| (400..=499).contains(status)).map(u16::try_from);
        let statuses: Option<Result<Vec<u16>, _>> = given.iter().map(status).collect();
        let Some(Ok(statuses)) = statuses.filter(|list| list.as_ref().is_ok_and(|list| !list.is_empty())) else {
            let message = "this must be a status from 400 to 499 such as 409, or an array of statuses";
            return self.reject(&format!("{at}/status"), message);
        };
        let mut subject = object.clone();
        subject.remove("status");
        let pattern = self.exchange_pattern(at, &subject);
        let by = object.get("by").map(|by| self.step(&format!("{at}/by"), by));
        Some(Requirement::Repaired { pattern: pattern?, statuses, by: by.map_or(Some(None), |by| by.map(Some))? })
    }

    /// The pattern that `operation`, `request` and `status` select together.
    fn exchange_pattern(&mut self, at: &str, object: &Map<String, Value>) -> Option<RequestPattern> {
        let own: Map<String, Value> = ["operation", "status"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone())))
            .collect();
        let own = self.pattern(at, &Value::Object(own));
        let request = match object.get("request") {
            Some(request) => self.pattern(&format!("{at}/request"), request),
            None => Some(RequestPattern::default()),
        };
        Some(own?.and(request?))
    }

    fn pattern(&mut self, at: &str, value: &Value) -> Option<RequestPattern> {
        match RequestPattern::parse(value, self.contract) {
            Ok(pattern) => Some(pattern),
            Err(diagnostics) => {
                for (within, message) in diagnostics {
                    self.reject::<()>(&format!("{at}{within}"), message);
                }
                None
            }
        }
    }

    /// The range that `after` and `since` set.
    fn range(&mut self, at: &str, object: &Map<String, Value>) -> JournalRange {
        let mut range = JournalRange::default();
        if let Some(after) = object.get("after") {
            range.after = after.as_u64();
            if range.after.is_none() {
                let message = "`after` must be the number of a request, as in X-Mock-Request-Id";
                self.reject::<()>(&format!("{at}/after"), message);
            }
        }
        if let Some(since) = object.get("since") {
            range.since = since.as_str().and_then(|text| text.parse().ok());
            if range.since.is_none() {
                let message =
                    "`since` must be a time such as 2026-01-15T09:00:00Z; for the number of a request, write `after`";
                self.reject::<()>(&format!("{at}/since"), message);
            }
        }
        range
    }
}

impl Requirement {
    /// Describes the requirement.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Count { pattern, min, max } => {
                let times = match (min, max) {
                    (0, Some(0)) => return format!("no request with: {}", pattern.describe()),
                    (min, Some(max)) if min == max => format!("exactly {min}"),
                    (0, Some(max)) => format!("at most {max}"),
                    (min, Some(max)) => format!("{min} to {max}"),
                    (min, None) => format!("at least {min}"),
                };
                format!("{times} of {}", pattern.describe_requests())
            }
            Self::Order { steps, other_requests } => {
                let steps: Vec<String> = steps.iter().map(RequestPattern::describe).collect();
                let is_strict = *other_requests == OtherRequests::Forbidden;
                let order = if is_strict { "in this order, directly after each other" } else { "in this order" };
                format!("{order}: {}", steps.join("; then "))
            }
            Self::Repaired { pattern, statuses, by } => {
                let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
                let by = by.as_ref().map(|by| format!(" by {}", by.describe())).unwrap_or_default();
                format!("{} rejected with {}, and repaired{by}", pattern.describe_requests(), statuses.join(" or "))
            }
            Self::NoViolations { pattern } => format!("no violations in {}", pattern.describe_requests()),
            Self::NoUnmatched { pattern } => format!("no unmatched requests in {}", pattern.describe_requests()),
        }
    }
}

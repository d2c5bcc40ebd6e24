//! Expectations: read from JSON or YAML, checked, and ready to be held against a journal.

use serde_json::{Map, Value};

use crate::contract::Contract;
use crate::recording::journal::{Exchange, Pattern};
use crate::support::clock::{Timestamp, stamp};
use contract_files::pointer::escape;
use contract_files::yaml::{KEY, nearest};

/// How many expectations there may be.
pub const EXPECTATIONS_MAX: usize = 100;

/// How many steps one order may have.
pub const STEPS_MAX: usize = 100;

/// How long a name may be.
const NAME_CHARS_MAX: usize = 200;

/// The conditions that a repair is about when none is named.
const REPAIRED: [u64; 2] = [409, 422];

/// A mistake: a pointer as [`contract_files::yaml::Source::at_pointer`] takes it, and words with a hint.
pub type Mistake = (String, String);

/// All that is expected.
#[derive(Debug)]
pub struct Expectations {
    /// Each of them.
    pub all: Vec<Expectation>,
    /// The part of the journal that they are about.
    pub part: Part,
}

/// One expectation.
#[derive(Debug)]
pub struct Expectation {
    /// What it is called.
    pub name: String,
    /// What is expected.
    pub wanted: Wanted,
    /// The part of the journal that it is about.
    pub part: Part,
}

/// The part of a journal from some moment on. Nothing given means all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The number of the last request before it.
    pub after: Option<u64>,
    /// The moment that it begins at.
    pub since: Option<Timestamp>,
}

impl Part {
    /// Whether an exchange is in it.
    #[must_use]
    pub fn holds(&self, exchange: &Exchange) -> bool {
        self.after.is_none_or(|after| exchange.number > after) && self.since.is_none_or(|since| exchange.at >= since)
    }

    /// It in words, to follow a number of exchanges.
    #[must_use]
    pub fn words(&self) -> String {
        let after = self.after.map(|after| format!(" after request {after}")).unwrap_or_default();
        let since = self.since.map(|since| format!(" since {}", stamp(since))).unwrap_or_default();
        format!("{after}{since}")
    }
}

/// What is expected.
#[derive(Debug)]
pub enum Wanted {
    /// So many exchanges of a kind.
    Count {
        /// Which.
        which: Pattern,
        /// At least so many.
        least: u64,
        /// At most so many.
        most: Option<u64>,
    },
    /// Exchanges in an order.
    Order {
        /// One after the other.
        steps: Vec<Pattern>,
        /// Whether there may be others between them.
        between: Between,
    },
    /// A refusal was met, and its cause was dealt with.
    Repaired {
        /// Requests of this kind were refused.
        which: Pattern,
        /// With one of these statuses.
        statuses: Vec<u16>,
        /// What of the client's shows that it went on; any success when nothing is named.
        by: Option<Pattern>,
    },
    /// No request of a kind broke the contract.
    NoViolations {
        /// Which.
        which: Pattern,
    },
    /// Every request of a kind met something.
    NoUnmatched {
        /// Which.
        which: Pattern,
    },
}

/// Whether other exchanges may lie between two steps of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// They may.
    Others,
    /// They may not.
    Nothing,
}

/// Keys that say what an expectation is about.
const ABOUT: [&str; 3] = ["operation", "request", "status"];
/// Keys that say how often.
const COUNTS: [&str; 4] = ["exactly", "at_least", "at_most", "never"];
/// Keys that say something else than how often; each stands alone.
const KINDS: [&str; 4] = ["order", "repaired", "no_violations", "no_unmatched"];
/// Keys that any expectation may have.
const COMMON: [&str; 3] = ["name", "after", "since"];

struct Reader<'c> {
    contract: &'c Contract,
    mistakes: Vec<Mistake>,
}

impl Expectations {
    /// Reads `{"expectations": [...]}`, or the list alone. All mistakes come at once, each with its place.
    pub fn new(value: &Value, contract: &Contract) -> Result<Self, Vec<Mistake>> {
        let mut to = Reader { contract, mistakes: Vec::new() };
        let (list, part, at) = match value {
            Value::Array(list) => (list, Part::default(), String::new()),
            Value::Object(object) => {
                to.keys("", object, &["expectations", "after", "since"], "what is verified");
                let part = to.part("", object);
                match object.get("expectations") {
                    Some(Value::Array(list)) => (list, part, "/expectations".to_owned()),
                    Some(_) => return Err(to.and("/expectations", "`expectations` is a list")),
                    None => return Err(to.and("", "`expectations` is missing; write {\"expectations\": [{...}]}")),
                }
            }
            _ => return Err(to.and("", "write {\"expectations\": [{...}]}, or the list alone")),
        };
        if list.is_empty() || list.len() > EXPECTATIONS_MAX {
            return Err(to.and(&at, &format!("there are 1 to {EXPECTATIONS_MAX} expectations")));
        }
        let all =
            list.iter().enumerate().filter_map(|(index, one)| to.expectation(&format!("{at}/{index}"), one, part));
        let all: Vec<Expectation> = all.collect();
        if to.mistakes.is_empty() { Ok(Self { all, part }) } else { Err(to.mistakes) }
    }
}

impl Reader<'_> {
    fn wrong<T>(&mut self, at: &str, message: impl Into<String>) -> Option<T> {
        self.mistakes.push((at.to_owned(), message.into()));
        None
    }

    /// All mistakes, with this last one.
    fn and(mut self, at: &str, message: &str) -> Vec<Mistake> {
        self.mistakes.push((at.to_owned(), message.to_owned()));
        self.mistakes
    }

    /// Tells of keys that there are not.
    fn keys(&mut self, at: &str, object: &Map<String, Value>, known: &[&str], of: &str) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let shown: String = name.chars().take(80).collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it knows {}", known.join(", ")),
            };
            self.wrong::<()>(&format!("{at}/{}{KEY}", escape(name)), format!("{of} has no `{shown}`; {hint}"));
        }
    }

    fn map<'v>(&mut self, at: &str, value: &'v Value, wrong: &str) -> Option<&'v Map<String, Value>> {
        value.as_object().or_else(|| self.wrong(at, wrong))
    }

    fn expectation(&mut self, at: &str, value: &Value, all: Part) -> Option<Expectation> {
        let object =
            self.map(at, value, "an expectation is a map; write one such as {\"operation\": \"list_connections\"}")?;
        let known = [&COMMON[..], &ABOUT[..], &COUNTS[..], &KINDS[..], &["strict"]].concat();
        self.keys(at, object, &known, "an expectation");
        let name = match object.get("name") {
            None => None,
            Some(Value::String(name)) if name.chars().count() <= NAME_CHARS_MAX => Some(name.clone()),
            Some(_) => self.wrong(&format!("{at}/name"), format!("a name is text of at most {NAME_CHARS_MAX} letters")),
        };
        let own = self.part(at, object);
        let part = Part { after: own.after.or(all.after), since: own.since.or(all.since) };
        let wanted = self.wanted(at, object)?;
        let name = name.unwrap_or_else(|| wanted.words());
        Some(Expectation { name, wanted, part })
    }

    fn wanted(&mut self, at: &str, object: &Map<String, Value>) -> Option<Wanted> {
        let given = |names: &[&'static str]| -> Vec<&'static str> {
            names.iter().copied().filter(|name| object.contains_key(*name)).collect()
        };
        let (kinds, counts, about) = (given(&KINDS), given(&COUNTS), given(&ABOUT));
        if let [first, rest @ ..] = kinds.as_slice()
            && let Some(other) = rest.iter().chain(&counts).next()
        {
            let at = format!("{at}/{other}{KEY}");
            return self.wrong(&at, format!("`{other}` stands beside `{first}`; write two expectations"));
        }
        if let (Some(first @ ("order" | "repaired")), Some(other)) = (kinds.first().copied(), about.first()) {
            let at = format!("{at}/{other}{KEY}");
            return self.wrong(&at, format!("`{other}` stands beside `{first}`; write it into `{first}`"));
        }
        if object.contains_key("strict") && kinds.first() != Some(&"order") {
            return self.wrong(&format!("{at}/strict{KEY}"), "`strict` belongs to an `order`");
        }
        match kinds.first().copied() {
            Some("order") => self.order(at, object),
            Some("repaired") => self.repaired(&format!("{at}/repaired"), object.get("repaired")?),
            Some(kind) => {
                if object.get(kind) != Some(&Value::Bool(true)) {
                    return self.wrong(&format!("{at}/{kind}"), format!("`{kind}` is true, or left out"));
                }
                let which = self.about(at, object)?;
                Some(if kind == "no_violations" {
                    Wanted::NoViolations { which }
                } else {
                    Wanted::NoUnmatched { which }
                })
            }
            None if counts.is_empty() && about.is_empty() => {
                let all = [&ABOUT[..], &KINDS[..]].concat().join(", ");
                self.wrong(at, format!("this expects nothing; write one of {all}"))
            }
            None => {
                let which = self.about(at, object);
                let (least, most) = self.counts(at, object, &counts)?;
                Some(Wanted::Count { which: which?, least, most })
            }
        }
    }

    fn counts(&mut self, at: &str, object: &Map<String, Value>, counts: &[&str]) -> Option<(u64, Option<u64>)> {
        if let (true, Some(alone)) = (counts.len() > 1, counts.iter().find(|name| ["exactly", "never"].contains(name)))
        {
            let other = counts.iter().find(|name| *name != alone)?;
            let at = format!("{at}/{other}{KEY}");
            return self.wrong(&at, format!("`{alone}` says how often already; leave `{other}` out"));
        }
        let mut number = |name: &str| -> Option<Option<u64>> {
            let Some(value) = object.get(name) else { return Some(None) };
            match value.as_u64() {
                Some(number) => Some(Some(number)),
                None => self.wrong(&format!("{at}/{name}"), format!("`{name}` is a whole number from 0")),
            }
        };
        let (exactly, least, most) = (number("exactly"), number("at_least"), number("at_most"));
        let (exactly, least, most) = (exactly?, least?, most?);
        match object.get("never") {
            None => {}
            Some(Value::Bool(true)) => return Some((0, Some(0))),
            Some(_) => return self.wrong(&format!("{at}/never"), "`never` is true, or left out"),
        }
        if let Some(exactly) = exactly {
            return Some((exactly, Some(exactly)));
        }
        let (least, most) = (least.unwrap_or(u64::from(most.is_none())), most);
        if most.is_some_and(|most| most < least) {
            return self.wrong(&format!("{at}/at_most"), format!("`at_most` is below `at_least`, which is {least}"));
        }
        Some((least, most))
    }

    fn order(&mut self, at: &str, object: &Map<String, Value>) -> Option<Wanted> {
        let between = match object.get("strict") {
            None | Some(Value::Bool(false)) => Between::Others,
            Some(Value::Bool(true)) => Between::Nothing,
            Some(_) => return self.wrong(&format!("{at}/strict"), "`strict` is true or false"),
        };
        let list = object.get("order").and_then(Value::as_array).filter(|list| (2..=STEPS_MAX).contains(&list.len()));
        let Some(list) = list else {
            let wrong = "an order is a list of 2 to 100 steps such as {\"operation\": \"list_connections\"}";
            return self.wrong(&format!("{at}/order"), wrong);
        };
        let steps: Vec<Option<Pattern>> =
            list.iter().enumerate().map(|(index, step)| self.step(&format!("{at}/order/{index}"), step)).collect();
        Some(Wanted::Order { steps: steps.into_iter().collect::<Option<_>>()?, between })
    }

    fn step(&mut self, at: &str, value: &Value) -> Option<Pattern> {
        let object = self.map(at, value, "this is a map; write one such as {\"operation\": \"list_connections\"}")?;
        self.keys(at, object, &ABOUT, "a step");
        if object.is_empty() {
            return self.wrong(at, format!("this says nothing; write one of {}", ABOUT.join(", ")));
        }
        self.about(at, object)
    }

    fn repaired(&mut self, at: &str, value: &Value) -> Option<Wanted> {
        let object = self.map(at, value, "`repaired` is a map; write {\"operation\": \"repair_connection\"}")?;
        self.keys(at, object, &["operation", "request", "status", "by"], "`repaired`");
        if !object.contains_key("operation") && !object.contains_key("request") {
            return self
                .wrong(at, "this names no requests; write `operation`, such as repair_connection, or `request`");
        }
        let given = object.get("status").map_or_else(
            || REPAIRED.map(Value::from).to_vec(),
            |status| match status {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            },
        );
        let status = |value: &Value| value.as_u64().filter(|status| (400..=499).contains(status)).map(u16::try_from);
        let statuses: Option<Result<Vec<u16>, _>> = given.iter().map(status).collect();
        let Some(Ok(statuses)) = statuses.filter(|list| list.as_ref().is_ok_and(|list| !list.is_empty())) else {
            return self
                .wrong(&format!("{at}/status"), "this is a status from 400 to 499 such as 409, or a list of them");
        };
        let mut about = object.clone();
        about.remove("status");
        let which = self.about(at, &about);
        let by = object.get("by").map(|by| self.step(&format!("{at}/by"), by));
        Some(Wanted::Repaired { which: which?, statuses, by: by.map_or(Some(None), |by| by.map(Some))? })
    }

    /// Which exchanges `operation`, `request` and `status` are about.
    fn about(&mut self, at: &str, object: &Map<String, Value>) -> Option<Pattern> {
        let own: Map<String, Value> = ["operation", "status"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone())))
            .collect();
        let own = self.pattern(at, &Value::Object(own));
        let request = match object.get("request") {
            Some(request) => self.pattern(&format!("{at}/request"), request),
            None => Some(Pattern::default()),
        };
        Some(own?.and(request?))
    }

    fn pattern(&mut self, at: &str, value: &Value) -> Option<Pattern> {
        match Pattern::new(value, self.contract) {
            Ok(pattern) => Some(pattern),
            Err(mistakes) => {
                self.mistakes.extend(mistakes.into_iter().map(|(within, message)| (format!("{at}{within}"), message)));
                None
            }
        }
    }

    /// The part of the journal that is named.
    fn part(&mut self, at: &str, object: &Map<String, Value>) -> Part {
        let mut part = Part::default();
        if let Some(after) = object.get("after") {
            part.after = after.as_u64();
            if part.after.is_none() {
                let message = "`after` is the number of a request, as in X-Mock-Request-Id";
                self.wrong::<()>(&format!("{at}/after"), message);
            }
        }
        if let Some(since) = object.get("since") {
            part.since = since.as_str().and_then(|text| text.parse().ok());
            if part.since.is_none() {
                let message =
                    "`since` is a time such as 2026-01-15T09:00:00Z; the number of a request is said with `after`";
                self.wrong::<()>(&format!("{at}/since"), message);
            }
        }
        part
    }
}

impl Wanted {
    /// What is expected, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Count { which, least, most } => {
                let times = match (least, most) {
                    (0, Some(0)) => "none".to_owned(),
                    (least, Some(most)) if least == most => format!("exactly {least}"),
                    (0, Some(most)) => format!("at most {most}"),
                    (least, Some(most)) => format!("{least} to {most}"),
                    (least, None) => format!("at least {least}"),
                };
                format!("{times} of {}", which.words())
            }
            Self::Order { steps, between } => {
                let steps: Vec<String> = steps.iter().map(Pattern::words).collect();
                let how = if *between == Between::Nothing { "with nothing between" } else { "in this order" };
                format!("{how}: {}", steps.join("; then "))
            }
            Self::Repaired { which, statuses, by } => {
                let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
                let by = by.as_ref().map(|by| format!(" by {}", by.words())).unwrap_or_default();
                format!("{} refused with {}, and repaired{by}", which.words(), statuses.join(" or "))
            }
            Self::NoViolations { which } => format!("no violations in {}", which.words()),
            Self::NoUnmatched { which } => format!("nothing unmatched in {}", which.words()),
        }
    }
}

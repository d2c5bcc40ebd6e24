//! The operations nearest to a request that matches none, each with its differences.

use std::collections::HashMap;
use std::rc::Rc;

use http::Method;

use super::operation::Operation;

/// How many characters of a path are compared; a path can be as long as a request line.
const PATH_CHARS_MAX: usize = 200;

/// How many segments of a path are compared.
const SEGMENTS_MAX: usize = 24;

/// The costs of edits. The cost of replacing one word by another is their distance, from 0 to 1; words that have little
/// in common cost more, because a missing segment is then more likely.
mod cost {
    /// A word is missing in the path, such as `sources`.
    pub(super) const MISSING_WORD: f64 = 0.6;
    /// A value of a path parameter is missing.
    pub(super) const MISSING_VALUE: f64 = 0.3;
    /// A segment that the operation does not have.
    pub(super) const EXTRA: f64 = 1.0;
    /// The same at the beginning, where other APIs have a prefix.
    pub(super) const EXTRA_FIRST: f64 = 0.5;
    /// A usual prefix, such as `api` or `v1`.
    pub(super) const EXTRA_PREFIX: f64 = 0.2;
    /// No word of the operation is in the path.
    pub(super) const NO_WORD: f64 = 2.0;
    /// An extra slash.
    pub(super) const EXTRA_SLASH: f64 = 0.1;
    /// The same word in other letters.
    pub(super) const OTHER_CASE: f64 = 0.05;
    /// A value for a path parameter: operations with the same word are preferred.
    pub(super) const VALUE: f64 = 0.01;
    /// A word for a path parameter. The parameter accepts it, but an id is more likely there.
    pub(super) const WORD_FOR_VALUE: f64 = 0.25;
    /// Another method.
    pub(super) const METHOD: f64 = 0.35;
    /// Another word that begins with the same letters.
    pub(super) const SAME_STEM: f64 = 0.2;
    /// How many letters these are.
    pub(super) const STEM_BYTES_MIN: usize = 4;
    /// From this distance on, two words have little in common.
    pub(super) const FAR: f64 = 0.45;
    /// The factor for them.
    pub(super) const FAR_FACTOR: f64 = 2.0;
}

/// Costs that differ by less are equal.
const EPSILON: f64 = 1e-9;

/// The highest sum of costs at which an operation is suggested.
const SUGGESTED_MAX: f64 = 1.6;

/// An operation that an unmatched request may have been meant for.
#[derive(Clone, Debug)]
pub struct NearMiss<'c> {
    /// The operation.
    pub operation: &'c Operation,
    /// The distance, from 0 (nothing differs) to 1 (nothing in common).
    pub distance: f64,
    /// The differences: in the path from left to right, then in the method.
    pub differences: Vec<NearMissDifference>,
    /// The sum of the costs of the differences.
    score: f64,
}

impl NearMiss<'_> {
    /// Whether the operation is similar enough to be suggested.
    #[must_use]
    pub fn is_suggested(&self) -> bool {
        self.score <= SUGGESTED_MAX
    }
}

/// One difference between a request and an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMissDifference {
    /// The compared part: `path` or `method`.
    pub what: String,
    /// The operation's value, if it has one there.
    pub expected: Option<String>,
    /// The request's value, if it has one there.
    pub found: Option<String>,
    /// The difference as a sentence.
    pub message: String,
}

/// The operations nearest to a method (`None` for any) and a path, nearest first; at most `count` of them.
#[must_use]
pub fn nearest_operations<'c>(
    operations: &'c [Operation],
    method: Option<&Method>,
    path: &str,
    count: usize,
) -> Vec<NearMiss<'c>> {
    let path: String = path.chars().take(PATH_CHARS_MAX).collect();
    // A GET operation handles HEAD too.
    let method = method.map(|method| if method == Method::HEAD { &Method::GET } else { method });
    let mut aligner = Aligner::new(&path);
    let mut all: Vec<(f64, &Operation)> = Vec::with_capacity(operations.len());
    // The operations of a path follow each other.
    let mut last = ("", 0.0);
    for operation in operations {
        if last.0 != operation.path {
            last = (&operation.path, aligner.align(&operation.path).cost());
        }
        let other_method = method.is_some_and(|sent| *sent != operation.method);
        all.push((if other_method { last.1 + cost::METHOD } else { last.1 }, operation));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.index.cmp(&b.1.index)));
    all.truncate(count);
    // Only these are described.
    all.into_iter()
        .map(|(score, operation)| describe(operation, method, score, &aligner.align(&operation.path)))
        .collect()
}

fn describe<'c>(
    operation: &'c Operation,
    method: Option<&Method>,
    score: f64,
    alignment: &Alignment<'_>,
) -> NearMiss<'c> {
    let edits = alignment.edits.iter();
    let mut differences: Vec<NearMissDifference> =
        edits.map(|edit| describe_edit(edit.at, edit.given, edit.expected)).collect();
    if let Some(sent) = method.filter(|sent| **sent != operation.method) {
        differences.push(NearMissDifference {
            what: "method".to_owned(),
            expected: Some(operation.method.to_string()),
            found: Some(sent.to_string()),
            message: format!("the method is {sent}, but the operation expects {}", operation.method),
        });
    }
    // Monotonic, 0 for no difference, and below 1.
    let distance = if differences.is_empty() { 0.0 } else { score / (score + 2.0) };
    NearMiss { operation, distance, differences, score }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// True when a segment looks like the name of a collection; ids contain digits or punctuation.
fn is_word(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_parameter(expected: &str) -> bool {
    expected.starts_with('{')
}

/// Whether a segment is a usual prefix of an API: `api`, `rest`, `v2`.
fn is_prefix(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let is_version =
        lower.strip_prefix('v').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    ["api", "rest", "leadconduit"].contains(&lower.as_str()) || is_version
}

/// The cost of a segment of the request that the operation does not have; `row` counts from 1.
fn deletion_cost(given: &str, row: usize) -> f64 {
    match given {
        "" => cost::EXTRA_SLASH,
        prefix if is_prefix(prefix) => cost::EXTRA_PREFIX,
        _ if row == 1 => cost::EXTRA_FIRST,
        _ => cost::EXTRA,
    }
}

fn insertion_cost(expected: &str) -> f64 {
    if is_parameter(expected) { cost::MISSING_VALUE } else { cost::MISSING_WORD }
}

/// How often each letter occurs in a word. Other characters count as one letter.
#[derive(Clone, Copy, Debug)]
struct Letters([u8; 32]);

impl Letters {
    fn of(word: &str) -> Self {
        let mut counts = [0_u8; 32];
        for letter in word.bytes().map(|byte| byte.to_ascii_lowercase()) {
            let index = if letter.is_ascii_lowercase() { letter - b'a' } else { 31 };
            let count = &mut counts[usize::from(index)];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// How many letters two words have in common, wherever they are.
    fn common(&self, other: &Self) -> usize {
        self.0.iter().zip(&other.0).map(|(a, b)| usize::from(*a.min(b))).sum()
    }
}

/// A segment of the request's path, and what every comparison needs of it.
#[derive(Debug)]
struct Segment<'p> {
    text: &'p str,
    lower_case: String,
    letters: Letters,
    chars: usize,
    deletion_cost: f64,
}

impl<'p> Segment<'p> {
    /// `row` counts from 1.
    fn new(text: &'p str, row: usize) -> Self {
        let (lower_case, letters) = (text.to_ascii_lowercase(), Letters::of(text));
        Self { text, lower_case, letters, chars: text.chars().count(), deletion_cost: deletion_cost(text, row) }
    }

    /// The cost of this segment in the place of one of the operation.
    fn substitution_cost(&self, expected: &str, letters: &Letters) -> f64 {
        if is_parameter(expected) {
            return match self.text {
                "" => cost::EXTRA,
                word if is_word(word) => cost::VALUE + cost::WORD_FOR_VALUE,
                _ => cost::VALUE,
            };
        }
        if self.text == expected {
            return 0.0;
        }
        if self.text.eq_ignore_ascii_case(expected) {
            return cost::OTHER_CASE;
        }
        // An abbreviation or another form of the word: `statistics` for `stats`.
        let same = self.lower_case.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
        let has_same_stem = same >= cost::STEM_BYTES_MIN;
        if !has_same_stem {
            // Each letter that they do not have in common is an edit. Where that costs more than to remove the one word
            // and to add the other, the exact distance does not matter.
            let longer = self.chars.max(expected.chars().count());
            let least = ratio(longer.saturating_sub(self.letters.common(letters)), longer);
            if least >= cost::FAR && least * cost::FAR_FACTOR > self.deletion_cost + insertion_cost(expected) + EPSILON
            {
                return least * cost::FAR_FACTOR;
            }
        }
        let distance = 1.0 - strsim::normalized_damerau_levenshtein(&self.lower_case, expected);
        match distance {
            _ if has_same_stem => distance.min(cost::SAME_STEM),
            far if far >= cost::FAR => far * cost::FAR_FACTOR,
            near => near,
        }
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    // A path has few characters.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let ratio = part as f64 / whole.max(1) as f64;
    ratio
}

/// The cheapest alignment of a path with a path template.
#[derive(Debug)]
struct Alignment<'p> {
    /// The sum of the costs of the edits.
    edits_cost: f64,
    edits: Vec<Edit<'p>>,
    /// Whether the path has a word of the template, or a similar one.
    has_word: bool,
}

/// An edit at a segment of the request's path, counted from 1; an insertion is after that segment.
#[derive(Clone, Copy, Debug)]
struct Edit<'p> {
    at: usize,
    given: Option<&'p str>,
    expected: Option<&'p str>,
}

impl Alignment<'_> {
    fn cost(&self) -> f64 {
        // Any value fits in the place of a parameter.
        if self.has_word { self.edits_cost } else { self.edits_cost + cost::NO_WORD }
    }
}

/// Aligns one path with many path templates, which have most of their words in common: each word is compared once.
#[derive(Debug)]
struct Aligner<'p> {
    given: Vec<Segment<'p>>,
    /// For each word of the templates: the cost of each segment in its place.
    substitution_costs: HashMap<&'p str, Rc<[f64]>>,
}

impl<'p> Aligner<'p> {
    fn new(path: &'p str) -> Self {
        let given = segments(path).take(SEGMENTS_MAX).zip(1..).map(|(text, row)| Segment::new(text, row)).collect();
        Self { given, substitution_costs: HashMap::new() }
    }

    fn substitution_costs(&mut self, expected: &'p str) -> Rc<[f64]> {
        let costs = self.substitution_costs.entry(expected).or_insert_with(|| {
            let letters = Letters::of(expected);
            self.given.iter().map(|segment| segment.substitution_cost(expected, &letters)).collect()
        });
        Rc::clone(costs)
    }

    /// The cheapest edits that turn the path into a template.
    fn align(&mut self, template: &'p str) -> Alignment<'p> {
        let expected: Vec<&str> = segments(template).collect();
        let substitutions: Vec<Rc<[f64]>> = expected.iter().map(|word| self.substitution_costs(word)).collect();
        let (given, columns) = (&self.given, expected.len() + 1);
        let substitution_cost = |row: usize, column: usize| substitutions[column - 1][row - 1];
        // Row by row, in one list.
        let mut costs = vec![0.0_f64; (given.len() + 1) * columns];
        for row in 0..=given.len() {
            for column in 0..columns {
                let here = row * columns + column;
                let substitution =
                    (row > 0 && column > 0).then(|| costs[here - columns - 1] + substitution_cost(row, column));
                let deletion = (row > 0).then(|| costs[here - columns] + given[row - 1].deletion_cost);
                let insertion = (column > 0).then(|| costs[here - 1] + insertion_cost(expected[column - 1]));
                let best = [substitution, deletion, insertion].into_iter().flatten().min_by(f64::total_cmp);
                costs[here] = best.unwrap_or(0.0);
            }
        }
        let (mut edits, mut has_word) = (Vec::new(), false);
        let (mut row, mut column) = (given.len(), expected.len());
        while row > 0 || column > 0 {
            let here = row * columns + column;
            let is = |other: f64| (costs[here] - other).abs() < EPSILON;
            if column > 0 && is(costs[here - 1] + insertion_cost(expected[column - 1])) {
                // Of equal alignments, the one in which the beginning of the path matches is easier to understand.
                edits.push(Edit { at: row, given: None, expected: Some(expected[column - 1]) });
                column -= 1;
            } else if row > 0 && column > 0 && is(costs[here - columns - 1] + substitution_cost(row, column)) {
                let (sent, word) = (given[row - 1].text, expected[column - 1]);
                has_word |= !is_parameter(word) && substitution_cost(row, column) < cost::FAR;
                if (!is_parameter(word) && sent != word) || sent.is_empty() {
                    edits.push(Edit { at: row, given: Some(sent), expected: Some(word) });
                }
                (row, column) = (row - 1, column - 1);
            } else if row > 0 {
                edits.push(Edit { at: row, given: Some(given[row - 1].text), expected: None });
                row -= 1;
            } else {
                column -= 1;
            }
        }
        edits.reverse();
        Alignment { edits_cost: costs[costs.len() - 1], edits, has_word }
    }
}

/// Describes the edit at a segment of the request's path, counted from 1; an insertion is after that segment.
fn describe_edit(at: usize, given: Option<&str>, expected: Option<&str>) -> NearMissDifference {
    let message = match (given, expected) {
        (Some(""), Some(expected)) => {
            format!("segment {at} of the path is empty, but the operation has `{expected}` there")
        }
        (Some(given), Some(expected)) => {
            format!("segment {at} of the path is `{given}`, but the operation has `{expected}` there")
        }
        (Some(""), None) => format!("segment {at} of the path is empty: remove the extra slash"),
        (Some(given), None) => format!("segment {at} of the path, `{given}`, is not in the path of the operation"),
        (None, expected) => {
            let expected = expected.unwrap_or_default();
            match at {
                0 => format!("`{expected}` is missing at the beginning of the path"),
                _ => format!("`{expected}` is missing after segment {at} of the path"),
            }
        }
    };
    NearMissDifference {
        what: "path".to_owned(),
        expected: expected.map(str::to_owned),
        found: given.map(str::to_owned),
        message,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::contract::Contract;

    proptest! {
        /// Words of few letters, so that they have much in common.
        #[test]
        fn a_cost_is_exact_where_it_matters(given in "[abcsABé_]{0,8}", expected in "[abcs_]{1,8}", row in 1_usize..3) {
            let segment = Segment::new(&given, row);
            let cost = segment.substitution_cost(&expected, &Letters::of(&expected));
            let distance = 1.0 - strsim::normalized_damerau_levenshtein(&given.to_ascii_lowercase(), &expected);
            let same = given.to_ascii_lowercase().bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
            let exact = match distance {
                _ if given == expected => 0.0,
                _ if given.eq_ignore_ascii_case(&expected) => cost::OTHER_CASE,
                _ if same >= cost::STEM_BYTES_MIN => distance.min(cost::SAME_STEM),
                _ if distance >= cost::FAR => distance * cost::FAR_FACTOR,
                _ => distance,
            };
            let others = segment.deletion_cost + insertion_cost(&expected);
            let is_exact = (cost - exact).abs() < EPSILON;
            prop_assert!(is_exact || (cost > others && exact >= cost - EPSILON), "{cost} {exact} {others}");
        }
    }

    #[test]
    fn mistakes_in_paths_lead_to_the_operation_that_was_meant() {
        let contract = Contract::built_in().unwrap();
        let id = "64b8f0f5e4b0c3a1d5e6f7ab";
        let rows = [
            ("GET", "/conections", "list_connections"),
            ("GET", "/connection", "list_connections"),
            ("GET", "/v1/connections", "list_connections"),
            ("GET", "/api/connections", "list_connections"),
            ("GET", "/api/v2/connections", "list_connections"),
            ("GET", "/leadconduit/connections", "list_connections"),
            ("GET", "/connections/", "list_connections"),
            ("GET", "//connections", "list_connections"),
            ("GET", "/Connections", "list_connections"),
            ("GET", "/API/v1/Connections/", "list_connections"),
            ("HEAD", "/conections", "list_connections"),
            ("POST", "/v1/connections", "repair_connection"),
            ("GET", "/connection/5d9a4c421d011c553e000001", "get_connection"),
            ("GET", "/connections//5d9a4c421d011c553e000001", "get_connection"),
            ("GET", "/v1/flows/FLOW", "get_flow"),
            ("GET", "/flow/FLOW/", "get_flow"),
            ("POST", "/flows/FLOW/submit", "submit_lead"),
            ("GET", "/flows/FLOW/submit", "submit_lead_get"),
            ("POST", "/flows/FLOW/sources/submit", "submit_lead"),
            ("POST", "/flows/FLOW/source/5d9a4b10940df5a34a3888c1/submit", "submit_lead"),
            ("POST", "/flow/FLOW/sources/5d9a4b10940df5a34a3888c1/submit/", "submit_lead"),
            ("POST", "/api/flows/FLOW/sources/5d9a4b10940df5a34a3888c1/ping", "ping_lead"),
            ("POST", "/flows/FLOW/deploys", "deploy_flow"),
            ("POST", "/account-sso-sync", "account_sso_sync"),
            ("GET", "/event", "list_events"),
            ("GET", "/leads", "search_leads"),
            ("GET", "/events/statistics", "get_event_statistics"),
            ("DELETE", "/credential/5ff33b53940df5a34a388801", "delete_credential"),
        ];
        for (method, path, expected) in rows {
            let path = path.replace("FLOW", id);
            let near = nearest_operations(&contract.operations, Some(&method.parse().unwrap()), &path, 3);
            let found: Vec<_> = near.iter().map(|one| (one.operation.id.as_str(), one.score)).collect();
            assert!(found[0].0 == expected && near[0].is_suggested(), "{method} {path}: {found:?}");
            assert!(!near[0].differences.is_empty() && near[0].distance > 0.0, "{method} {path}");
        }
        for path in ["/", "/wp-login.php", "/.env", "/x/y/z", "/zzzzzzzz"] {
            let near = nearest_operations(&contract.operations, Some(&Method::GET), path, 1);
            assert!(!near[0].is_suggested(), "{path}: {} {}", near[0].operation.id, near[0].score);
        }
    }
}

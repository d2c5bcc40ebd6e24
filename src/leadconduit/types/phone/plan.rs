//! The numbering plans: which numbers exist under a calling code, and how they are split. The build script writes them
//! from the metadata of libphonenumber; a plan is read when a number needs it.

use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

/// One line for each calling code: the code, a tab, and its regions as JSON.
static PLANS: &str = include_str!(concat!(env!("OUT_DIR"), "/numbering-plans.tsv"));

/// Calling codes have three digits at most.
const CODES: usize = 1000;

/// The calling code of Argentina, whose mobile numbers have a 9 before the area code.
const ARGENTINA: u16 = 54;

/// How the length of a number compares with those of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Possible,
    /// Only within an area.
    Local,
    TooShort,
    TooLong,
    /// Between possible lengths.
    Invalid,
}

/// The regions under a calling code, the main one first.
#[derive(Debug)]
pub(super) struct Plan {
    code: u16,
    regions: Vec<Region>,
}

/// The plan of codes that do not exist.
static NO_PLAN: Plan = Plan { code: 0, regions: Vec::new() };

/// A pattern that is compiled on first use.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}

impl Pattern {
    /// The compiled pattern, at the beginning of a text, up to its end if `is_whole`. A pattern is used in one way only.
    fn compiled(&self, is_whole: bool) -> Option<&Regex> {
        let end = if is_whole { "$" } else { "" };
        self.compiled.get_or_init(|| Regex::new(&format!("^(?-u:(?:{}){end})", self.text)).ok()).as_ref()
    }

    fn matches(&self, number: &str) -> bool {
        self.compiled(true).is_some_and(|pattern| pattern.is_match(number))
    }
}

/// The numbers of one kind, such as mobile numbers.
#[derive(Debug, Deserialize)]
struct Kind(Pattern, Vec<usize>, Vec<usize>);

impl Kind {
    fn matches(&self, number: &str) -> bool {
        let Self(pattern, lengths, _) = self;
        (lengths.is_empty() || lengths.contains(&number.len())) && pattern.matches(number)
    }
}

/// A text with the groups of a pattern in it, each written as `${1}`, so that digits can follow.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
struct Template(String);

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self(braced(&text))
    }
}

/// A format: the numbers that it is for, the digits that they begin with, and the groups.
#[derive(Debug, Deserialize)]
struct Format(Pattern, Option<Pattern>, Template);

/// The plan of a region.
#[derive(Debug, Deserialize)]
pub(super) struct Region {
    id: String,
    /// The digits that tell the region from others with its code.
    leading: Option<Pattern>,
    /// What is dialled before a national number.
    prefix: Option<Pattern>,
    /// What replaces the prefix.
    rule: Option<Template>,
    general: Pattern,
    kinds: Vec<Kind>,
    /// The position of mobile numbers in `kinds`.
    mobile: Option<usize>,
    formats: Vec<Format>,
}

/// The plans that were read, by calling code. Threads share them without a lock: every phone number reads one.
static READ: [OnceLock<Plan>; CODES] = [const { OnceLock::new() }; CODES];

/// True if there is a calling code.
pub(super) fn exists(code: u16) -> bool {
    line(code).is_some()
}

fn line(code: u16) -> Option<&'static str> {
    let start = format!("{code}\t");
    PLANS.lines().find_map(|line| line.strip_prefix(&*start))
}

/// The plan of a calling code; an empty one if there is no such code.
pub(super) fn of(code: u16) -> &'static Plan {
    let Some(read) = READ.get(usize::from(code)) else { return &NO_PLAN };
    read.get_or_init(|| {
        // A test reads every line, so that the default is for missing codes.
        let regions = line(code).and_then(|line| serde_json::from_str(line).ok());
        Plan { code, regions: regions.unwrap_or_default() }
    })
}

impl Plan {
    /// The name of the main region: two letters, or `001` for codes of no country.
    pub(super) fn main_region(&self) -> &str {
        self.regions.first().map_or("ZZ", |region| &region.id)
    }

    pub(super) fn main(&self) -> Option<&Region> {
        self.regions.first()
    }

    /// True if a region has such a number.
    pub(super) fn is_valid(&self, number: &str) -> bool {
        if let [region] = self.regions.as_slice() {
            return region.has(number);
        }
        for region in &self.regions {
            match &region.leading {
                Some(leading) if leading.compiled(false).is_some_and(|leading| leading.is_match(number)) => {
                    return region.has(number);
                }
                None if region.has(number) => return true,
                _ => {}
            }
        }
        false
    }

    /// The length of the area code: that of the first group of an international format, if there is another group.
    pub(super) fn area_length(&self, number: &str) -> usize {
        let groups = self.main().map(|region| region.groups(number)).unwrap_or_default();
        match groups.as_slice() {
            [_, second, ..] if self.code == ARGENTINA && self.main().is_some_and(|it| it.is_mobile(number)) => {
                second + 1
            }
            [first, _, ..] => *first,
            _ => 0,
        }
    }
}

impl Region {
    fn has(&self, number: &str) -> bool {
        self.is_general(number) && self.kinds.iter().any(|kind| kind.matches(number))
    }

    /// True if a number looks like one of the region.
    pub(super) fn is_general(&self, number: &str) -> bool {
        self.general.matches(number)
    }

    fn is_mobile(&self, number: &str) -> bool {
        let first = self.kinds.iter().position(|kind| kind.matches(number));
        self.is_general(number) && first.is_some() && first == self.mobile
    }

    /// How the length of a number compares with those of all kinds.
    pub(super) fn length(&self, number: &str) -> Length {
        let length = number.len();
        let lengths = || self.kinds.iter().flat_map(|Kind(_, lengths, _)| lengths.iter().copied());
        let is_possible = lengths().any(|possible| possible == length);
        let is_local = self.kinds.iter().any(|Kind(_, _, local)| local.contains(&length));
        let shortest = lengths().min().unwrap_or_default();
        match () {
            () if is_possible => Length::Possible,
            () if is_local => Length::Local,
            () if length < shortest => Length::TooShort,
            () if lengths().all(|possible| possible < length) => Length::TooLong,
            () => Length::Invalid,
        }
    }

    /// Removes what is dialled before a national number, or replaces it. `None` if there is nothing to remove, or if
    /// only the whole text is a number.
    pub(super) fn without_prefix(&self, number: &str) -> Option<String> {
        let found = self.prefix.as_ref()?.compiled(false)?.captures(number)?;
        let whole = found.get(0)?;
        let last = found.get(found.len() - 1).map_or("", |group| group.as_str());
        let rest = &number[whole.end()..];
        let stripped = match &self.rule {
            Some(Template(rule)) if !rule.is_empty() && !last.is_empty() => {
                let mut replaced = String::new();
                found.expand(rule, &mut replaced);
                replaced + rest
            }
            _ => rest.to_owned(),
        };
        (!self.is_general(number) || self.is_general(&stripped)).then_some(stripped)
    }

    /// The lengths of the groups of digits in which a number is written.
    fn groups(&self, number: &str) -> Vec<usize> {
        let is_format = |Format(pattern, leading, _): &&Format| {
            let starts = leading
                .as_ref()
                .is_none_or(|leading| leading.compiled(false).is_some_and(|leading| leading.is_match(number)));
            starts && pattern.matches(number)
        };
        let Some(Format(pattern, _, Template(format))) = self.formats.iter().find(is_format) else {
            return vec![number.len()];
        };
        let Some(found) = pattern.compiled(true).and_then(|pattern| pattern.captures(number)) else {
            return vec![number.len()];
        };
        let mut written = String::new();
        found.expand(format, &mut written);
        let groups = written.split(|c: char| !c.is_ascii_digit());
        groups.map(str::len).filter(|length| *length > 0).collect()
    }
}

/// Writes `$1` as `${1}`, so that digits can follow.
fn braced(template: &str) -> String {
    let mut braced = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        braced.push(c);
        if c == '$'
            && let Some(digit) = chars.next_if(char::is_ascii_digit)
        {
            braced.extend(['{', digit, '}']);
        }
    }
    braced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_can_be_read() {
        let mut count = 0;
        for line in PLANS.lines() {
            let (code, _) = line.split_once('\t').unwrap();
            let plan = of(code.parse().unwrap());
            assert!(!plan.regions.is_empty(), "{code}");
            for region in &plan.regions {
                assert!(region.general.compiled(true).is_some(), "{code}");
                for Kind(pattern, ..) in &region.kinds {
                    assert!(pattern.compiled(true).is_some(), "{}", region.id);
                }
                for Format(pattern, leading, _) in &region.formats {
                    assert!(pattern.compiled(true).is_some(), "{}", region.id);
                    assert!(leading.as_ref().is_none_or(|leading| leading.compiled(false).is_some()), "{}", region.id);
                }
                for part in region.prefix.iter().chain(&region.leading) {
                    assert!(part.compiled(false).is_some(), "{}", region.id);
                }
            }
            count += 1;
        }
        assert!(count > 200);
        assert!(exists(1) && exists(44) && !exists(2) && of(2).regions.is_empty());
    }
}

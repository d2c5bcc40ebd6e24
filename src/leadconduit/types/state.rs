//! `state`: the states and territories of the United States and the provinces of Canada. Any other text is valid too,
//! as a state of another country.

use super::{Parsed, js};

/// Codes and names, sorted by code. Four names end with their code, as in LeadConduit's own table.
const STATES: [(&str, &str); 72] = [
    ("AB", "Alberta"),
    ("AK", "Alaska"),
    ("AL", "Alabama"),
    ("AR", "Arkansas"),
    ("AS", "American Samoa"),
    ("AZ", "Arizona"),
    ("BC", "British Columbia"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DC", "District of Columbia"),
    ("DE", "Delaware"),
    ("FL", "Florida"),
    ("FM", "Federated States of Micronesia FM"),
    ("GA", "Georgia"),
    ("GU", "Guam"),
    ("HI", "Hawaii"),
    ("IA", "Iowa"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("MA", "Massachusetts"),
    ("MB", "Manitoba"),
    ("MD", "Maryland"),
    ("ME", "Maine"),
    ("MH", "Marshall Islands"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MO", "Missouri"),
    ("MP", "Northern Mariana Islands"),
    ("MS", "Mississippi"),
    ("MT", "Montana"),
    ("NB", "New Brunswick"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("NE", "Nebraska"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NL", "Newfoundland and Labrador"),
    ("NM", "New Mexico"),
    ("NS", "Nova Scotia"),
    ("NT", "Northwest Territories NT"),
    ("NU", "Nunavut NU"),
    ("NV", "Nevada"),
    ("NY", "New York"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("ON", "Ontario"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("PE", "Prince Edward Island"),
    ("PR", "Puerto Rico"),
    ("PW", "Palau"),
    ("QC", "Quebec"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("SK", "Saskatchewan"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VA", "Virginia"),
    ("VI", "U.S. Virgin Islands"),
    ("VT", "Vermont"),
    ("WA", "Washington"),
    ("WI", "Wisconsin"),
    ("WV", "West Virginia"),
    ("WY", "Wyoming"),
    ("YT", "Yukon YT"),
];

/// Parses a code in any case, or a name whose words are written with a capital letter first. White space around it
/// counts. Names with other capitals than that, such as District of Columbia, and those that end with their code are
/// found by code only, as in LeadConduit's own table.
pub(super) fn parse(text: &str) -> Parsed {
    let found = if js::length(text) == 2 {
        let code = text.to_uppercase();
        STATES.binary_search_by(|(known, _)| (*known).cmp(&code)).ok().map(|index| &STATES[index])
    } else {
        let words: Vec<String> = text.split(' ').map(capitalize).collect();
        let name = words.join(" ");
        STATES.iter().find(|(_, known)| *known == name)
    };
    match found {
        Some((code, name)) => Parsed::new(*code).with("name", *name),
        None => Parsed::new(text).with("name", text),
    }
}

/// A word with its first letter in upper case and the rest in lower case.
fn capitalize(word: &str) -> String {
    let lower = word.to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters.as_str().chars()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_sorted_by_code() {
        assert!(STATES.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}

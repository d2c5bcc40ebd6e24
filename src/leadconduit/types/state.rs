//! `state`: the states and territories of the United States and the provinces of Canada. Any other text is valid too,
//! as a state of another country.

use super::Parsed;

/// Codes and names. Four names end with their code, as in LeadConduit's own table.
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

/// Parses a code or a name in any case.
pub(super) fn parse(text: &str) -> Parsed {
    let is_match = |(code, name): &&(&str, &str)| {
        // The short name is the beginning of the name, so that few have to be compared completely.
        let may_be_name = || name.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
        let short = || name.strip_suffix(code).unwrap_or(name).trim_end();
        text.eq_ignore_ascii_case(code) || may_be_name() && (text.len() == name.len() || text.len() == short().len())
    };
    match STATES.iter().find(is_match) {
        Some((code, name)) => Parsed::new(*code).with("name", *name),
        None => Parsed::new(text).with("name", text),
    }
}

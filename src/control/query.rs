//! The query of a control call. Unknown and repeated parameters are errors.

use super::body;
use super::call::ControlCall;
use crate::contract::problem::Problem;
use contract_files::yaml::valid_words_hint;

/// The query's parameters; each occurs at most once.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Parses the query of a call that takes these parameters.
    pub(super) fn parse(call: &ControlCall<'_>, known: &[&str]) -> Result<Self, Problem> {
        let text = call.request.query().unwrap_or_default();
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let shown: String = name.chars().take(80).collect();
            if !known.contains(&&*name) {
                let hint = valid_words_hint(&name, known);
                return Err(body::bad_request(&format!("unknown query parameter `{shown}`; {hint}")));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(body::bad_request(&format!("the query parameter `{shown}` may be given once")));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter as text.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter as a `T`. `expected` completes the error message "write ...".
    pub(super) fn value<T: std::str::FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let shown: String = text.chars().take(80).collect();
        text.parse()
            .map(Some)
            .map_err(|_| body::bad_request(&format!("`{name}={shown}` is not valid; write {expected}")))
    }
}

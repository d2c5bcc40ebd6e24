//! The query of a control call. A name that the call does not know is a mistake, not a whim.

use super::{Call, body};
use crate::contract::problem::Problem;
use contract_files::yaml::nearest;

/// The query's parameters, each given once at most.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The query of a call that knows these parameters.
    pub(super) fn read(call: &Call<'_>, known: &[&str]) -> Result<Self, Problem> {
        let text = call.request.query().unwrap_or_default();
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let shown: String = name.chars().take(80).collect();
            if !known.contains(&&*name) {
                let hint = match nearest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it knows {}", known.join(", ")),
                };
                return Err(body::refused(&format!("the call has no query parameter `{shown}`; {hint}")));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(body::refused(&format!("`{shown}` may be given once")));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter as a `T`; `wanted` says what to write.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str, wanted: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let shown: String = text.chars().take(80).collect();
        text.parse()
            .map(Some)
            .map_err(|_| body::refused(&format!("`{name}={shown}` is not understood: write {wanted}")))
    }
}

//! Parsing of JSON text with a limit on the number of values: parsed, a value takes up to 80 bytes, its text as few as 2.

use serde_json::Value;

use super::json_syntax::{JsonSyntaxError, OutsideStrings};

/// The most values of a text.
pub(crate) const VALUES_MAX: usize = 100_000;

/// Why a text is not parsed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonTextError {
    /// It is not JSON.
    #[error(transparent)]
    Syntax(#[from] JsonSyntaxError),
    /// It has too many values.
    #[error("it has more than {VALUES_MAX} values")]
    Values,
}

/// Parses a JSON text.
///
/// # Errors
///
/// It is not JSON, or has more than [`VALUES_MAX`] values.
pub(crate) fn parse(text: &[u8]) -> Result<Value, JsonTextError> {
    if count_values(text) > VALUES_MAX {
        return Err(JsonTextError::Values);
    }
    serde_json::from_slice(text).map_err(|error| JsonSyntaxError::new(text, &error).into())
}

/// An upper bound of the values in a JSON text, members and items of every depth included. It is exact for valid JSON,
/// except that empty arrays and objects count twice.
#[must_use]
pub(crate) fn count_values(text: &[u8]) -> usize {
    1 + OutsideStrings::new(text).filter(|byte| matches!(byte, b',' | b'[' | b'{')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_at_every_depth() {
        let many = format!("[{}0]", "0,".repeat(VALUES_MAX));
        assert!(matches!(parse(many.as_bytes()), Err(JsonTextError::Values)));
        assert_eq!(parse(b"[1]").unwrap(), serde_json::json!([1]));
        let rows = [
            ("1", 1),
            ("\"a,b[{\"", 1),
            (r#""quote \" , \\""#, 1),
            ("[1,2,3]", 4),
            (r#"{"a": 1, "b": {"c": [true, "x,y"]}}"#, 6),
            ("[[],[]]", 5),
            ("", 1),
        ];
        for (text, count) in rows {
            assert_eq!(count_values(text.as_bytes()), count, "{text}");
        }
    }
}

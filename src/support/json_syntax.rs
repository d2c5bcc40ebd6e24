//! What is wrong in a text that is not JSON, with its position and what to write instead.

use serde_json::error::Category;

/// Why a text is not JSON. `line` and `column` begin at 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub(crate) struct JsonSyntaxError {
    line: usize,
    column: usize,
    problem: Problem,
}

/// What is wrong, and what to write.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the text ends inside a string; close it with `\"`")]
    OpenString,
    #[error("the text ends inside {0}; close it with `{1}`")]
    Open(&'static str, char),
    #[error(
        "the text ends where a value must follow; write text in double quotes, a number, true, false, null, [...] or {{...}}"
    )]
    MissingValue,
    #[error("`{0}` begins no value; write text in double quotes, a number, true, false, null, [...] or {{...}}")]
    NoValue(char),
    #[error("a name must be text in double quotes")]
    Name,
    #[error("a `,` must be followed by a value; remove it")]
    TrailingComma,
    #[error("`{0}` cannot follow here; write {1}")]
    Expected(char, &'static str),
    #[error("a string contains a line break or another control character; write it as an escape such as `\\n`")]
    ControlCharacter,
    #[error("text follows the value; send one value only")]
    TrailingText,
    #[error("{0}")]
    Other(String),
}

impl JsonSyntaxError {
    /// The error of the parser for a text.
    pub(crate) fn new(text: &[u8], error: &serde_json::Error) -> Self {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let found = char_at(text, line, column);
        let problem = match (error.classify(), found) {
            (Category::Eof, _) => unfinished(text),
            (_, Some(found)) if message == "expected value" => Problem::NoValue(found),
            (_, Some(found)) if message == "expected `:`" => Problem::Expected(found, "`:` and a value after the name"),
            (_, Some(found)) if message == "expected `,` or `}`" => Problem::Expected(found, "`,` or `}`"),
            (_, Some(found)) if message == "expected `,` or `]`" => Problem::Expected(found, "`,` or `]`"),
            _ if message == "key must be a string" => Problem::Name,
            _ if message == "trailing comma" => Problem::TrailingComma,
            _ if message.starts_with("control character") => Problem::ControlCharacter,
            _ if message == "trailing characters" => Problem::TrailingText,
            _ => Problem::Other(message.to_owned()),
        };
        Self { line, column, problem }
    }
}

/// The character at a position, in bytes of its line.
fn char_at(text: &[u8], line: usize, column: usize) -> Option<char> {
    let line = text.split(|byte| *byte == b'\n').nth(line - 1)?;
    String::from_utf8_lossy(line.get(column - 1..)?).chars().next()
}

/// The bytes of a JSON text that are not inside of strings. The quote that begins a string is one of them.
pub(super) struct OutsideStrings<'a> {
    bytes: std::slice::Iter<'a, u8>,
    is_in_string: bool,
}

impl<'a> OutsideStrings<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { bytes: text.iter(), is_in_string: false }
    }
}

impl Iterator for OutsideStrings<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        while self.is_in_string {
            match self.bytes.next()? {
                b'\\' => _ = self.bytes.next(),
                b'"' => self.is_in_string = false,
                _ => {}
            }
        }
        let byte = *self.bytes.next()?;
        self.is_in_string = byte == b'"';
        Some(byte)
    }
}

/// What is open where a text ends too early.
fn unfinished(text: &[u8]) -> Problem {
    let mut open = Vec::new();
    let mut bytes = OutsideStrings::new(text);
    for byte in bytes.by_ref() {
        match byte {
            b'{' | b'[' => open.push(byte),
            b'}' | b']' => _ = open.pop(),
            _ => {}
        }
    }
    match open.last() {
        _ if bytes.is_in_string => Problem::OpenString,
        _ if text.trim_ascii_end().ends_with(b":") => Problem::MissingValue,
        Some(b'{') => Problem::Open("an object", '}'),
        Some(_) => Problem::Open("a list", ']'),
        None => Problem::MissingValue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_where_and_what_to_write() {
        for (text, expected) in [
            ("{\"a\": \"x", "line 1, column 8: the text ends inside a string; close it with `\"`"),
            ("{\"a\": 1", "line 1, column 7: the text ends inside an object; close it with `}`"),
            ("{\"a\": [1,\n 2", "line 2, column 2: the text ends inside a list; close it with `]`"),
            ("{\"a\":", "line 1, column 5: the text ends where a value must follow; write text in double quotes"),
            ("{\n  \"a\": yes\n}", "line 2, column 8: `y` begins no value; write text in double quotes"),
            ("{'a': 1}", "line 1, column 2: a name must be text in double quotes"),
            ("{\"a\": 'x'}", "line 1, column 7: `'` begins no value"),
            ("{\"a\": 1,}", "line 1, column 9: a `,` must be followed by a value; remove it"),
            ("{\"a\" 1}", "line 1, column 6: `1` cannot follow here; write `:` and a value after the name"),
            ("{\"a\": 1 \"b\": 2}", "line 1, column 9: `\"` cannot follow here; write `,` or `}`"),
            ("[1 2]", "line 1, column 4: `2` cannot follow here; write `,` or `]`"),
            ("{\"a\": \"x\ny\"}", "a string contains a line break or another control character"),
            ("{} {}", "line 1, column 4: text follows the value; send one value only"),
            ("{\"a\": 1e999}", "number out of range"),
        ] {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            let shown = JsonSyntaxError::new(text.as_bytes(), &error).to_string();
            assert!(shown.contains(expected), "{text}: {shown} (the parser: {error})");
        }
    }
}

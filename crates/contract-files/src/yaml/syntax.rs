//! The parser's messages about syntax name its internal state ("while scanning for the next token"). For the frequent
//! mistakes, this module says what is wrong in the text and what to write instead.

/// How many characters of a line a hint repeats.
const LINE_CHARS_MAX: usize = 120;

/// A mistake in the syntax.
pub(super) struct SyntaxMistake {
    /// Line and column, both from 1.
    pub(super) position: (usize, usize),
    pub(super) message: String,
    pub(super) hint: String,
}

/// Explains a message of the parser; `None` if it is not about a frequent mistake.
pub(super) fn diagnose(text: &str, message: &str, position: Option<(usize, usize)>) -> Option<SyntaxMistake> {
    let (number, column) = position?;
    let line = text.lines().nth(number.checked_sub(1)?).unwrap_or_default();
    let at = |column: usize, message: &str, hint: &str| {
        Some(SyntaxMistake { position: (number, column), message: message.to_owned(), hint: hint.to_owned() })
    };
    if message.contains("tab character") || message.contains("cannot start any token") {
        let indentation = line.chars().take_while(|c| c.is_whitespace());
        if let Some(tab) = indentation.into_iter().position(|c| c == '\t') {
            return at(tab + 1, "the line is indented with a tab, which YAML does not allow", "indent with spaces");
        }
        let found = line.chars().nth(column - 1)?;
        let message = format!("a text cannot begin with `{found}`");
        return at(column, &message, "put the text in quotes");
    }
    if message.contains("unknown anchor") {
        return at(
            column,
            "this refers to a value that has no name",
            "name the value with `&` before its use, or put the text in quotes",
        );
    }
    if message.contains("did not find expected '-' indicator") || message.contains("while parsing a block mapping") {
        return at(
            column,
            "the line is indented differently than the lines that it belongs to",
            "give it the same indentation as the other keys of its map, or the other items of its list",
        );
    }
    if message.contains("mapping values are not allowed") {
        return diagnose_colon(line, number, column);
    }
    let is_open = message.contains("did not find expected") && message.contains("while parsing a flow");
    if is_open || message.contains("while scanning a quoted scalar") {
        // The parser reports where the text went wrong first, and where the bracket or quote begins last.
        let (mut line, mut column) = last_position(message)?;
        if message.contains("node content") {
            // The position is the one of the missing item.
            (line, column) = last_open_bracket(text)?;
        }
        let opened = text.lines().nth(line.checked_sub(1)?)?.chars().nth(column.checked_sub(1)?)?;
        let closing = match opened {
            '[' => ']',
            '{' => '}',
            quote @ ('"' | '\'') => quote,
            _ => return None,
        };
        return Some(SyntaxMistake {
            position: (line, column),
            message: format!("this `{opened}` is not closed"),
            hint: match closing {
                ']' | '}' => format!("close it with `{closing}`; separate the items between them with commas"),
                _ => format!("close it with `{closing}`"),
            },
        });
    }
    None
}

/// The position at the end of a message, which the parser omits for the beginning of the text.
fn last_position(message: &str) -> Option<(usize, usize)> {
    let (_, context) = message.rsplit_once(", while ")?;
    let Some((_, rest)) = context.rsplit_once(" at line ") else { return Some((1, 1)) };
    let (line, column) = rest.split_once(" column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// The position of the last bracket or brace that is not closed.
fn last_open_bracket(text: &str) -> Option<(usize, usize)> {
    let mut open = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut quote = None;
        let mut previous = ' ';
        for (column, c) in line.chars().enumerate() {
            match (quote, c) {
                (Some(opened), _) => quote = quote.filter(|_| opened != c),
                // An apostrophe inside a word begins no quoted text.
                (None, '"' | '\'') if !previous.is_alphanumeric() => quote = Some(c),
                (None, '#') if previous == ' ' => break,
                (None, '[' | '{') => open.push((number + 1, column + 1)),
                (None, ']' | '}') => {
                    open.pop();
                }
                _ => {}
            }
            previous = c;
        }
    }
    open.pop()
}

/// A `: ` where none can be: inside a text without quotes, or below a key that has a value already.
fn diagnose_colon(line: &str, number: usize, column: usize) -> Option<SyntaxMistake> {
    let indentation = line.chars().take_while(|c| *c == ' ' || *c == '-').count();
    let (key, value) = line.trim_start_matches([' ', '-']).split_once(": ")?;
    let colon = indentation + key.chars().count() + 1;
    if colon >= column {
        return Some(SyntaxMistake {
            position: (number, indentation + 1),
            message: format!("`{key}` is indented deeper than the line above, which has a value already"),
            hint: "give it the same indentation as the other keys of its map".to_owned(),
        });
    }
    let quoted = value.trim().replace('\\', "\\\\").replace('"', "\\\"");
    let hint = if line.chars().count() > LINE_CHARS_MAX {
        "put the text in quotes".to_owned()
    } else {
        format!("write: {key}: \"{quoted}\"")
    };
    let message = format!("the text of `{key}` contains `: `, which begins a map unless the text is in quotes");
    Some(SyntaxMistake { position: (number, column), message, hint })
}

#[cfg(test)]
mod tests {
    use crate::yaml::Source;
    use serde_json::Value;

    #[test]
    fn mistakes_in_syntax_are_explained() {
        let rows = [
            (
                "a:\n\t- b: 1\n",
                "f:2:1: the line is indented with a tab, which YAML does not allow",
                "indent with spaces",
            ),
            (
                "a: 1\n\tb: 2\n",
                "f:2:1: the line is indented with a tab, which YAML does not allow",
                "indent with spaces",
            ),
            (
                "d: A story: \"it\" fails\n",
                "f:1:11: the text of `d` contains `: `, which begins a map unless the text is in quotes",
                "write: d: \"A story: \\\"it\\\" fails\"",
            ),
            (
                "l:\n  - n: a: b\n",
                "f:2:9: the text of `n` contains `: `, which begins a map unless the text is in quotes",
                "write: n: \"a: b\"",
            ),
            (
                "a: 1\n  b: 2\n",
                "f:2:3: `b` is indented deeper than the line above, which has a value already",
                "give it the same indentation as the other keys of its map",
            ),
            ("a: @x\n", "f:1:4: a text cannot begin with `@`", "put the text in quotes"),
            (
                "a: [1\n",
                "f:1:4: this `[` is not closed",
                "close it with `]`; separate the items between them with commas",
            ),
            (
                "a: { x: 1 y: 2\n",
                "f:1:4: this `{` is not closed",
                "close it with `}`; separate the items between them with commas",
            ),
            (
                "{\"a\": 1\n",
                "f:1:1: this `{` is not closed",
                "close it with `}`; separate the items between them with commas",
            ),
            (
                "d: don't [x]\na: [\n",
                "f:2:4: this `[` is not closed",
                "close it with `]`; separate the items between them with commas",
            ),
            ("b: 1\na: 'x\n", "f:2:4: this `'` is not closed", "close it with `'`"),
            (
                "l:\n  - a: 1\n   b: 2\n",
                "f:3:4: the line is indented differently than the lines that it belongs to",
                "give it the same indentation as the other keys of its map, or the other items of its list",
            ),
            (
                "a: *x\n",
                "f:1:4: this refers to a value that has no name",
                "name the value with `&` before its use, or put the text in quotes",
            ),
        ];
        for (text, title, hint) in rows {
            let found = Source::new("f", text).parse::<Value>().unwrap_err();
            assert_eq!((found.title().as_str(), found.hint.as_deref()), (title, Some(hint)), "{text:?}");
        }
    }
}

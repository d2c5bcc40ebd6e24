//! Finds in the text of a template what can never be evaluated: filters, tests, functions and variables that do not
//! exist. The engine would report them only when it renders that part, in the middle of a request.

use minijinja::{Environment, ErrorKind};

use crate::leadconduit::state::Collection;

/// A name in a template, and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use<'t> {
    /// `x | name`
    Filter(&'t str),
    /// `x is name`
    Test(&'t str),
    /// `variable.name`
    Property(&'t str, &'t str),
}

/// The filters, tests and properties of variables in a template, in their order. Texts and comments in it are skipped.
pub(super) fn uses(template: &str) -> Vec<Use<'_>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        let (closing, is_code) = match rest.get(..2) {
            Some("{{") => ("}}", true),
            Some("{%") => ("%}", true),
            Some("{#") => ("#}", false),
            _ => {
                rest = &rest[1..];
                continue;
            }
        };
        let inside = &rest[2..];
        if is_code {
            rest = scan_code(inside, closing, &mut found);
        } else {
            rest = inside.split_once(closing).map_or("", |(_, after)| after);
        }
    }
    found
}

/// Scans an expression or a statement; returns what follows its end.
fn scan_code<'t>(code: &'t str, closing: &str, found: &mut Vec<Use<'t>>) -> &'t str {
    let mut rest = code;
    // The tokens before the current one, the latest last.
    let (mut owner, mut before, mut previous) = ("", "", "");
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(closing) {
            return after;
        }
        let end = match first {
            '"' | '\'' => text_end(rest, first),
            c if c.is_alphabetic() || c == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let token = &rest[..end];
        rest = &rest[end..];
        if token.trim().is_empty() {
            continue;
        }
        let is_name = first.is_alphabetic() || first == '_';
        match previous {
            "|" if is_name => found.push(Use::Filter(token)),
            "is" if token == "not" => continue,
            "is" if is_name => found.push(Use::Test(token)),
            "." if is_name && owner != "." && properties(before).is_some() => found.push(Use::Property(before, token)),
            "filter" if is_name && closing == "%}" => found.push(Use::Filter(token)),
            _ => {}
        }
        (owner, before, previous) = (before, previous, token);
    }
    ""
}

/// The length of a quoted text.
fn text_end(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return index + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Whether the engine has the filter or the test.
pub(super) fn exists(engine: &Environment<'_>, name: Use<'_>) -> bool {
    let (expression, unknown) = match name {
        Use::Filter(name) => (format!("none|{name}"), ErrorKind::UnknownFilter),
        Use::Test(name) => (format!("none is {name}"), ErrorKind::UnknownTest),
        Use::Property(..) => return true,
    };
    let result = engine.compile_expression(&expression).and_then(|compiled| compiled.eval(()));
    result.err().is_none_or(|error| error.kind() != unknown)
}

/// The properties of the variables whose properties are known.
pub(super) fn properties(variable: &str) -> Option<Vec<&'static str>> {
    Some(match variable {
        "request" => vec!["method", "path", "operation", "query", "headers", "body"],
        "caller" => vec!["account", "user"],
        "world" => ["account", "user", "sso"].into_iter().chain(Collection::ALL.iter().map(|one| one.name())).collect(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_tests_are_found_outside_of_texts_and_comments() {
        let rows: [(&str, &[Use<'_>]); 8] = [
            ("a | b is c", &[]),
            ("{{ a|upper }} | x", &[Use::Filter("upper")]),
            ("{{ a | default('x | y is z') | trim }}", &[Use::Filter("default"), Use::Filter("trim")]),
            ("{% if a is not defined %}{% endif %}", &[Use::Test("defined")]),
            ("{% filter lower %}x{% endfilter %}", &[Use::Filter("lower")]),
            ("{# a | b #}{{ 'it\\'s | c' }}", &[]),
            ("{{ this | f }} { x | y }", &[Use::Filter("f")]),
            ("{{ a | b", &[Use::Filter("b")]),
        ];
        for (template, expected) in rows {
            assert_eq!(uses(template), expected, "{template}");
        }
    }
}

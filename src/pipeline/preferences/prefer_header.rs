//! Parses the `Prefer` header (RFC 7240).

use std::borrow::Cow;

/// A preference in the header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PreferenceElement<'h> {
    /// The name, in any case.
    pub(super) name: &'h str,
    /// The value without quotes, empty when there is none; `None` when it is neither one word nor quoted.
    pub(super) value: Option<Cow<'h, str>>,
    /// The value with quotes.
    pub(super) raw_value: &'h str,
}

/// Parses the preferences of a header, in order, without their parameters. `None` when a quote is not closed.
pub(super) fn parse(header: &str) -> Option<Vec<PreferenceElement<'_>>> {
    let mut preferences = Vec::new();
    for element in split(header, b',')? {
        let without_parameters = split(element, b';')?.into_iter().next().unwrap_or_default();
        let (name, raw_value) = without_parameters.split_once('=').unwrap_or((without_parameters, ""));
        let (name, raw_value) = (name.trim(), raw_value.trim());
        // Empty list elements are ignored (RFC 9110, section 5.6.1).
        if !name.is_empty() {
            preferences.push(PreferenceElement { name, value: unquote(raw_value), raw_value });
        }
    }
    Some(preferences)
}

/// Quotes a value for a header, if it is not a token.
pub(super) fn quoted(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && value.bytes().all(is_token) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Splits a text at separators outside quotes. `None` when a quote is not closed.
fn split(text: &str, separator: u8) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut quote, mut escape) = (0, false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escape => escape = false,
            b'\\' if quote => escape = true,
            b'"' => quote = !quote,
            // The separator is ASCII, so it is never inside a multi-byte character.
            _ if byte == separator && !quote => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quote).then_some(parts)
}

/// The content of a quoted string, or a single word. `None` for anything else.
fn unquote(raw_value: &str) -> Option<Cow<'_, str>> {
    let Some(inside) = raw_value.strip_prefix('"') else {
        // More characters than in tokens are accepted, because the value is unambiguous.
        let is_word = !raw_value.contains(|c: char| c.is_whitespace() || c == '"');
        return is_word.then_some(Cow::Borrowed(raw_value));
    };
    let inside = inside.strip_suffix('"')?;
    if !inside.contains(['\\', '"']) {
        return Some(Cow::Borrowed(inside));
    }
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?),
            // The quote is closed before the end of the value.
            '"' => return None,
            other => text.push(other),
        }
    }
    Some(Cow::Owned(text))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names with their values; `None` for invalid values.
    type Names<'a> = &'a [(&'a str, Option<&'a str>)];

    fn read(header: &str) -> Option<Vec<(&str, Option<String>)>> {
        let preferences = parse(header)?;
        Some(preferences.into_iter().map(|p| (p.name, p.value.map(Cow::into_owned))).collect())
    }

    #[test]
    fn headers_are_parsed_according_to_rfc_7240() {
        let rows: [(&str, Names<'_>); 14] = [
            ("", &[]),
            (" , ,", &[]),
            ("code=422", &[("code", Some("422"))]),
            ("a=1,b=2 ,\tc = 3", &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]),
            ("dynamic", &[("dynamic", Some(""))]),
            (r#"dynamic="""#, &[("dynamic", Some(""))]),
            (r#"example="a, b; c""#, &[("example", Some("a, b; c"))]),
            (r#"example="a \"b\" \\""#, &[("example", Some(r#"a "b" \"#))]),
            (r#"a=1; x="q,r"; y, b=2;"#, &[("a", Some("1")), ("b", Some("2"))]),
            ("a=b=c", &[("a", Some("b=c"))]),
            ("a=b c", &[("a", None)]),
            (r#"a="b"c"#, &[("a", None)]),
            (r#"a="b""c""#, &[("a", None)]),
            ("a=größer", &[("a", Some("größer"))]),
        ];
        for (header, expected) in rows {
            let expected = expected.iter().map(|(name, value)| (*name, value.map(str::to_owned))).collect();
            assert_eq!(read(header), Some(expected), "{header}");
        }
        for header in ["\"", "a=\"b", "a=\"b\\\"", "a=1; x=\"y", "a=\"\\"] {
            assert_eq!(read(header), None, "{header}");
        }
    }

    proptest::proptest! {
        #[test]
        fn quoted_values_are_parsed_back(value in "[ -~äß€]{1,20}") {
            let header = format!("a=1, example={}; x=y, b=2", quoted(&value));
            let preferences = parse(&header).unwrap();
            proptest::prop_assert_eq!(preferences.len(), 3);
            proptest::prop_assert_eq!(preferences[1].value.as_deref(), Some(value.as_str()));
        }

        #[test]
        fn arbitrary_headers_are_parsed_without_a_panic(header in "\\PC{0,60}|[a=\",; \\\\]{0,30}") {
            let _ = parse(&header);
        }
    }
}

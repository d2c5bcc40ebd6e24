//! The `Prefer` header as RFC 7240 writes it.

use std::borrow::Cow;

/// A preference as it stands in the header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Preference<'h> {
    /// Its name, in any case.
    pub(super) name: &'h str,
    /// Its value without quotes, empty when it has none; `None` when it is neither one word nor quoted.
    pub(super) value: Option<Cow<'h, str>>,
    /// Its value as it is written.
    pub(super) written: &'h str,
}

/// The preferences in a header, in order, without their parameters. `None` when a quote is not closed.
pub(super) fn parse(header: &str) -> Option<Vec<Preference<'_>>> {
    let mut preferences = Vec::new();
    for element in split(header, b',')? {
        let bare = split(element, b';')?.into_iter().next().unwrap_or_default();
        let (name, written) = bare.split_once('=').unwrap_or((bare, ""));
        let (name, written) = (name.trim(), written.trim());
        // Empty elements of a list are allowed and mean nothing (RFC 9110, section 5.6.1).
        if !name.is_empty() {
            preferences.push(Preference { name, value: word(written), written });
        }
    }
    Some(preferences)
}

/// A name or value as it goes into a header: quoted when it is not one token.
pub(super) fn quoted(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && value.bytes().all(is_token) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The parts between separators that stand outside of quotes.
fn split(text: &str, separator: u8) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut quote, mut escape) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escape => escape = false,
            b'\\' if quote => escape = true,
            b'"' => quote = !quote,
            // A separator is ASCII, so it never lies inside a character.
            _ if byte == separator && !quote => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quote).then_some(parts)
}

/// One word, or what stands in quotes.
fn word(written: &str) -> Option<Cow<'_, str>> {
    let Some(inside) = written.strip_prefix('"') else {
        // More than tokens is let through: nothing else can be meant by it.
        let one = !written.contains(|c: char| c.is_whitespace() || c == '"');
        return one.then_some(Cow::Borrowed(written));
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
            // The quote was closed before the end.
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

    /// Names with their values, `None` for those that cannot be read.
    type Names<'a> = &'a [(&'a str, Option<&'a str>)];

    fn read(header: &str) -> Option<Vec<(&str, Option<String>)>> {
        let preferences = parse(header)?;
        Some(preferences.into_iter().map(|p| (p.name, p.value.map(Cow::into_owned))).collect())
    }

    #[test]
    fn headers_are_read_as_the_rfc_says() {
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
        fn what_is_quoted_is_read_again(value in "[ -~äß€]{1,20}") {
            let header = format!("a=1, example={}; x=y, b=2", quoted(&value));
            let preferences = parse(&header).unwrap();
            proptest::prop_assert_eq!(preferences.len(), 3);
            proptest::prop_assert_eq!(preferences[1].value.as_deref(), Some(value.as_str()));
        }

        #[test]
        fn no_header_makes_it_panic(header in "\\PC{0,60}|[a=\",; \\\\]{0,30}") {
            let _ = parse(&header);
        }
    }
}

//! Limits that are checked before a text is parsed: the parser's time grows with the square of the nesting and of the
//! number of anchors, and aliases repeat what they refer to.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

/// The most values of a text: entries of maps, items of lists, lines. Parsed, each takes about 80 bytes.
const VALUES_MAX: usize = 2_000_000;

/// A text of this many bytes for each value may have more of them: an exported state can have 128 MiB.
const VALUE_TEXT_BYTES: usize = 16;

/// The deepest nesting of `[` and `{`. The parser itself accepts 128.
const DEPTH_MAX: usize = 256;

/// The most anchors of a text.
const ANCHORS_MAX: usize = 1000;

/// The largest size of a text in which each alias is replaced by what it refers to: the length of its words, and
/// [`VALUE_BYTES`] for each value.
const EXPANDED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What a value takes in addition to its text.
const VALUE_BYTES: usize = 16;

/// Which limit a text exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BoundsError {
    #[error("has more than {0} values")]
    Values(usize),
    #[error("`[` and `{{` are nested more than {DEPTH_MAX} deep")]
    Depth {
        /// The offset of the bracket.
        at: usize,
    },
    #[error("there are more than {ANCHORS_MAX} anchors")]
    Anchors {
        /// The offset of the anchor.
        at: usize,
    },
    #[error("the aliases repeat too much: limits are {EXPANDED_BYTES_MAX} bytes, and 100 times each value")]
    Expanded,
}

impl BoundsError {
    /// What to write instead.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Values(_) => "split it into several smaller ones",
            Self::Depth { .. } => "close a bracket, or put the text in quotes",
            Self::Anchors { .. } => "write the value where it is used, or put a text that begins with `&` in quotes",
            Self::Expanded => "write fewer aliases, or put a text that begins with `*` in quotes",
        }
    }

    /// The line and column, both from 1; `None` if the whole text is too large.
    pub(super) fn position(self, text: &str) -> Option<(usize, usize)> {
        let (Self::Depth { at } | Self::Anchors { at }) = self else { return None };
        let before = text.get(..at)?;
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

/// Checks the number of values.
pub(super) fn check_values(text: &str) -> Result<(), BoundsError> {
    let values = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{' | b'\n')).count();
    let max = VALUES_MAX.max(text.len() / VALUE_TEXT_BYTES);
    if values > max { Err(BoundsError::Values(max)) } else { Ok(()) }
}

/// Checks nesting, anchors and aliases.
pub(super) fn check_structure(text: &str) -> Result<(), BoundsError> {
    let has_aliases = scan(text)?;
    if !has_aliases {
        return Ok(());
    }
    // The parser limits how often aliases are followed, but not what they lead to.
    let size = Cell::new(0);
    match SizeCounter(&size).deserialize(serde_yaml::Deserializer::from_str(text)) {
        Err(error) if size.get() > EXPANDED_BYTES_MAX || error.to_string().contains("repetition limit") => {
            Err(BoundsError::Expanded)
        }
        // Other errors are reported when the text is parsed.
        _ => Ok(()),
    }
}

/// Checks nesting and anchors. True if the text may contain aliases.
///
/// Only brackets and signs where a word can begin count, outside of quotes. Texts in blocks count too, so that the limits
/// are far above what a file needs.
fn scan(text: &str) -> Result<bool, BoundsError> {
    let (mut depth, mut anchors, mut has_aliases) = (0_usize, 0, false);
    let mut quote = None;
    let mut previous = b' ';
    for (at, byte) in text.bytes().enumerate() {
        if let Some(open) = quote {
            if byte == open && (open == b'\'' || previous != b'\\') {
                quote = None;
            }
            // An escaped backslash escapes nothing.
            previous = if previous == b'\\' { b' ' } else { byte };
            continue;
        }
        let begins_word = matches!(previous, b' ' | b'\n' | b'\r' | b'\t' | b'[' | b'{' | b',' | b':');
        match byte {
            b'"' | b'\'' if begins_word => quote = Some(byte),
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(BoundsError::Depth { at });
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'&' if begins_word => {
                anchors += 1;
                if anchors > ANCHORS_MAX {
                    return Err(BoundsError::Anchors { at });
                }
            }
            b'*' if begins_word => has_aliases = true,
            _ => {}
        }
        previous = byte;
    }
    Ok(has_aliases && anchors > 0)
}

/// Adds up the size of a document with its aliases replaced, and fails when it is too large.
#[derive(Clone, Copy)]
struct SizeCounter<'c>(&'c Cell<usize>);

impl SizeCounter<'_> {
    fn add<E: serde::de::Error>(self, bytes: usize) -> Result<(), E> {
        self.0.set(self.0.get().saturating_add(bytes).saturating_add(VALUE_BYTES));
        if self.0.get() > EXPANDED_BYTES_MAX { Err(E::custom(BoundsError::Expanded)) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for SizeCounter<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SizeCounter<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.add(0)
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.add(0)
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.add(0)
    }
    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<(), E> {
        self.add(0)
    }
    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<(), E> {
        self.add(0)
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.add(0)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.add(text.len())
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.add(0)
    }
    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.add(0)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.add::<A::Error>(0)?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.add::<A::Error>(0)?;
        while entries.next_key_seed(self)?.is_some() {
            entries.next_value_seed(self)?;
        }
        Ok(())
    }
    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, data: A) -> Result<(), A::Error> {
        // A tag, which no file may contain.
        let _ = data;
        Err(A::Error::custom("a tag"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Source;
    use serde_json::Value;

    #[test]
    fn texts_that_become_too_large_are_rejected() {
        let laughs: String = (1..=9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            text + &format!("a{level}: &a{level} [{inner}]\n")
        });
        let long = format!("a: &a {}\nb: [{}*a]\n", "x".repeat(1024 * 1024), "*a, ".repeat(40));
        let anchors: String = (0..100_000).fold(String::new(), |text, number| text + &format!("- &a{number} x\n"));
        let rows = [
            ("[".repeat(100_000), "f:1:257: `[` and `{` are nested more than 256 deep"),
            ("x: {a: ".repeat(1000), "f:1:1796: `[` and `{` are nested more than 256 deep"),
            (anchors, "f:1001:3: there are more than 1000 anchors"),
            (laughs, "f: the aliases repeat too much: limits are 33554432 bytes, and 100 times each value"),
            (long, "f: the aliases repeat too much: limits are 33554432 bytes, and 100 times each value"),
            ("- a\n".repeat(VALUES_MAX + 1), "f: has more than 2000000 values"),
        ];
        for (text, title) in rows {
            let error = Source::new("f", text).parse_json_or_yaml::<Value>().unwrap_err();
            assert_eq!(error.title(), title);
            assert!(error.hint.is_some());
        }
    }

    #[test]
    fn brackets_and_signs_in_texts_are_no_structure() {
        let quoted = format!("a: \"{}\"\nb: '{}'\nc: 5 & 6\n", "[".repeat(1000), "{\"".repeat(1000));
        let escaped = format!("a: \"x\\\\\"\nb: \"\\\"{}\"\n", "[".repeat(1000));
        let aliases = "a: &a {x: 1}\nb: [*a, *a]\n";
        for text in [quoted.as_str(), &escaped, aliases, "'it''s': 1\n"] {
            Source::new("f", text).parse::<Value>().unwrap();
        }
    }
}

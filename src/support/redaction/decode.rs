//! Removes the encodings in which a request can spell a name or a value: percent-encoding, JSON escapes, XML entities, UTF-7.

use std::borrow::Cow;

/// How many layers of encoding are removed. A text with more is not decoded further; see [`is_encoded`].
const LAYERS_MAX: usize = 8;

/// The text without its encodings.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let mut decoded = Cow::Borrowed(text);
    for _ in 0..LAYERS_MAX {
        match decode_layer(&decoded) {
            Some(next) => decoded = Cow::Owned(next),
            None => break,
        }
    }
    decoded
}

/// True when a decoded text still has encodings: it has too many layers to be looked into.
pub(super) fn is_encoded(text: &str) -> bool {
    decode_layer(text).is_some()
}

/// The text without one layer of encoding; `None` when it has none. Nothing is copied until something is found.
fn decode_layer(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut decoded, mut copied, mut index) = (Vec::new(), 0, 0);
    while let Some(length) = bytes[index..].iter().position(|byte| matches!(byte, b'%' | b'\\' | b'&' | b'+')) {
        index += length;
        let rest = &bytes[index..];
        let found = match rest[0] {
            b'%' => percent(rest),
            b'\\' => escape(rest),
            b'&' => entity(rest),
            _ => utf7(rest),
        };
        let Some((found, length)) = found else {
            index += 1;
            continue;
        };
        decoded.extend_from_slice(&bytes[copied..index]);
        match found {
            Decoded::Byte(byte) => decoded.push(byte),
            Decoded::Char(c) => decoded.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Decoded::Text(text) => decoded.extend_from_slice(text.as_bytes()),
        }
        index += length;
        copied = index;
    }
    if copied == 0 {
        return None;
    }
    decoded.extend_from_slice(&bytes[copied..]);
    let decoded = String::from_utf8(decoded);
    Some(decoded.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

enum Decoded {
    Byte(u8),
    Char(char),
    Text(String),
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    digits.iter().all(u8::is_ascii_hexdigit).then(|| u32::from_str_radix(text, 16).ok())?
}

/// `%70`, and JavaScript's `%u0070`.
fn percent(rest: &[u8]) -> Option<(Decoded, usize)> {
    if rest.get(1).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'u')) {
        return Some((Decoded::Char(char::from_u32(hexadecimal(rest.get(2..6)?)?)?), 6));
    }
    Some((Decoded::Byte(u8::try_from(hexadecimal(rest.get(1..3)?)?).ok()?), 3))
}

/// The escapes of JSON and JavaScript.
fn escape(rest: &[u8]) -> Option<(Decoded, usize)> {
    match rest.get(1)? {
        b'u' | b'U' => Some((Decoded::Char(char::from_u32(hexadecimal(rest.get(2..6)?)?).unwrap_or('\u{fffd}')), 6)),
        b'x' | b'X' => Some((Decoded::Byte(u8::try_from(hexadecimal(rest.get(2..4)?)?).ok()?), 4)),
        other @ (b'"' | b'\'' | b'/' | b'\\') => Some((Decoded::Byte(*other), 2)),
        _ => None,
    }
}

/// `&#112;`, `&#x70;` and the entities that every XML document has.
fn entity(rest: &[u8]) -> Option<(Decoded, usize)> {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(rest.get(1..end)?).ok()?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => hexadecimal(digits.as_bytes())?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((Decoded::Char(c), end + 1))
}

/// `+AHAAYQ-` of UTF-7, as far as it hides ASCII text: base64 of UTF-16.
fn utf7(rest: &[u8]) -> Option<(Decoded, usize)> {
    let run = rest.get(1..)?;
    let length = run.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'/').unwrap_or(run.len());
    let run = std::str::from_utf8(&run[..length]).ok()?;
    if !run.starts_with('A') || length < 3 {
        return None;
    }
    let decoded = super::base64::decode(run);
    let (pairs, []) = decoded.as_bytes().as_chunks::<2>() else { return None };
    let text: String = pairs.iter().map(|[_, low]| char::from(*low)).collect();
    let is_ascii = pairs.iter().all(|[high, low]| *high == 0 && (b' '..=b'~').contains(low));
    let end = 1 + length + usize::from(rest.get(1 + length) == Some(&b'-'));
    is_ascii.then_some((Decoded::Text(text), end))
}

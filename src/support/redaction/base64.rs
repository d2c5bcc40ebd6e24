//! Base64, in which a text can hide a name or a value.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use regex::Regex;

/// Four groups or more that are printable ASCII text when they are decoded, or the beginning of data that `gzip`
/// compressed. Ids and words seldom have this form.
pub(super) const RUN: &str = "(?:[I-Za-f][C-HS-Xi-ny-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]){4}|H4sI";

/// The beginning of compressed data.
const GZIP: &str = "H4sI";

static RUNS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?:{RUN})[A-Za-z0-9+/_-]*=*")).ok());

/// Accepts a missing padding, and bits that are left over.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The decoded text of both alphabets, with or without padding. Empty when the text is not base64.
#[must_use]
pub fn decode(text: &str) -> String {
    let text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    // A single character is left over, which no encoder writes.
    let length = if text.len() % 4 == 1 { text.len() - 1 } else { text.len() };
    let decoded = text.get(..length).and_then(|text| ENGINE.decode(text).ok()).unwrap_or_default();
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The base64 texts in a text, with their decoded texts; `None` for compressed data.
pub(super) fn runs(text: &str) -> impl Iterator<Item = (Range<usize>, Option<String>)> {
    let runs = RUNS.as_ref().into_iter().flat_map(|pattern| pattern.find_iter(text));
    runs.map(|found| {
        let is_compressed = found.as_str().starts_with(GZIP);
        (found.range(), (!is_compressed).then(|| decode(found.as_str())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_texts_are_found_and_decoded() {
        let text = r#"{"a":"eyJwYXNzd29yZCI6IlMifQ==","b":"QVBJOmh1c2hfaHVzaD8_"}"#;
        let found: Vec<String> = runs(text).filter_map(|(_, text)| text).collect();
        assert_eq!(found, [r#"{"password":"S"}"#, "API:hush_hush??"]);
        assert_eq!(runs("H4sIAAAAAAAAA6tWKkgsLi7PL0pRslIKVqoFAA").map(|run| run.1).collect::<Vec<_>>(), [None]);
        for text in ["5d9a4c421d011c553e000001", "2f1d5f29915b866c7a2fa5de29613104", "leadconduit-default-integration"]
        {
            assert_eq!(runs(text).count(), 0, "{text}");
        }
        assert_eq!(decode("not base64!"), "");
    }
}

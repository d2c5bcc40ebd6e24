//! The four media types of the lead handler, and their negotiation: Joe Gregorio's mimeparse algorithm, which the
//! vendor's modules use for both `Accept` and `Content-Type`. It is lenient and case-sensitive, unlike every crate that
//! parses media types, so that it is written out here.

use std::borrow::Cow;

/// A media type of the lead handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MediaType {
    /// A form. Responses of this type contain JSON, as in the vendor's module.
    Form,
    /// JSON.
    #[default]
    Json,
    /// XML.
    ApplicationXml,
    /// XML, under its older media type.
    TextXml,
}

impl MediaType {
    /// Every media type, in the order of error messages.
    pub const ALL: [Self; 4] = [Self::Form, Self::Json, Self::ApplicationXml, Self::TextXml];

    /// The value in headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
            Self::ApplicationXml => "application/xml",
            Self::TextXml => "text/xml",
        }
    }

    /// The media type that a header selects; JSON when the header is empty or exactly `*/*`. The most specific range
    /// wins, then the quality value, then alphabetical order: `text/html, */*` selects XML for that reason.
    #[must_use]
    pub fn negotiate(header: &str) -> Option<Self> {
        if header.is_empty() || header == "*/*" {
            return Some(Self::Json);
        }
        // One of the types alone is what most clients send.
        if let Some(media) = Self::ALL.into_iter().find(|media| media.name() == header) {
            return Some(media);
        }
        let ranges: Vec<MediaRange<'_>> = header.split(',').map(MediaRange::parse).collect();
        let best = Self::ALL.into_iter().map(|media| (specificity(media.name(), &ranges), media)).max_by(
            |((specificity, quality), media), ((other_specificity, other_quality), other)| {
                let by_rank = specificity.cmp(other_specificity).then(quality.total_cmp(other_quality));
                by_rank.then(media.name().cmp(other.name()))
            },
        );
        best.filter(|((_, quality), _)| *quality > 0.0).map(|(_, media)| media)
    }
}

/// A media range of a header. Case-sensitive, as in the vendor's module.
struct MediaRange<'h> {
    main_type: &'h str,
    subtype: &'h str,
    quality: f64,
}

impl<'h> MediaRange<'h> {
    fn parse(text: &'h str) -> Self {
        let mut parts = text.split(';');
        let full = match parts.next().unwrap_or_default().trim() {
            "*" => "*/*",
            full => full,
        };
        let (main_type, subtype) = full.split_once('/').unwrap_or((full, ""));
        let quality = parts.filter_map(|part| part.split_once('=')).rfind(|(name, _)| name.trim() == "q");
        let quality = quality.and_then(|(_, value)| value.trim().parse().ok()).filter(|q| (0.0..=1.0).contains(q));
        Self { main_type, subtype, quality: quality.unwrap_or(1.0) }
    }
}

/// The specificity of the most specific matching range, and its quality value; `(-1, 0.0)` when no range matches.
fn specificity(name: &str, ranges: &[MediaRange<'_>]) -> (i32, f64) {
    let (main_type, subtype) = name.split_once('/').unwrap_or((name, ""));
    let mut best = (-1, 0.0);
    for range in ranges {
        let matches_main = range.main_type == main_type || range.main_type == "*";
        if matches_main && (range.subtype == subtype || range.subtype == "*") {
            let exact_main = if range.main_type == main_type { 100 } else { 0 };
            let exact_sub = if range.subtype == subtype { 10 } else { 0 };
            if exact_main + exact_sub > best.0 {
                best = (exact_main + exact_sub, range.quality);
            }
        }
    }
    best
}

/// Decodes a body by the `charset` of its type: ISO 8859-1, Windows-1252, else UTF-8.
///
/// `encoding_rs` would replace the table of 32 characters below by those of 40 encodings, and decodes ISO 8859-1 as
/// Windows-1252, as browsers do.
pub(super) fn decode<'b>(bytes: &'b [u8], content_type: &str) -> Cow<'b, str> {
    let charset = content_type.split(';').skip(1).filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    match charset.as_deref() {
        Some("iso-8859-1" | "latin1") => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Some("windows-1252" | "cp1252") => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// The range in which Windows-1252 differs from ISO 8859-1.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80).and_then(|index| HIGH.get(usize::from(index))).copied().unwrap_or(char::from(byte))
}

//! The four media types, and which of them a header means: the matching of Joe Gregorio's mimeparse, which the vendor's
//! modules use for `Accept` and for `Content-Type` alike.

use std::borrow::Cow;

/// What a body is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    /// A form. Answers under this name hold JSON: so the vendor's module writes them.
    Form,
    /// JSON.
    #[default]
    Json,
    /// XML.
    ApplicationXml,
    /// XML, under its older name.
    TextXml,
}

impl Media {
    /// All of them, in the order in which messages name them.
    pub const ALL: [Self; 4] = [Self::Form, Self::Json, Self::ApplicationXml, Self::TextXml];

    /// The name in headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
            Self::ApplicationXml => "application/xml",
            Self::TextXml => "text/xml",
        }
    }

    /// Which one a header means; JSON when there is none or it says `*/*` and nothing else. Of several ranges the one
    /// that fits most closely counts, then the weight, then the alphabet: `text/html, */*` is XML for that reason.
    #[must_use]
    pub fn choose(header: &str) -> Option<Self> {
        if header.is_empty() || header == "*/*" {
            return Some(Self::Json);
        }
        let ranges: Vec<Range<'_>> = header.split(',').map(Range::read).collect();
        let best = Self::ALL.into_iter().map(|media| (fitness(media.name(), &ranges), media)).max_by(
            |((fit, weight), media), ((other_fit, other_weight), other)| {
                fit.cmp(other_fit).then(weight.total_cmp(other_weight)).then(media.name().cmp(other.name()))
            },
        );
        best.filter(|((_, weight), _)| *weight > 0.0).map(|(_, media)| media)
    }
}

/// One range of a header. Case counts, as it does in the module.
struct Range<'h> {
    kind: &'h str,
    subkind: &'h str,
    weight: f64,
}

impl<'h> Range<'h> {
    fn read(text: &'h str) -> Self {
        let mut parts = text.split(';');
        let full = match parts.next().unwrap_or_default().trim() {
            "*" => "*/*",
            full => full,
        };
        let (kind, subkind) = full.split_once('/').unwrap_or((full, ""));
        let weight = parts.filter_map(|part| part.split_once('=')).rfind(|(name, _)| name.trim() == "q");
        let weight = weight.and_then(|(_, value)| value.trim().parse().ok()).filter(|q| (0.0..=1.0).contains(q));
        Self { kind, subkind, weight: weight.unwrap_or(1.0) }
    }
}

/// How closely the closest of the ranges fits a media type, and the weight of that range; nothing fits with weight 0.
fn fitness(name: &str, ranges: &[Range<'_>]) -> (i32, f64) {
    let (kind, subkind) = name.split_once('/').unwrap_or((name, ""));
    let mut best = (-1, 0.0);
    for range in ranges {
        if (range.kind == kind || range.kind == "*") && (range.subkind == subkind || range.subkind == "*") {
            let fit = if range.kind == kind { 100 } else { 0 } + if range.subkind == subkind { 10 } else { 0 };
            if fit > best.0 {
                best = (fit, range.weight);
            }
        }
    }
    best
}

/// Bytes as text, by the `charset` of their type: UTF-8 unless it names the Latin alphabet's older set.
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

/// Where Windows differs from ISO 8859-1.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at))).copied().unwrap_or(char::from(byte))
}

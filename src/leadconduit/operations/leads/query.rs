//! Search queries: words, which match prefixes of words, and phrases, which match any part of a text.

use crate::leadconduit::state::events::Lead;
use crate::support::ids::ObjectId;

/// The maximum number of words and phrases; further ones are ignored.
const TERMS_MAX: usize = 32;

/// The terms of a search. A query without terms matches every lead.
#[derive(Debug, Default)]
pub(super) struct SearchQuery(Vec<Term>);

/// A word or a phrase, in lower case.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    text: Vec<char>,
    /// The same, if it is ASCII.
    ascii: Option<Box<[u8]>>,
    is_phrase: bool,
}

/// A match of a term: byte offsets in the text.
struct TermMatch {
    start: usize,
    end: usize,
    /// Whether it is a whole word, or a phrase.
    is_whole: bool,
}

impl SearchQuery {
    /// Parses a query: phrases are in double quotes, words are separated by white space. A phrase without a closing
    /// quote extends to the end.
    pub(super) fn parse(text: &str) -> Self {
        let mut terms = Vec::new();
        for (at, part) in text.split('"').enumerate() {
            let is_phrase = at % 2 == 1;
            let pieces: Vec<&str> = if is_phrase { vec![part] } else { part.split_whitespace().collect() };
            let pieces = pieces.into_iter().filter(|piece| !piece.trim().is_empty());
            terms.extend(pieces.map(|piece| Term::new(piece, is_phrase)));
        }
        terms.truncate(TERMS_MAX);
        Self(terms)
    }

    /// The score of a lead; `None` unless every term matches.
    pub(super) fn score(&self, lead: &Lead) -> Option<u32> {
        let mut score = 0;
        for term in &self.0 {
            let best = lead.fields.iter().filter_map(|(_, value)| term.weight(value)).max();
            score += best.or_else(|| term.is_id(lead.id).then_some(3))?;
        }
        Some(score)
    }

    /// The text with its matches in `<em>` elements; `None` when nothing matches.
    pub(super) fn highlight(&self, text: &str) -> Option<String> {
        let mut matches: Vec<TermMatch> = self.0.iter().flat_map(|term| term.find_matches(text)).collect();
        if matches.is_empty() {
            return None;
        }
        matches.sort_by_key(|current| (current.start, current.end));
        let mut marked = String::with_capacity(text.len() + matches.len() * 9);
        let (mut copied, mut matches) = (0, matches.into_iter().peekable());
        while let Some(mut current) = matches.next() {
            // Overlapping matches are merged.
            while let Some(next) = matches.next_if(|next| next.start <= current.end) {
                current.end = current.end.max(next.end);
            }
            marked.push_str(&text[copied..current.start]);
            marked.push_str("<em>");
            marked.push_str(&text[current.start..current.end]);
            marked.push_str("</em>");
            copied = current.end;
        }
        marked.push_str(&text[copied..]);
        Some(marked)
    }
}

impl Term {
    fn new(text: &str, is_phrase: bool) -> Self {
        let text: Vec<char> = lowercase_chars(text).collect();
        let ascii = text.iter().map(|c| u8::try_from(*c).ok().filter(u8::is_ascii)).collect();
        Self { text, ascii, is_phrase }
    }

    /// Whether a text can contain a match. Nearly all texts are ASCII and have none; that is found without decoding them.
    fn can_match(&self, text: &str) -> bool {
        let Some(term) = self.ascii.as_deref().filter(|_| text.is_ascii()) else { return true };
        let Some(first) = term.first() else { return false };
        let bytes = text.as_bytes();
        let starts = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), bytes);
        starts
            .map(|start| &bytes[start..])
            .any(|rest| rest.get(..term.len()).is_some_and(|candidate| candidate.eq_ignore_ascii_case(term)))
    }

    /// The weight of the best match in a text: 4 for the whole text, 2 for a whole word, 1 for a prefix.
    fn weight(&self, text: &str) -> Option<u32> {
        if !self.can_match(text) {
            return None;
        }
        let weight = |term_match: &TermMatch| match term_match {
            TermMatch { start: 0, end, .. } if *end == text.len() && term_match.is_whole => 4,
            TermMatch { is_whole: true, .. } => 2,
            TermMatch { .. } => 1,
        };
        self.find_matches(text).map(|term_match| weight(&term_match)).max()
    }

    fn is_id(&self, id: ObjectId) -> bool {
        self.text.len() == 24 && self.text.iter().copied().eq(id.to_string().chars())
    }

    /// All matches in a text. The match of a word extends to the end of the word in the text.
    fn find_matches<'t>(&'t self, text: &'t str) -> impl Iterator<Item = TermMatch> + 't {
        let mut previous = None;
        text.char_indices().filter_map(move |(start, c)| {
            let can_start = self.is_phrase || is_word(c) && !previous.is_some_and(is_word) || previous.is_none();
            previous = Some(c);
            let end = can_start.then(|| prefix_len(&text[start..], &self.text)).flatten()? + start;
            if self.is_phrase {
                return Some(TermMatch { start, end, is_whole: true });
            }
            let rest: usize = text[end..].chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
            Some(TermMatch { start, end: end + rest, is_whole: rest == 0 })
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
}

/// The characters of a text in lower case, without an allocation: a search compares thousands of texts.
pub(super) fn lowercase_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// The length in bytes of the prefix of a text that equals `expected`, ignoring case.
fn prefix_len(text: &str, expected: &[char]) -> Option<usize> {
    let mut expected = expected.iter();
    let mut length = 0;
    for c in text.chars() {
        if expected.len() == 0 {
            break;
        }
        if !c.to_lowercase().all(|c| expected.next() == Some(&c)) {
            return None;
        }
        length += c.len_utf8();
    }
    (expected.len() == 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_word_prefixes_and_phrases_match_anywhere() {
        let rows = [
            ("sam", "Samantha", Some("<em>Samantha</em>")),
            ("SAM", "samantha", Some("<em>samantha</em>")),
            ("mantha", "Samantha", None),
            ("main", "123 Main street", Some("123 <em>Main</em> street")),
            ("str 123", "123 Main street", Some("<em>123</em> Main <em>street</em>")),
            ("\"n str\"", "123 Main street", Some("123 Mai<em>n str</em>eet")),
            ("\"n  str\"", "123 Main street", None),
            ("example", "jo@example.com", Some("jo@<em>example</em>.com")),
            ("jo@exa", "jo@example.com", Some("<em>jo@example</em>.com")),
            ("@example", "jo@example.com", None),
            ("jo jo@", "jo@example.com", Some("<em>jo@example</em>.com")),
            ("zürich", "ZÜRICH", Some("<em>ZÜRICH</em>")),
            ("İs", "İstanbul", Some("<em>İstanbul</em>")),
            ("\"\"", "anything", None),
            ("555", "(555) 0100", Some("(<em>555</em>) 0100")),
        ];
        for (query, text, expected) in rows {
            assert_eq!(SearchQuery::parse(query).highlight(text).as_deref(), expected, "{query} in {text}");
        }
    }

    #[test]
    fn every_term_must_match_and_whole_words_score_higher() {
        let lead = |fields: &[(&str, &str)]| Lead {
            id: "69e3b1a2940df5a34a388e01".parse().unwrap(),
            latest: "69e3b1a3940df5a34a388f03".parse().unwrap(),
            submitted_ms: 0,
            fields: fields.iter().copied().collect(),
        };
        let george = lead(&[("first_name", "George"), ("city", "Georgetown"), ("state", "TX")]);
        let score = |query: &str| SearchQuery::parse(query).score(&george);
        assert_eq!(score(""), Some(0));
        assert_eq!((score("george"), score("georg"), score("georget")), (Some(4), Some(1), Some(1)));
        assert_eq!((score("geo tx"), score("geo ok")), (Some(5), None));
        assert_eq!(score("69E3B1A2940DF5A34A388E01"), Some(3));
        assert_eq!(SearchQuery::parse(&"a ".repeat(1000)).0.len(), TERMS_MAX);
    }
}

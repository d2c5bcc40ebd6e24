//! What a search looks for: words, which match the beginnings of words, and phrases, which match as they are.

use crate::leadconduit::state::events::Lead;

/// How many words and phrases count; the rest of a longer search is not looked at.
const TERMS_MAX: usize = 32;

/// A search. One for nothing matches everything.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<Term>);

/// A word or a phrase, in lower case.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    text: Vec<char>,
    is_phrase: bool,
}

/// Where a term is found in a text, in bytes, and whether that is a whole word.
struct Found {
    start: usize,
    end: usize,
    is_whole: bool,
}

impl Query {
    /// Reads a search: phrases stand between double quotes, words between blanks. A quote that is not closed reaches to
    /// the end.
    pub(super) fn read(text: &str) -> Self {
        let mut terms = Vec::new();
        for (at, part) in text.split('"').enumerate() {
            let is_phrase = at % 2 == 1;
            let pieces: Vec<&str> = if is_phrase { vec![part] } else { part.split_whitespace().collect() };
            let pieces = pieces.into_iter().filter(|piece| !piece.trim().is_empty());
            terms.extend(pieces.map(|piece| Term { text: lower(piece).collect(), is_phrase }));
        }
        terms.truncate(TERMS_MAX);
        Self(terms)
    }

    /// How well a lead matches; `None` when a term is not in it at all.
    pub(super) fn score(&self, lead: &Lead) -> Option<u32> {
        let mut score = 0;
        for term in &self.0 {
            let best = lead.fields.iter().filter_map(|(_, value)| term.weight(value)).max();
            score += best.or_else(|| term.is_id(&lead.id.to_string()).then_some(3))?;
        }
        Some(score)
    }

    /// A text with what was found between marks; `None` when nothing was.
    pub(super) fn highlight(&self, text: &str) -> Option<String> {
        let mut places: Vec<Found> = self.0.iter().flat_map(|term| term.places(text)).collect();
        if places.is_empty() {
            return None;
        }
        places.sort_by_key(|found| (found.start, found.end));
        let mut marked = String::with_capacity(text.len() + places.len() * 9);
        let (mut done, mut places) = (0, places.into_iter().peekable());
        while let Some(mut found) = places.next() {
            // What overlaps is one.
            while let Some(next) = places.next_if(|next| next.start <= found.end) {
                found.end = found.end.max(next.end);
            }
            marked.push_str(&text[done..found.start]);
            marked.push_str("<em>");
            marked.push_str(&text[found.start..found.end]);
            marked.push_str("</em>");
            done = found.end;
        }
        marked.push_str(&text[done..]);
        Some(marked)
    }
}

impl Term {
    /// How much its best place in a text is worth: the whole text, a whole word, the beginning of one.
    fn weight(&self, text: &str) -> Option<u32> {
        let worth = |found: &Found| match found {
            Found { start: 0, end, .. } if *end == text.len() && found.is_whole => 4,
            Found { is_whole: true, .. } => 2,
            Found { .. } => 1,
        };
        self.places(text).map(|found| worth(&found)).max()
    }

    fn is_id(&self, id: &str) -> bool {
        self.text.iter().copied().eq(id.chars())
    }

    /// All its places in a text. A word's place reaches to the end of the word that it begins.
    fn places<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Found> + 't {
        let mut before = None;
        text.char_indices().filter_map(move |(start, c)| {
            let begins = self.is_phrase || is_word(c) && !before.is_some_and(is_word) || before.is_none();
            before = Some(c);
            let end = begins.then(|| starts_with(&text[start..], &self.text)).flatten()? + start;
            if self.is_phrase {
                return Some(Found { start, end, is_whole: true });
            }
            let rest: usize = text[end..].chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
            Some(Found { start, end: end + rest, is_whole: rest == 0 })
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
}

/// A text in lower case, letter by letter: nothing is copied for the thousands of texts that are only compared.
pub(super) fn lower(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// How many bytes of a text its beginning takes, when that is `wanted` but for case.
fn starts_with(text: &str, wanted: &[char]) -> Option<usize> {
    let mut wanted = wanted.iter();
    let mut length = 0;
    for c in text.chars() {
        if wanted.len() == 0 {
            break;
        }
        if !c.to_lowercase().all(|c| wanted.next() == Some(&c)) {
            return None;
        }
        length += c.len_utf8();
    }
    (wanted.len() == 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_beginnings_and_phrases_what_stands_there() {
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
            assert_eq!(Query::read(query).highlight(text).as_deref(), expected, "{query} in {text}");
        }
    }

    #[test]
    fn every_term_counts_and_whole_words_count_more() {
        let lead = |fields: &[(&str, &str)]| Lead {
            id: "69e3b1a2940df5a34a388e01".parse().unwrap(),
            latest: "69e3b1a3940df5a34a388f03".parse().unwrap(),
            submitted_ms: 0,
            fields: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        };
        let george = lead(&[("first_name", "George"), ("city", "Georgetown"), ("state", "TX")]);
        let score = |query: &str| Query::read(query).score(&george);
        assert_eq!(score(""), Some(0));
        assert_eq!((score("george"), score("georg"), score("georget")), (Some(4), Some(1), Some(1)));
        assert_eq!((score("geo tx"), score("geo ok")), (Some(5), None));
        assert_eq!(score("69E3B1A2940DF5A34A388E01"), Some(3));
        assert_eq!(Query::read(&"a ".repeat(1000)).0.len(), TERMS_MAX);
    }
}

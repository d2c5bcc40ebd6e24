//! `is obscene`: a short list of words, compared whole. The vendor's own list is not public.

use serde_json::Value;

use super::value;

const WORDS: [&str; 18] = [
    "arsehole",
    "asshole",
    "assholes",
    "bastard",
    "bitch",
    "bitches",
    "bullshit",
    "cunt",
    "cunts",
    "fuck",
    "fucked",
    "fucker",
    "fucking",
    "motherfucker",
    "shit",
    "shitty",
    "slut",
    "whore",
];

/// Whether one of the words stands in the text, or in one of the texts of a list.
pub(super) fn is_obscene(value: &Value) -> bool {
    value::any_text(value, &|text| {
        text.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.iter().any(|bad| word.eq_ignore_ascii_case(bad)))
    })
}

//! `is obscene`: a short list of whole words. LeadConduit's list is not public.

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

/// True if the text, or one of the texts of a list, contains one of the words.
pub(super) fn is_obscene(value: &Value) -> bool {
    value::any_text(value, &|text| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|word| WORDS.iter().any(|obscene| word.eq_ignore_ascii_case(obscene)))
    })
}

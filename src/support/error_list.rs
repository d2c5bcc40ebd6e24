//! Several errors as one text.

use std::fmt::Display;

/// Formats every error, separated by `separator`.
pub fn join<E: Display>(errors: &[E], separator: &str) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

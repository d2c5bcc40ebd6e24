//! Parses values by their field types: each line of standard input is a JSON array of a type and a value, each line of
//! standard output is the typed value, or with `--masked` the masked one. The argument is the time. The check of the
//! field types uses it.
//!
//! ```console
//! $ echo '["phone","(512) 789-1111"]' | cargo run --example field_types 2026-03-18T15:00:00Z
//! ```

use std::io::{BufRead, Error, Write};

use leadconduit_mock::Timestamp;
use leadconduit_mock::internals::{mask_value, parse_value};
use serde_json::Value;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_masked = arguments.iter().any(|argument| argument == "--masked");
    let now: Timestamp = arguments.first().and_then(|time| time.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let (field_type, value): (String, Value) = serde_json::from_str(&line?)?;
        let typed = parse_value(&field_type, &value, now);
        writeln!(output, "{}", if is_masked { mask_value(&typed) } else { typed })?;
    }
    Ok(())
}

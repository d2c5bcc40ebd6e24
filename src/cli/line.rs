//! An exchange as a line to read, for the log of `serve` and for `tail`, in colour where there is a terminal.

use std::fmt::{self, Display, Write};
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use serde::{Deserialize, Serialize};

use crate::sandbox::DEFAULT;
use crate::support::clock::Timestamp;

/// How wide a path is before what follows moves to the right.
const PATH_CHARS: usize = 40;

/// The same for an operation.
const OPERATION_CHARS: usize = 20;

/// How much of a path with its query a line has.
const PATH_CHARS_MAX: usize = 160;

/// How many violations stand below a line.
const VIOLATIONS_MAX: usize = 10;

/// How much of a violation, or of what a rule did, a line has.
const WORDS_CHARS_MAX: usize = 300;

/// What stands before a line that belongs to the one above.
const INDENT: &str = "               ";

/// An exchange as it is told; the names are those of the event `exchange`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct LogRecord {
    /// The sandbox.
    pub(super) sandbox: String,
    /// The number of the request in it.
    pub(super) id: u64,
    /// The method.
    pub(super) method: String,
    /// The path.
    pub(super) path: String,
    /// The query.
    pub(super) query: Option<String>,
    /// The operation.
    pub(super) operation: Option<String>,
    /// The status.
    pub(super) status: u16,
    /// The scenario.
    pub(super) scenario: Option<String>,
    /// How long the mock worked.
    pub(super) took_us: u64,
    /// How long the reply is held back.
    pub(super) delay_ms: u64,
    /// How the request broke the contract.
    pub(super) violations: Vec<Broken>,
    /// What rules and faults did.
    pub(super) faults: Vec<String>,
}

/// One way in which a request broke the contract.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Broken {
    location: String,
    code: String,
    message: String,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// There are.
    Colours,
    /// There are none.
    Plain,
}

impl Paint {
    /// Colours are for terminals, unless `NO_COLOR` says that they are not wanted.
    pub(super) fn on(stream: &impl IsTerminal) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if stream.is_terminal() && !unwanted { Self::Colours } else { Self::Plain }
    }

    /// Something in a style.
    pub(super) fn dye<T: Display>(self, style: Style, what: T) -> Styled<T> {
        Styled { style: if self == Self::Colours { style } else { Style::new() }, what }
    }
}

/// Something in a style. Width and alignment are those of what is within.
#[derive(Debug)]
pub(super) struct Styled<T> {
    style: Style,
    what: T,
}

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style.render())?;
        self.what.fmt(f)?;
        write!(f, "{}", self.style.render_reset())
    }
}

/// What need not be looked at.
pub(super) const DIM: Style = Style::new().dimmed();
/// What should be looked at.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What must be looked at.
pub(super) const ALARM: Style = AnsiColor::Red.on_default().bold();
/// What was done on purpose.
pub(super) const DEED: Style = AnsiColor::Magenta.on_default();
/// What is good.
const GOOD: Style = AnsiColor::Green.on_default();
/// What is neither good nor bad.
pub(super) const CALM: Style = AnsiColor::Cyan.on_default();
/// A name.
const NAME: Style = AnsiColor::Blue.on_default();

/// A text without what would upset a terminal or begin another line, and not longer than that; filled up with spaces
/// to a width.
#[derive(Debug)]
pub(super) struct Safe<'t>(pub(super) &'t str, pub(super) usize);

impl Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, chars_max) = *self;
        let mut chars = 0;
        for c in text.chars() {
            if chars == chars_max {
                return f.write_str("...");
            }
            f.write_char(if c.is_control() { '?' } else { c })?;
            chars += 1;
        }
        (chars..f.width().unwrap_or(0)).try_for_each(|_| f.write_char(' '))
    }
}

/// The time of day in UTC, to the millisecond.
#[derive(Debug)]
pub(super) struct TimeOfDay(pub(super) Timestamp);

impl Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millisecond().rem_euclid(86_400_000);
        let (s, ms) = (ms / 1000, ms % 1000);
        write!(f, "{:02}:{:02}:{:02}.{ms:03}Z", s / 3600, s / 60 % 60, s % 60)
    }
}

impl LogRecord {
    /// Writes it as a line, with lines below it for what is wrong, and what was done, with it.
    pub(super) fn write(&self, at: Timestamp, paint: Paint, out: &mut dyn Write) -> fmt::Result {
        let status = match self.status {
            ..300 => GOOD,
            300..400 => CALM,
            400..500 => WARNING,
            _ => ALARM,
        };
        write!(out, "{}  ", paint.dye(DIM, TimeOfDay(at)))?;
        write!(out, "{}  {:<6}  ", paint.dye(status, self.status), Safe(&self.method, 20))?;
        self.write_path(out)?;
        match &self.operation {
            Some(name) => write!(out, "  {:<OPERATION_CHARS$}", paint.dye(NAME, Safe(name, PATH_CHARS_MAX)))?,
            None => write!(out, "  {:<OPERATION_CHARS$}", paint.dye(DIM, "-"))?,
        }
        let (whole, part) = (self.took_us / 1000, self.took_us % 1000 / 10);
        write!(out, "  {}", paint.dye(DIM, format_args!("{whole}.{part:02} ms")))?;
        if self.delay_ms > 0 {
            write!(out, " {}", paint.dye(DEED, format_args!("+ {} ms", self.delay_ms)))?;
        }
        if self.sandbox != DEFAULT {
            write!(out, "  {}", paint.dye(CALM, format_args!("[{}]", Safe(&self.sandbox, 64))))?;
        }
        out.write_char('\n')?;
        for fault in &self.faults {
            writeln!(out, "{INDENT}{}  {}", paint.dye(DEED, "fault    "), Safe(fault, WORDS_CHARS_MAX))?;
        }
        for broken in self.violations.iter().take(VIOLATIONS_MAX) {
            write!(out, "{INDENT}{}  ", paint.dye(WARNING, "violation"))?;
            if !broken.location.is_empty() {
                write!(out, "{}  ", paint.dye(WARNING, Safe(&broken.location, WORDS_CHARS_MAX)))?;
            }
            writeln!(out, "{}", Safe(&broken.message, WORDS_CHARS_MAX))?;
        }
        if self.violations.len() > VIOLATIONS_MAX {
            let more = self.violations.len() - VIOLATIONS_MAX;
            writeln!(out, "{INDENT}{}", paint.dye(WARNING, format_args!("{more} more violations")))?;
        }
        Ok(())
    }

    fn write_path(&self, out: &mut dyn Write) -> fmt::Result {
        let path = self.path.chars().count();
        let mut chars = path;
        write!(out, "{}", Safe(&self.path, PATH_CHARS_MAX))?;
        if let Some(query) = self.query.as_deref().filter(|_| path < PATH_CHARS_MAX) {
            chars += query.chars().count() + 1;
            write!(out, "?{}", Safe(query, PATH_CHARS_MAX - path))?;
        }
        (chars..PATH_CHARS).try_for_each(|_| out.write_char(' '))
    }
}

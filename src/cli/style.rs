//! Colours of terminal output, for the log, `tail`, `report` and `leads`.

use std::fmt::{self, Display};
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

pub(super) use crate::recording::report::ColorMode;

/// Less important text.
pub(super) const DIM: Style = Style::new().dimmed();
/// Success.
pub(super) const SUCCESS: Style = AnsiColor::Green.on_default();
/// Neutral information.
pub(super) const INFO: Style = AnsiColor::Cyan.on_default();
/// Warnings, client errors and contract violations.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Errors.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Rules and faults that were applied.
pub(super) const FAULT: Style = AnsiColor::Magenta.on_default();
/// Names.
pub(super) const NAME: Style = AnsiColor::Blue.on_default();

/// Colours on terminals, unless `NO_COLOR` is set (see <https://no-color.org>).
pub(super) fn color_mode(stream: &impl IsTerminal) -> ColorMode {
    let is_disabled = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if stream.is_terminal() && !is_disabled { ColorMode::Ansi } else { ColorMode::Plain }
}

/// Applies a style to a value, if the mode has colours.
pub(super) fn styled<T: Display>(mode: ColorMode, style: Style, value: T) -> Styled<T> {
    Styled { style: if mode == ColorMode::Ansi { style } else { Style::new() }, value }
}

/// A value with a style. Width and alignment apply to the value.
#[derive(Debug)]
pub(super) struct Styled<T> {
    style: Style,
    value: T,
}

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style.render())?;
        self.value.fmt(f)?;
        write!(f, "{}", self.style.render_reset())
    }
}

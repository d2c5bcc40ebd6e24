//! Colours of terminal output: help, the first screen, the log, errors, and the output of `check`, `tail`, `report`,
//! `operations`, `scenarios` and `leads`.

use std::fmt::{self, Display, Write as _};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

pub(super) use crate::recording::report::ColorMode;

/// Less important text.
pub(super) const DIM: Style = Style::new().dimmed();
/// Text without a style.
pub(super) const PLAIN: Style = Style::new();
/// Headings.
pub(super) const HEADING: Style = Style::new().bold();
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

/// The styles of help and of the parser's errors.
pub(super) const HELP: Styles = Styles::styled()
    .header(HEADING)
    .usage(HEADING)
    .literal(INFO)
    .placeholder(Style::new())
    .error(ERROR)
    .valid(SUCCESS)
    .invalid(WARNING);

/// Colours on terminals, unless `NO_COLOR` is set; `CLICOLOR_FORCE` sets them elsewhere too. Help follows the same
/// rules, because it is printed through the same crate.
pub(super) fn color_mode(stream: &impl RawStream) -> ColorMode {
    if AutoStream::choice(stream) == ColorChoice::Never { ColorMode::Plain } else { ColorMode::Ansi }
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
        if self.style.is_plain() {
            return self.value.fmt(f);
        }
        write!(f, "{}", self.style.render())?;
        self.value.fmt(f)?;
        write!(f, "{}", self.style.render_reset())
    }
}

/// A message with its kind (`error`, `warning`) in front. The first line of each paragraph is prominent, carets and
/// hints have the colour of the kind, and line numbers are dimmed.
pub(super) fn message(mode: ColorMode, kind: &str, text: &str) -> String {
    let style = if kind == "error" { ERROR } else { WARNING };
    if mode == ColorMode::Plain {
        return format!("{kind}: {text}");
    }
    let mut out = format!("{}: ", styled(mode, style, kind));
    let mut is_first = true;
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let gutter = line.split_once('|').filter(|(number, _)| number.chars().all(|c| c.is_ascii_digit() || c == ' '));
        // Writing to a string does not fail.
        let _ = match gutter {
            Some((number, rest)) if rest.trim_start().starts_with('^') => {
                write!(out, "{}{}", styled(mode, DIM, format_args!("{number}|")), styled(mode, style, rest))
            }
            Some((number, rest)) => write!(out, "{}{rest}", styled(mode, DIM, format_args!("{number}|"))),
            None if is_first && !line.is_empty() => write!(out, "{}", styled(mode, HEADING, line)),
            None => write!(out, "{line}"),
        };
        is_first = line.is_empty();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_colored_by_their_parts() {
        let text = "f:1:4: unknown\n  |\n1 | a: b\n  |    ^ did you mean `c`?";
        assert_eq!(message(ColorMode::Plain, "error", text), format!("error: {text}"));
        let colored = message(ColorMode::Ansi, "error", text);
        let expected = "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: \u{1b}[1mf:1:4: unknown\u{1b}[0m\n\
                        \u{1b}[2m  |\u{1b}[0m\n\
                        \u{1b}[2m1 |\u{1b}[0m a: b\n\
                        \u{1b}[2m  |\u{1b}[0m\u{1b}[1m\u{1b}[31m    ^ did you mean `c`?\u{1b}[0m";
        assert_eq!(colored, expected);
    }
}

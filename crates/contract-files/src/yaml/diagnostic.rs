//! Errors in files, printed with file, line, column, an excerpt and a hint.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::message::UNKNOWN_KEY;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// The last column of a hint behind its caret. A longer hint is below the excerpt, in lines of this length.
const LABEL_COLUMNS_MAX: usize = 100;

/// The longest part of a line in an excerpt, in characters.
const EXCERPT_CHARS_MAX: usize = 160;

/// How many characters before the position an excerpt shows of a longer line.
const EXCERPT_BEFORE_CHARS: usize = 60;

/// An error in a file: its position, what is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file.
    pub file: PathBuf,
    /// Line and column, both from 1; `None` if the error concerns the whole file.
    pub position: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The text of the file, for the excerpt.
    pub(super) text: Option<Arc<str>>,
}

impl Diagnostic {
    /// A diagnostic of a whole file.
    #[must_use]
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), position: None, message: message.into(), hint: None, text: None }
    }

    /// Sets the hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The path to the map that has an unknown key, and the key, if that is what is wrong.
    #[must_use]
    pub fn unknown_key(&self) -> Option<(&str, &str)> {
        let (path, rest) = self.message.split_once(UNKNOWN_KEY)?;
        Some((path.trim_end_matches(": "), rest.strip_suffix('`')?))
    }

    /// File, position and message in one line, without the excerpt.
    #[must_use]
    pub fn title(&self) -> String {
        let at = self.position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        format!("{}{at}: {}", self.file.display(), self.message)
    }

    /// The lines around the position with a caret and the hint.
    fn excerpt(&self) -> Option<String> {
        let text = self.text.as_deref()?;
        let (line, column) = self.position?;
        let start = offset(text, line, column)?;
        let word = text[start..].find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}'));
        let mut end = word.map_or(text.len(), |length| start + length);
        if text[start..end].ends_with(':') {
            end -= 1;
        }
        let quoted = text[start..].chars().next().filter(|c| matches!(c, '\'' | '"'));
        let closed = quoted.and_then(|quote| text[start + 1..].find(quote).map(|length| start + length + 2));
        // A quoted string can contain spaces.
        let end = closed.filter(|end| !text[start..*end].contains('\n')).unwrap_or(end).max(start);
        // The renderer gets only the lines around the position, so that long files cost nothing extra.
        let first_line = line.saturating_sub(2).max(1);
        let window_start = offset(text, first_line, 1)?;
        let window_end = text[end..].find('\n').map_or(text.len(), |n| end + n);
        let (window, span) = cut_lines(&text[window_start..window_end], &(start - window_start..end - window_start));
        let mut annotation = AnnotationKind::Primary.span(span);
        if let Some(hint) = self.hint.as_deref().filter(|hint| column + hint.chars().count() <= LABEL_COLUMNS_MAX) {
            annotation = annotation.label(hint);
        }
        let snippet = Snippet::source(window.as_str()).line_start(first_line).fold(false).annotation(annotation);
        let report = [Level::ERROR.no_name().primary_title("").element(snippet)];
        let rendered = Renderer::plain().render(&report);
        let lines = rendered.lines().filter(|l| !l.trim().is_empty() && !l.starts_with(": "));
        let mut excerpt = lines.collect::<Vec<_>>().join("\n");
        if let Some(hint) = self.hint.as_deref().filter(|hint| column + hint.chars().count() > LABEL_COLUMNS_MAX) {
            let indent = " ".repeat(line.to_string().len() + 1);
            for (index, part) in wrap(hint, LABEL_COLUMNS_MAX - indent.len()).iter().enumerate() {
                let _ = write!(excerpt, "\n{indent}{} {part}", if index == 0 { '=' } else { ' ' });
            }
        }
        Some(excerpt)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title())?;
        match (self.excerpt(), &self.hint) {
            (Some(excerpt), _) => write!(f, "\n{excerpt}"),
            (None, Some(hint)) => write!(f, "\n  {hint}"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Formats diagnostics as text, one paragraph each.
#[must_use]
pub fn paragraphs(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

/// Formats diagnostics as text, one line each, without excerpts.
#[must_use]
pub fn titles(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(Diagnostic::title).collect::<Vec<_>>().join("\n")
}

/// Cuts the long lines of an excerpt, such as JSON without line breaks. The line of the span keeps the part around the
/// beginning of the span. Returns the span in the result.
fn cut_lines(window: &str, span: &Range<usize>) -> (String, Range<usize>) {
    let (mut cut, mut cut_span) = (String::new(), 0..0);
    let mut line_start = 0;
    for line in window.split('\n') {
        if line_start > 0 {
            cut.push('\n');
        }
        let is_marked = (line_start..=line_start + line.len()).contains(&span.start);
        let marked = if is_marked { span.start - line_start } else { 0 };
        let is_long = line.chars().count() > EXCERPT_CHARS_MAX;
        let before = line[..marked].chars().count();
        let skipped = if is_long { before.saturating_sub(EXCERPT_BEFORE_CHARS) } else { 0 };
        let byte_of = |index: usize| line.char_indices().nth(index).map_or(line.len(), |(byte, _)| byte);
        let (from, to) = (byte_of(skipped), byte_of(skipped + EXCERPT_CHARS_MAX));
        if skipped > 0 {
            cut.push_str("...");
        }
        if is_marked {
            let start = cut.len() + marked - from;
            cut_span = start..start + span.len().min(to - marked);
        }
        cut.push_str(&line[from..to]);
        if to < line.len() {
            cut.push_str("...");
        }
        line_start += line.len() + 1;
    }
    (cut, cut_span)
}

/// Breaks a text at spaces into lines of at most so many characters; longer words have lines of their own.
#[must_use]
pub fn wrap(text: &str, chars_max: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let length = lines.last().map_or(0, |line| line.chars().count());
        if length > 0 && length + 1 + word.chars().count() > chars_max {
            lines.push(word.to_owned());
        } else if let Some(last) = lines.last_mut() {
            if length > 0 {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// The byte offset of a line and column, both from 1; columns count characters.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text[start..].find('\n')? + 1;
    }
    let rest = &text[start..];
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    Some(start + within)
}

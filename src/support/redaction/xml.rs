//! Redaction of XML documents, whose structure is kept.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};

use super::names::{is_secret_name, names_secret_of_pair};
use super::{REDACTED, Redactor};

/// The document without secrets; `None` when it is not well-formed. Comments and declarations are left out, because
/// secrets could be in them.
pub(super) fn redact_xml(redactor: &Redactor, text: &str) -> Option<String> {
    // The name of a pair can follow its value, so that a document that contains one keeps no value at all.
    let has_pairs = Document { redactor, hides_all: false, found_name: false }.write(text)?.1;
    Document { redactor, hides_all: has_pairs, found_name: false }.write(text).map(|(text, _)| text)
}

struct Document<'r> {
    redactor: &'r Redactor,
    hides_all: bool,
    found_name: bool,
}

impl Document<'_> {
    /// The redacted document, and whether a text in it is the name of a secret.
    fn write(mut self, text: &str) -> Option<(String, bool)> {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<(String, bool)> = Vec::new();
        let mut content = String::new();
        let mut target = String::with_capacity(text.len());
        loop {
            let event = reader.read_event().ok()?;
            match &event {
                Event::Text(text) => content.push_str(&text.decode().ok()?),
                Event::CData(text) => content.push_str(&text.decode().ok()?),
                Event::GeneralRef(reference) => {
                    content.push('&');
                    content.push_str(&reference.decode().ok()?);
                    content.push(';');
                }
                _ => {
                    let is_secret = open.iter().any(|(_, is_secret)| *is_secret);
                    let element = open.last().map_or("", |(name, _)| name);
                    self.push_value(&mut target, element, &super::decode::decode(&content), is_secret);
                    content.clear();
                }
            }
            match &event {
                Event::Start(start) => open.push(self.push_start(&mut target, start, ">")?),
                Event::Empty(start) => drop(self.push_start(&mut target, start, "/>")?),
                Event::End(end) => {
                    open.pop()?;
                    target.push_str("</");
                    target.push_str(std::str::from_utf8(end.name().as_ref()).ok()?);
                    target.push('>');
                }
                Event::Eof => break,
                _ => {}
            }
        }
        open.is_empty().then_some((target, self.found_name))
    }

    /// Writes a start tag; returns the name of the element, and whether it is that of a secret.
    fn push_start(&mut self, target: &mut String, start: &BytesStart<'_>, end: &str) -> Option<(String, bool)> {
        let name = std::str::from_utf8(start.name().0).ok()?.to_owned();
        let is_secret = is_secret_name(&name);
        target.push('<');
        target.push_str(&name);
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            let name = std::str::from_utf8(attribute.key.0).ok()?;
            let value = std::str::from_utf8(&attribute.value).ok()?;
            target.push(' ');
            target.push_str(name);
            target.push_str("=\"");
            self.push_value(target, name, &super::decode::decode(value), is_secret || is_secret_name(name));
            target.push('"');
        }
        target.push_str(end);
        Some((name, is_secret))
    }

    fn push_value(&mut self, target: &mut String, name: &str, value: &str, is_secret: bool) {
        if value.trim().is_empty() {
            target.push_str(value);
            return;
        }
        self.found_name |= names_secret_of_pair(name, value);
        if is_secret {
            self.redactor.remember(value);
        }
        if is_secret || self.hides_all {
            target.push_str(REDACTED);
        } else {
            target.push_str(&escape(&*self.redactor.text(value)));
        }
    }
}

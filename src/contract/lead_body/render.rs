//! Serialises responses of the lead handler as JSON or XML.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::MediaType;
use crate::support::xml::is_xml_char;

/// Serialises a result. Null members are omitted from JSON and become empty elements in XML.
#[must_use]
pub fn render(result: &Map<String, Value>, media: MediaType) -> Vec<u8> {
    match media {
        // Serialising to memory cannot fail.
        MediaType::Json | MediaType::Form => serde_json::to_vec(&WithoutNulls(result)).unwrap_or_default(),
        MediaType::ApplicationXml | MediaType::TextXml => {
            let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
            // Writing to memory cannot fail.
            let _ = writer.write_event(Event::Decl(BytesDecl::new("1.0", None, None)));
            let _ = element(&mut writer, "result", result);
            writer.into_inner()
        }
    }
}

/// Serialises an object without its null members, those of inner objects included.
struct WithoutNulls<'a>(&'a Map<String, Value>);

impl Serialize for WithoutNulls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (name, value) in self.0 {
            match value {
                Value::Null => {}
                Value::Object(inner) => object.serialize_entry(name, &WithoutNulls(inner))?,
                value => object.serialize_entry(name, value)?,
            }
        }
        object.end()
    }
}

fn element(writer: &mut Writer<Vec<u8>>, name: &str, members: &Map<String, Value>) -> std::io::Result<()> {
    writer.write_event(Event::Start(BytesStart::new(name)))?;
    for (name, value) in members {
        let text = match value {
            Value::Object(inner) => {
                element(writer, name, inner)?;
                continue;
            }
            Value::Null => String::new(),
            Value::String(text) => text.chars().filter(|c| is_xml_char(*c)).collect(),
            other => other.to_string(),
        };
        if text.is_empty() {
            writer.write_event(Event::Empty(BytesStart::new(name.as_str())))?;
        } else {
            let text = quick_xml::escape::partial_escape(text);
            writer.create_element(name.as_str()).write_text_content(BytesText::from_escaped(text))?;
        }
    }
    writer.write_event(Event::End(BytesEnd::new(name)))
}

//! Serialises responses of the lead handler as JSON or XML.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value};

use super::MediaType;
use crate::support::xml::is_xml_char;

/// Serialises a result. Null members are omitted from JSON and become empty elements in XML.
#[must_use]
pub fn render(result: &Map<String, Value>, media: MediaType) -> Vec<u8> {
    match media {
        MediaType::Json | MediaType::Form => Value::Object(without_nulls(result)).to_string().into_bytes(),
        MediaType::ApplicationXml | MediaType::TextXml => {
            let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
            // Writing to memory cannot fail.
            let _ = writer.write_event(Event::Decl(BytesDecl::new("1.0", None, None)));
            let _ = element(&mut writer, "result", result);
            writer.into_inner()
        }
    }
}

fn without_nulls(result: &Map<String, Value>) -> Map<String, Value> {
    let members = result.iter().filter(|(_, value)| !value.is_null());
    members
        .map(|(name, value)| {
            let value = value.as_object().map_or_else(|| value.clone(), |inner| Value::Object(without_nulls(inner)));
            (name.clone(), value)
        })
        .collect()
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

//! The values of a request body, by its media type. Rules, templates and request patterns all see a body through
//! [`read_body_value`], so that a form matches like the same JSON.

use crate::support::json_text;
use serde_json::{Map, Value};

use super::{media, nest, pairs, xml};

/// The format of a request body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyFormat {
    /// JSON, and every format that is not known.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// XML.
    Xml,
}

impl BodyFormat {
    /// The format of a `Content-Type`. Unlike the lead handler, this does not depend on letter case.
    #[must_use]
    pub fn of(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            "application/xml" | "text/xml" => Self::Xml,
            other if other.ends_with("+xml") => Self::Xml,
            _ => Self::Json,
        }
    }
}

/// The values of a body: those of JSON, the parameters of a form, or the attributes and elements of an XML document.
/// The values of a form and of XML are texts; dotted names are nested, as the lead handler does it. `None` when the
/// body cannot be read.
#[must_use]
pub fn read_body_value(content_type: &str, bytes: &[u8]) -> Option<Value> {
    match BodyFormat::of(content_type) {
        BodyFormat::Json => json_text::parse(bytes).ok(),
        BodyFormat::Form => {
            let text = media::decode(bytes, content_type);
            let flat: Map<String, Value> = pairs(text.as_bytes());
            if flat.is_empty() {
                return None;
            }
            // Names that the lead handler rejects still have their values.
            Some(Value::Object(nest::nest(flat.clone()).unwrap_or(flat)))
        }
        BodyFormat::Xml => xml::read(&media::decode(bytes, content_type)).ok().map(Value::Object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bodies_are_read_by_their_media_type() {
        const FORM: &str = "application/x-www-form-urlencoded";
        let rows = [
            ("application/json", "{\"a\": 1}", Some(json!({"a": 1}))),
            ("", "[1]", Some(json!([1]))),
            ("", "a=1", None),
            ("text/plain", "{}", Some(json!({}))),
            (
                FORM,
                "a=1&b.c=x+y&b.d=%26&e=1&e=2",
                Some(json!({"a": "1", "b": {"c": "x y", "d": "&"}, "e": ["1", "2"]})),
            ),
            ("Application/X-WWW-Form-URLencoded; charset=utf-8", "a=1", Some(json!({"a": "1"}))),
            (FORM, "", None),
            (
                "text/xml",
                "<lead id='7'><a>1</a><b><c>2</c></b></lead>",
                Some(json!({"id": "7", "a": "1", "b": {"c": "2"}})),
            ),
            ("application/soap+xml", "<a><b/></a>", Some(json!({"b": ""}))),
            ("application/xml", "a=1", None),
        ];
        for (content_type, body, expected) in rows {
            assert_eq!(read_body_value(content_type, body.as_bytes()), expected, "{content_type} {body}");
        }
    }
}

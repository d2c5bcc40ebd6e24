//! Ids in a flow, and the references that events embed.

use serde_json::{Map, Value};

use crate::support::document::{Document, TypedDocument, is_same_id, text};
use crate::support::ids::ObjectId;

/// The id of a document: an object id, unless a scenario uses another text.
#[derive(Clone, Debug)]
pub(crate) struct DocumentId {
    /// The id as it is written; empty when there is none.
    pub(crate) text: String,
    /// The object id; `None` when the text is not one.
    pub(crate) object_id: Option<ObjectId>,
}

impl DocumentId {
    /// The property `id` of a document or of a reference.
    pub(super) fn of(document: &Value) -> Self {
        Self::at(document, "id")
    }

    /// A property that refers to a document.
    pub(super) fn at(document: &Value, name: &str) -> Self {
        let text = text(document, name).to_owned();
        Self { object_id: text.parse().ok(), text }
    }

    /// Whether it identifies the same document. The case of object ids does not matter.
    pub(crate) fn is(&self, other: &str) -> bool {
        is_same_id(&self.text, other)
    }
}

/// The `{id, sso_id, name}` reference that is embedded in events, with the properties that the document has.
pub(crate) fn entity_ref(document: &Value) -> Value {
    let names = ["id", "sso_id", "name"].into_iter();
    let present = names.filter_map(|name| {
        let value = document.get(name).filter(|value| value.is_string())?;
        Some((name.to_owned(), value.clone()))
    });
    Value::Object(present.collect::<Map<_, _>>())
}

/// The reference to an account that events embed, kept with the account's document.
#[derive(Debug)]
pub(crate) struct AccountReference(pub(crate) Value);

impl AccountReference {
    /// The reference to the account of a document.
    pub(crate) fn of(document: &Document) -> &Self {
        document.typed()
    }
}

impl TypedDocument for AccountReference {
    fn from_value(account: &Value) -> Self {
        Self(entity_ref(account))
    }
}

//! The documents that LeadConduit provides to every account: standard fields, types, variables, entities and packages.
//!
//! They are files under `standard/` in the contract's folder. They are parsed once and never change while a server
//! runs.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::support::document::{Document, canonical_id, text};

/// A collection of documents that belong to no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardCollection {
    /// Lead fields.
    Fields,
    /// Field types.
    Types,
    /// Variables of rules and templates.
    Vars,
    /// Entities: the parties of flows.
    Entities,
    /// Integrations.
    Packages,
}

impl StandardCollection {
    /// Every collection.
    pub const ALL: [Self; 5] = [Self::Fields, Self::Types, Self::Vars, Self::Entities, Self::Packages];

    /// The name of its file, without extension.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Types => "types",
            Self::Vars => "vars",
            Self::Entities => "entities",
            Self::Packages => "packages",
        }
    }

    /// The model of its documents.
    #[must_use]
    pub fn model(self) -> &'static str {
        match self {
            Self::Fields => "Field",
            Self::Types => "Type",
            Self::Vars => "Variable",
            Self::Entities => "Entity",
            Self::Packages => "IntegrationPackage",
        }
    }
}

/// The documents that LeadConduit provides to every account. They are parsed on first use.
#[derive(Debug, Default)]
pub struct StandardDocuments {
    bundle: Cow<'static, [u8]>,
    lists: OnceLock<[DocumentList; StandardCollection::ALL.len()]>,
}

/// The documents of one collection in file order, with an index by id.
#[derive(Debug, Default)]
struct DocumentList {
    documents: Vec<Arc<Document>>,
    /// Sorted by id, for binary search.
    by_id: Vec<(Box<str>, usize)>,
}

impl StandardDocuments {
    /// From the bundle: a JSON object with one array per file under `standard/`.
    #[must_use]
    pub fn new(bundle: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { bundle: bundle.into(), lists: OnceLock::new() }
    }

    fn list(&self, collection: StandardCollection) -> &DocumentList {
        let lists = self.lists.get_or_init(|| {
            // The loader wrote it, so parsing succeeds; a test parses the built-in one.
            let bundle: Value = serde_json::from_slice(&self.bundle).unwrap_or_default();
            StandardCollection::ALL
                .map(|collection| DocumentList::new(bundle.get(collection.name()).and_then(Value::as_array)))
        });
        &lists[collection as usize]
    }

    /// The documents of a collection, in file order.
    #[must_use]
    pub fn all(&self, collection: StandardCollection) -> &[Arc<Document>] {
        &self.list(collection).documents
    }

    /// The document with an id; for documents without an id, the one with that name.
    #[must_use]
    pub fn get(&self, collection: StandardCollection, id: &str) -> Option<&Arc<Document>> {
        let list = self.list(collection);
        let id = canonical_id(id);
        let position = list.by_id.binary_search_by(|(known, _)| (**known).cmp(&id)).ok()?;
        list.documents.get(list.by_id.get(position)?.1)
    }

    /// The package of a module. Its id is the part of the module's id before the first dot.
    #[must_use]
    pub fn package_of(&self, module: &str) -> Option<&Arc<Document>> {
        module.split_once('.').and_then(|(package, _)| self.get(StandardCollection::Packages, package))
    }
}

impl StandardDocuments {
    /// Whether a module exists. Its id is the id of its package, a dot, and its name in the package.
    #[must_use]
    pub fn has_module(&self, id: &str) -> bool {
        self.package_of(id)
            .is_some_and(|package| modules_of(package.value()).iter().any(|module| text(module, "id") == id))
    }

    /// The module with the most similar id, if one is similar.
    #[must_use]
    pub fn nearest_module(&self, id: &str) -> Option<&str> {
        let packages = self.all(StandardCollection::Packages).iter();
        contract_files::yaml::nearest(
            id,
            packages.flat_map(|package| modules_of(package.value())).map(|module| text(module, "id")),
        )
    }
}

/// The modules of a package (`integrations`).
#[must_use]
pub fn modules_of(package: &Value) -> &[Value] {
    package.get("integrations").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl DocumentList {
    fn new(values: Option<&Vec<Value>>) -> Self {
        let values = values.map_or(&[][..], Vec::as_slice);
        let documents: Vec<Arc<Document>> = values.iter().map(|value| Arc::new(Document::new(value))).collect();
        // Read from the values at hand: most documents are only listed, so that they are never parsed.
        let id_of = |value: &Value| Some(value.get("id").or_else(|| value.get("name"))?.as_str()?.into());
        let ids = values.iter().enumerate();
        let mut by_id: Vec<(Box<str>, usize)> = ids.filter_map(|(index, value)| Some((id_of(value)?, index))).collect();
        by_id.sort();
        Self { documents, by_id }
    }
}

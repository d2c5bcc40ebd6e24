//! What LeadConduit brings along for every account: standard fields, types, variables, entities and packages. It is
//! part of the contract's folder, is read once, and never changes while a server runs.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::support::document::{Document, key_of};

/// What there is many of, and nobody's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Fields of leads.
    Fields,
    /// Types of fields.
    Types,
    /// Variables of rules and templates.
    Vars,
    /// Parties of flows.
    Entities,
    /// Integrations.
    Packages,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Fields, Self::Types, Self::Vars, Self::Entities, Self::Packages];

    /// The name of its file, without the ending.
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

    /// The model that its documents keep.
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

/// The documents that LeadConduit brings along. They are read when something first asks for one.
#[derive(Debug, Default)]
pub struct Standard {
    bundle: Cow<'static, [u8]>,
    lists: OnceLock<[List; Kind::ALL.len()]>,
}

/// The documents of one kind in their order, and their places by id.
#[derive(Debug, Default)]
struct List {
    documents: Vec<Arc<Document>>,
    by_id: Vec<(Box<str>, usize)>,
}

impl Standard {
    /// From JSON: a map of lists, as the files under `standard/` are bundled.
    #[must_use]
    pub fn new(bundle: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { bundle: bundle.into(), lists: OnceLock::new() }
    }

    fn list(&self, kind: Kind) -> &List {
        let lists = self.lists.get_or_init(|| {
            // The contract wrote it, and a test reads it.
            let bundle: Value = serde_json::from_slice(&self.bundle).unwrap_or_default();
            Kind::ALL.map(|kind| List::new(bundle.get(kind.name()).and_then(Value::as_array)))
        });
        &lists[kind as usize]
    }

    /// All of one kind, in their order.
    #[must_use]
    pub fn all(&self, kind: Kind) -> &[Arc<Document>] {
        &self.list(kind).documents
    }

    /// The one with an id; with a name where there are no ids.
    #[must_use]
    pub fn get(&self, kind: Kind, id: &str) -> Option<&Arc<Document>> {
        let list = self.list(kind);
        let id = key_of(id);
        let at = list.by_id.binary_search_by(|(known, _)| (**known).cmp(&id)).ok()?;
        list.documents.get(list.by_id.get(at)?.1)
    }

    /// The package that a module comes in: its id is the part of the module's id before the first dot.
    #[must_use]
    pub fn package_of(&self, module: &str) -> Option<&Arc<Document>> {
        module.split_once('.').and_then(|(package, _)| self.get(Kind::Packages, package))
    }
}

/// The modules of a package, as its document lists them.
#[must_use]
pub fn modules_of(package: &Value) -> &[Value] {
    package.get("integrations").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl List {
    fn new(values: Option<&Vec<Value>>) -> Self {
        let values = values.into_iter().flatten();
        let documents: Vec<Arc<Document>> = values.map(|value| Arc::new(Document::new(value))).collect();
        let ids = documents.iter().enumerate();
        let ids = ids.filter_map(|(at, document)| Some((document.text("id").or(document.text("name"))?.into(), at)));
        let mut by_id: Vec<(Box<str>, usize)> = ids.collect();
        by_id.sort();
        Self { documents, by_id }
    }
}

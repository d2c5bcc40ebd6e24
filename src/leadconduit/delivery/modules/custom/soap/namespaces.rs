//! Prefixes and namespaces.

/// The key of the target namespace, and of names without a prefix.
pub(super) const TNS: &str = "__tns__";

/// Prefixes that the library leaves out.
pub(super) fn is_ignored(prefix: &str) -> bool {
    matches!(prefix, "tns" | "targetNamespace" | "typedNamespace")
}

/// Prefix and local name, without what follows a bar.
pub(super) fn split(name: &str) -> (&str, &str) {
    let name = name.split('|').next().unwrap_or_default();
    match name.split_once(':') {
        Some(("", local)) => (TNS, local),
        Some((prefix, local)) => (prefix, local),
        None => (TNS, name),
    }
}

/// Namespaces by prefix, in the order of their declaration.
#[derive(Clone, Debug, Default)]
pub(super) struct Namespaces(Vec<(String, String)>);

impl Namespaces {
    pub(super) fn get(&self, prefix: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str())
    }

    pub(super) fn set(&mut self, prefix: &str, uri: &str) {
        match self.0.iter_mut().find(|(known, _)| known == prefix) {
            Some((_, known)) => uri.clone_into(known),
            None => self.0.push((prefix.to_owned(), uri.to_owned())),
        }
    }

    pub(super) fn remove(&mut self, prefix: &str) {
        self.0.retain(|(known, _)| known != prefix);
    }

    pub(super) fn add_missing(&mut self, others: &Self) {
        for (prefix, uri) in &others.0 {
            if self.get(prefix).is_none() {
                self.0.push((prefix.clone(), uri.clone()));
            }
        }
    }

    pub(super) fn overwrite(&mut self, others: Self) {
        for (prefix, uri) in others.0 {
            self.set(&prefix, &uri);
        }
    }

    /// The first prefix of a namespace.
    pub(super) fn prefix_of(&self, uri: &str) -> Option<&str> {
        self.0.iter().find(|(prefix, known)| prefix != TNS && known == uri).map(|(prefix, _)| prefix.as_str())
    }

    /// The declarations in an envelope: those of standards are left out.
    pub(super) fn in_envelope(&self) -> String {
        let standards = ["http://schemas.xmlsoap.org/", "http://www.w3.org/", "http://xml.apache.org/"];
        let own = self.0.iter().filter(|(prefix, uri)| {
            !prefix.is_empty() && prefix != TNS && !standards.iter().any(|standard| uri.contains(standard))
        });
        own.map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\"")).collect()
    }
}

/// The prefixes that are in scope while an element is written.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    scopes: Vec<Vec<(String, Mapping)>>,
    generated: usize,
}

#[derive(Clone, Debug)]
struct Mapping {
    uri: Option<String>,
    is_declared: bool,
}

impl Scopes {
    pub(super) fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    pub(super) fn push(&mut self) {
        self.scopes.push(Vec::new());
    }

    pub(super) fn pop(&mut self) {
        self.scopes.pop();
    }

    fn mapping(&self, prefix: &str) -> Option<&Mapping> {
        let mut all = self.scopes.iter().rev().flat_map(|scope| scope.iter());
        all.find(|(known, _)| known == prefix).map(|(_, mapping)| mapping)
    }

    fn set(&mut self, prefix: &str, uri: Option<&str>, is_declared: bool) {
        let mapping = Mapping { uri: uri.map(str::to_owned), is_declared };
        if let Some(scope) = self.scopes.last_mut() {
            match scope.iter_mut().find(|(known, _)| known == prefix) {
                Some((_, known)) => *known = mapping,
                None => scope.push((prefix.to_owned(), mapping)),
            }
        }
    }

    /// Maps a prefix without declaring it.
    pub(super) fn add(&mut self, prefix: &str, uri: Option<&str>) {
        if self.mapping(prefix).and_then(|mapping| mapping.uri.as_deref()) != uri {
            self.set(prefix, uri, false);
        }
    }

    /// Declares a prefix; false when it was declared before.
    pub(super) fn declare(&mut self, prefix: &str, uri: Option<&str>) -> bool {
        if self.mapping(prefix).is_some_and(|mapping| mapping.uri.as_deref() == uri && mapping.is_declared) {
            return false;
        }
        self.set(prefix, uri, true);
        true
    }

    /// The prefix of a namespace, or a new one.
    pub(super) fn register(&mut self, uri: Option<&str>) -> String {
        let all = self.scopes.iter().rev().flat_map(|scope| scope.iter());
        let mut known = all.filter(|(_, mapping)| mapping.uri.as_deref() == uri).map(|(prefix, _)| prefix.clone());
        if let Some(prefix) = known.find(|prefix| !prefix.is_empty()) {
            return prefix;
        }
        loop {
            self.generated += 1;
            let prefix = format!("ns{}", self.generated);
            if self.mapping(&prefix).is_none_or(|mapping| mapping.uri.is_none()) {
                self.set(&prefix, uri, false);
                return prefix;
            }
        }
    }
}

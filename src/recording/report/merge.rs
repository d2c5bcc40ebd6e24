//! Several documents as one: what one run would have counted that did it all. The order in which they come does not
//! matter. Where contracts differ, what any of them documents is documented.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::document::{Deed, Document, Field, Operation, Parameter, Played, Status, Unmatched, VERSION, Violation};
use crate::contract::Evidence;

/// All of them as one.
#[must_use]
pub fn merge(documents: Vec<Document>) -> Document {
    let mut documents = documents.into_iter();
    let mut merged = documents.next().unwrap_or_else(|| Document { version: VERSION, ..Document::default() });
    for document in documents {
        absorb(&mut merged, document);
    }
    merged.settle();
    merged
}

fn absorb(mine: &mut Document, theirs: Document) {
    if mine.sandbox != theirs.sandbox {
        "*".clone_into(&mut mine.sandbox);
    }
    mine.mock = versions(&mine.mock, &theirs.mock);
    mine.exchanges = mine.exchanges.saturating_add(theirs.exchanges);
    mine.violating = mine.violating.saturating_add(theirs.violating);
    mine.untold = mine.untold.saturating_add(theirs.untold);
    union(&mut mine.operations, theirs.operations);
    union(&mut mine.scenarios, theirs.scenarios);
    union(&mut mine.violations, theirs.violations);
    union(&mut mine.unmatched, theirs.unmatched);
    union(&mut mine.deeds, theirs.deeds);
}

/// The versions of the mock that have counted.
fn versions(mine: &str, theirs: &str) -> String {
    let mut all: Vec<&str> = mine.split(", ").chain(theirs.split(", ")).filter(|one| !one.is_empty()).collect();
    all.sort_unstable();
    all.dedup();
    all.join(", ")
}

/// Something that may be in several documents.
trait Part {
    type Name: Ord;

    /// What makes it the same thing in all of them.
    fn name(&self) -> Self::Name;

    /// Adds what another document says of it.
    fn absorb(&mut self, other: Self);
}

/// Something that a contract may document, or not.
trait Unit: Part {
    fn evidence(&mut self) -> &mut Option<Evidence>;
}

fn union<T: Part>(mine: &mut Vec<T>, theirs: Vec<T>) {
    let mut all: BTreeMap<T::Name, T> = BTreeMap::new();
    for part in std::mem::take(mine).into_iter().chain(theirs) {
        match all.entry(part.name()) {
            Entry::Occupied(mut known) => known.get_mut().absorb(part),
            Entry::Vacant(place) => drop(place.insert(part)),
        }
    }
    mine.extend(all.into_values());
}

/// What nobody documents goes apart from what somebody does.
fn part<T: Unit>(documented: &mut Vec<T>, undocumented: &mut Vec<T>) {
    let both = std::mem::take(undocumented);
    union(documented, both);
    for mut unit in std::mem::take(documented) {
        if unit.evidence().is_some() { documented.push(unit) } else { undocumented.push(unit) }
    }
}

impl Part for Operation {
    type Name = String;

    fn name(&self) -> String {
        self.operation.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.evidence = self.evidence.min(other.evidence);
        if (&other.path, &other.method) < (&self.path, &self.method) {
            (self.path, self.method) = (other.path, other.method);
        }
        let mine = &mut self.undocumented;
        mine.statuses.extend(other.undocumented.statuses);
        mine.parameters.extend(other.undocumented.parameters);
        mine.fields.extend(other.undocumented.fields);
        self.statuses.extend(other.statuses);
        self.parameters.extend(other.parameters);
        self.fields.extend(other.fields);
        part(&mut self.statuses, &mut mine.statuses);
        part(&mut self.parameters, &mut mine.parameters);
        part(&mut self.fields, &mut mine.fields);
    }
}

/// The stronger of two kinds of evidence.
fn stronger(mine: Option<Evidence>, theirs: Option<Evidence>) -> Option<Evidence> {
    [mine, theirs].into_iter().flatten().min()
}

macro_rules! unit {
    ($unit:ty, $name:ident: $type:ty) => {
        impl Part for $unit {
            type Name = $type;

            fn name(&self) -> $type {
                self.$name.clone()
            }

            fn absorb(&mut self, other: Self) {
                self.count = self.count.saturating_add(other.count);
                self.evidence = stronger(self.evidence, other.evidence);
            }
        }

        impl Unit for $unit {
            fn evidence(&mut self) -> &mut Option<Evidence> {
                &mut self.evidence
            }
        }
    };
}

unit!(Status, status: u16);
unit!(Parameter, name: String);
unit!(Field, pointer: String);

impl Part for Played {
    type Name = String;

    fn name(&self) -> String {
        self.scenario.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.built_in |= other.built_in;
    }
}

impl Part for Violation {
    type Name = (Option<String>, String, String);

    fn name(&self) -> Self::Name {
        self.key()
    }

    fn absorb(&mut self, other: Self) {
        let count = self.count.saturating_add(other.count);
        // Servers have no common order of requests either: see the tally.
        if (&other.first, &other.message) < (&self.first, &self.message) {
            *self = other;
        }
        self.count = count;
    }
}

impl Part for Unmatched {
    type Name = (String, String);

    fn name(&self) -> Self::Name {
        (self.method.clone(), self.path.clone())
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
    }
}

impl Part for Deed {
    type Name = String;

    fn name(&self) -> String {
        self.deed.clone()
    }

    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
    }
}

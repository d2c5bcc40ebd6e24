//! The difference between two revisions of a document.
//!
//! The format of a delta is not documented. `delta_path`, the actions `changed`, `moved`, `removed` and `added` and the
//! `index` of a value match the common library jsondiffpatch, so its format is used (inferred): `[old, new]` for a
//! change, `[new]` for an addition, `[old, 0, 0]` for a removal, and for lists an object with `_t: "a"`, where `_3` is
//! an index in the old list.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

/// Not part of the difference, because the server sets it on every update.
const IGNORED: &str = "updated_at";

/// The list of changes, and the delta.
pub(super) fn diff(before: &Value, after: &Value) -> (Vec<Value>, Value) {
    let mut diff = Diff { changes: Vec::new(), path: Vec::new() };
    let delta = diff.compare(before, after).unwrap_or_else(|| json!({}));
    (diff.changes, delta)
}

struct Diff {
    changes: Vec<Value>,
    /// The current path in the delta.
    path: Vec<Part>,
}

/// A part of a path. A name can look like an index, or be empty.
enum Part {
    Name(String),
    Index(String),
}

impl Part {
    fn text(&self) -> &str {
        let (Self::Name(text) | Self::Index(text)) = self;
        text
    }
}

impl Diff {
    /// The delta of two values; `None` when they are equal.
    fn compare(&mut self, before: &Value, after: &Value) -> Option<Value> {
        match (before, after) {
            _ if before == after => None,
            (Value::Object(before), Value::Object(after)) => self.compare_objects(before, after),
            (Value::Array(before), Value::Array(after)) => Some(self.compare_lists(before, after)),
            _ => {
                self.change("changed", Some((before, None)), Some((after, None)));
                Some(json!([before, after]))
            }
        }
    }

    fn compare_objects(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) -> Option<Value> {
        let mut delta = Map::new();
        let is_root = self.path.is_empty();
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        for name in names.filter(|name| !(is_root && *name == IGNORED)) {
            let part = self.at(Part::Name(name.clone()), |here| match (before.get(name), after.get(name)) {
                (Some(before), Some(after)) => here.compare(before, after),
                (Some(before), None) => Some(here.removed(before, None)),
                (None, Some(after)) => Some(here.added(after, None)),
                (None, None) => None,
            });
            if let Some(part) = part {
                delta.insert(name.clone(), part);
            }
        }
        (!delta.is_empty()).then_some(Value::Object(delta))
    }

    fn compare_lists(&mut self, before: &[Value], after: &[Value]) -> Value {
        let old_indices = match_items(before, after);
        let in_place = longest_increasing_subsequence(&old_indices);
        let matched: HashSet<usize> = old_indices.iter().flatten().copied().collect();
        let mut delta = Map::new();
        delta.insert("_t".to_owned(), "a".into());
        for (index, value) in before.iter().enumerate().filter(|(index, _)| !matched.contains(index)) {
            let name = format!("_{index}");
            let part = self.at(Part::Index(name.clone()), |here| here.removed(value, Some(index)));
            delta.insert(name, part);
        }
        for (index, value) in after.iter().enumerate() {
            let Some(old) = old_indices[index] else {
                let part = self.at(Part::Index(index.to_string()), |here| here.added(value, Some(index)));
                delta.insert(index.to_string(), part);
                continue;
            };
            if !in_place.contains(&old) {
                let name = format!("_{old}");
                self.at(Part::Index(name.clone()), |here| {
                    here.change("moved", Some((value, Some(old))), Some((value, Some(index))));
                });
                delta.insert(name, json!(["", index, 3]));
            }
            if let Some(part) = self.at(Part::Index(index.to_string()), |here| here.compare(&before[old], value)) {
                delta.insert(index.to_string(), part);
            }
        }
        Value::Object(delta)
    }

    fn added(&mut self, value: &Value, index: Option<usize>) -> Value {
        self.change("added", None, Some((value, index)));
        json!([value])
    }

    fn removed(&mut self, value: &Value, index: Option<usize>) -> Value {
        self.change("removed", Some((value, index)), None);
        json!([value, 0, 0])
    }

    fn change(&mut self, action: &str, before: Option<Side<'_>>, after: Option<Side<'_>>) {
        // The last part of the path that is a name. Documents are objects, so that there is one.
        let target = self.path.iter().rev().find(|part| matches!(part, Part::Name(_)));
        let path: Vec<&str> = self.path.iter().map(Part::text).collect();
        let target = target.map(Part::text).unwrap_or_default();
        let mut change = json!({"action": action, "target": target, "delta_path": path.join(".")});
        for (name, side) in [("previous", before), ("current", after)] {
            let Some((value, index)) = side else { continue };
            change[name] = json!({"value": value});
            if let Some(index) = index {
                change[name]["index"] = index.into();
            }
        }
        self.changes.push(change);
    }

    fn at<T>(&mut self, part: Part, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(part);
        let result = inside(self);
        self.path.pop();
        result
    }
}

/// A value of one revision, with its index if it is in a list.
type Side<'v> = (&'v Value, Option<usize>);

/// For each item of the new list, the index of the same item in the old list: the item with the same id, or an equal
/// item.
fn match_items(before: &[Value], after: &[Value]) -> Vec<Option<usize>> {
    let key = |item: &Value| item.get("id").and_then(Value::as_str).map_or_else(|| item.to_string(), str::to_owned);
    let mut positions: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (index, item) in before.iter().enumerate() {
        positions.entry(key(item)).or_default().push_back(index);
    }
    after.iter().map(|item| positions.get_mut(&key(item))?.pop_front()).collect()
}

/// The old indices of the items that keep their relative order; the largest such set.
fn longest_increasing_subsequence(old_indices: &[Option<usize>]) -> HashSet<usize> {
    // The smallest last index of an increasing run of each length, and for each index its predecessor in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: HashMap<usize, usize> = HashMap::new();
    for index in old_indices.iter().flatten().copied() {
        let length = ends.partition_point(|end| *end < index);
        if let Some(before) = length.checked_sub(1).and_then(|at| ends.get(at)) {
            previous.insert(index, *before);
        }
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut kept = HashSet::new();
    let mut index = ends.last().copied();
    while let Some(at) = index {
        kept.insert(at);
        index = previous.get(&at).copied();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changes as lines of action, target and path.
    fn lines(before: &Value, after: &Value) -> (Vec<String>, Value) {
        let (changes, delta) = diff(before, after);
        let line = |change: &Value| {
            let text = |name: &str| change[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", text("action"), text("target"), text("delta_path"))
        };
        (changes.iter().map(line).collect(), delta)
    }

    #[test]
    fn objects_are_compared_by_name() {
        let before = json!({"name": "Old", "same": [1], "gone": true, "inner": {"a": 1}, "updated_at": "x"});
        let after = json!({"name": "New", "same": [1], "come": 5, "inner": {"a": 2}, "updated_at": "y"});
        let (lines, delta) = lines(&before, &after);
        assert_eq!(lines, ["changed name name", "removed gone gone", "changed a inner.a", "added come come"]);
        assert_eq!(delta, json!({"name": ["Old", "New"], "gone": [true, 0, 0], "inner": {"a": [1, 2]}, "come": [5]}));
        assert_eq!(diff(&before, &before), (Vec::new(), json!({})));
    }

    #[test]
    fn list_items_are_matched_by_id() {
        let before = json!({"steps": [{"id": "a", "on": true}, {"id": "b"}, {"id": "c"}, {"id": "d"}]});
        let after = json!({"steps": [{"id": "c"}, {"id": "a", "on": false}, {"id": "b"}, {"id": "e"}]});
        let (lines, delta) = lines(&before, &after);
        assert_eq!(
            lines,
            ["removed steps steps._3", "moved steps steps._2", "changed on steps.1.on", "added steps steps.3"]
        );
        assert_eq!(
            delta["steps"],
            json!({"_t": "a", "_3": [{"id": "d"}, 0, 0], "_2": ["", 0, 3], "1": {"on": [true, false]}, "3": [{"id": "e"}]})
        );
    }

    #[test]
    fn list_items_have_an_index() {
        let (changes, _) = diff(&json!({"fields": ["a", "b"]}), &json!({"fields": ["b"]}));
        assert_eq!(
            changes,
            [
                json!({"action": "removed", "target": "fields", "delta_path": "fields._0", "previous": {"value": "a", "index": 0}})
            ]
        );
    }
}

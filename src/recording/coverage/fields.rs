//! Counts which fields of JSON bodies were sent. A body whose fields are all known allocates nothing.

use serde_json::Value;

/// The most distinct fields of one operation: clients can send any number of names.
const FIELDS_MAX: usize = 1000;

/// The deepest level that is counted.
const DEPTH_MAX: usize = 16;

/// Longer names are truncated: a name can be as long as a body.
const NAME_CHARS_MAX: usize = 200;

/// Field counts as a tree of names. All items of a list are one field, named `*`.
#[derive(Clone, Debug, Default)]
pub struct FieldCounts {
    root: FieldNode,
    /// The number of nodes, for `FIELDS_MAX`.
    nodes: usize,
}

#[derive(Clone, Debug, Default)]
struct FieldNode {
    name: Box<str>,
    count: u64,
    children: Vec<FieldNode>,
}

impl FieldCounts {
    /// Counts the fields of a body.
    pub fn count_body(&mut self, body: &Value) {
        count_fields(&mut self.root, &mut self.nodes, body, 0);
    }

    /// Adds the counts of another tree.
    pub fn merge(&mut self, other: &Self) {
        merge(&mut self.root, &mut self.nodes, &other.root);
    }

    /// Every counted field as an RFC 6901 pointer (`*` for the items of a list), with its count.
    #[must_use]
    pub fn list(&self) -> Vec<(String, u64)> {
        let mut list = Vec::new();
        collect(&self.root, "", &mut list);
        list
    }
}

/// The child of that name, which is created when it is new. `None` at the limit.
fn child<'n>(node: &'n mut FieldNode, nodes: &mut usize, name: &str) -> Option<&'n mut FieldNode> {
    let name = name.char_indices().nth(NAME_CHARS_MAX).map_or(name, |(end, _)| &name[..end]);
    let index = match node.children.iter().position(|child| &*child.name == name) {
        Some(index) => index,
        None if *nodes < FIELDS_MAX => {
            *nodes += 1;
            node.children.push(FieldNode { name: name.into(), ..FieldNode::default() });
            node.children.len() - 1
        }
        None => return None,
    };
    node.children.get_mut(index)
}

fn count_fields(node: &mut FieldNode, nodes: &mut usize, value: &Value, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if let Some(next) = child(node, nodes, name) {
                    next.count += 1;
                    count_fields(next, nodes, value, depth + 1);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if let Some(next) = child(node, nodes, "*") {
                    next.count += 1;
                    count_fields(next, nodes, item, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn merge(into: &mut FieldNode, nodes: &mut usize, from: &FieldNode) {
    into.count = into.count.saturating_add(from.count);
    for other in &from.children {
        if let Some(next) = child(into, nodes, &other.name) {
            merge(next, nodes, other);
        }
    }
}

fn collect(node: &FieldNode, pointer: &str, list: &mut Vec<(String, u64)>) {
    for child in &node.children {
        let pointer = format!("{pointer}/{}", contract_files::pointer::escape(&child.name));
        if child.count > 0 {
            list.push((pointer.clone(), child.count));
        }
        collect(child, &pointer, list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_counted_once_per_occurrence_and_list_items_together() {
        let mut fields = FieldCounts::default();
        fields.count_body(&json!({"a": {"b/c": 1}, "list": [{"x": 1}, {"x": 2, "y": null}]}));
        fields.count_body(&json!({"a": null}));
        let expected = [("/a", 2), ("/a/b~1c", 1), ("/list", 1), ("/list/*", 2), ("/list/*/x", 2), ("/list/*/y", 1)];
        assert_eq!(fields.list(), expected.map(|(pointer, count)| (pointer.to_owned(), count)));
        let mut both = FieldCounts::default();
        both.count_body(&json!({"a": {"b/c": 2}}));
        both.merge(&fields);
        assert_eq!(both.list()[1], ("/a/b~1c".to_owned(), 2));
    }

    #[test]
    fn fields_name_length_and_depth_are_bounded() {
        let mut fields = FieldCounts::default();
        for number in 0..3000 {
            fields.count_body(&json!({number.to_string(): 1}));
        }
        assert_eq!(fields.list().len(), FIELDS_MAX);
        let mut fields = FieldCounts::default();
        fields.count_body(&json!({"ä".repeat(10_000): {"x": 1}}));
        assert_eq!(fields.list()[0].0.chars().count(), NAME_CHARS_MAX + 1);
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let mut fields = FieldCounts::default();
        fields.count_body(&deep);
        assert_eq!(fields.list().len(), DEPTH_MAX + 1);
    }
}

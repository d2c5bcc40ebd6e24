//! Which parts of a JSON body have been sent. Walking a body that brings nothing new takes no memory.

use serde_json::Value;

/// How many parts are told apart; a body may be made of as many names as there are words.
const PARTS_MAX: usize = 1000;

/// How deep a body is looked into.
const DEPTH_MAX: usize = 16;

/// How much of a name is kept; a name may be as long as a body.
const NAME_CHARS_MAX: usize = 200;

/// The parts of bodies that have been seen, as a tree of names. The items of a list are one part, named `*`.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    root: Node,
    count: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    name: Box<str>,
    times: u64,
    below: Vec<Node>,
}

impl Fields {
    /// Counts the parts of a body.
    pub fn see(&mut self, body: &Value) {
        walk(&mut self.root, &mut self.count, body, 0);
    }

    /// Adds what others have counted.
    pub fn merge(&mut self, other: &Self) {
        merge(&mut self.root, &mut self.count, &other.root);
    }

    /// Every part that was seen, as an RFC 6901 pointer (`*` for the items of a list), with how often.
    #[must_use]
    pub fn list(&self) -> Vec<(String, u64)> {
        let mut list = Vec::new();
        collect(&self.root, "", &mut list);
        list
    }

    /// Counts a part, as [`Fields::list`] tells it.
    pub fn add(&mut self, pointer: &str, times: u64) {
        let mut node = &mut self.root;
        for name in pointer.split('/').skip(1) {
            let name = contract_files::pointer::unescape(name);
            let Some(next) = below(node, &mut self.count, &name) else { return };
            node = next;
        }
        node.times = node.times.saturating_add(times);
    }
}

/// The node of that name, made if there is room.
fn below<'n>(node: &'n mut Node, count: &mut usize, name: &str) -> Option<&'n mut Node> {
    let name = name.char_indices().nth(NAME_CHARS_MAX).map_or(name, |(end, _)| &name[..end]);
    let at = match node.below.iter().position(|one| &*one.name == name) {
        Some(at) => at,
        None if *count < PARTS_MAX => {
            *count += 1;
            node.below.push(Node { name: name.into(), ..Node::default() });
            node.below.len() - 1
        }
        None => return None,
    };
    node.below.get_mut(at)
}

fn walk(node: &mut Node, count: &mut usize, value: &Value, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if let Some(next) = below(node, count, name) {
                    next.times += 1;
                    walk(next, count, value, depth + 1);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if let Some(next) = below(node, count, "*") {
                    next.times += 1;
                    walk(next, count, item, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn merge(into: &mut Node, count: &mut usize, from: &Node) {
    into.times = into.times.saturating_add(from.times);
    for other in &from.below {
        if let Some(next) = below(into, count, &other.name) {
            merge(next, count, other);
        }
    }
}

fn collect(node: &Node, at: &str, list: &mut Vec<(String, u64)>) {
    for one in &node.below {
        let at = format!("{at}/{}", contract_files::pointer::escape(&one.name));
        if one.times > 0 {
            list.push((at.clone(), one.times));
        }
        collect(one, &at, list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_are_counted_once_a_body_and_items_together() {
        let mut fields = Fields::default();
        fields.see(&json!({"a": {"b/c": 1}, "list": [{"x": 1}, {"x": 2, "y": null}]}));
        fields.see(&json!({"a": null}));
        let expected = [("/a", 2), ("/a/b~1c", 1), ("/list", 1), ("/list/*", 2), ("/list/*/x", 2), ("/list/*/y", 1)];
        assert_eq!(fields.list(), expected.map(|(at, times)| (at.to_owned(), times)));
        let mut both = Fields::default();
        both.add("/a/b~1c", 5);
        both.merge(&fields);
        assert_eq!(both.list()[1], ("/a/b~1c".to_owned(), 6));
    }

    #[test]
    fn names_without_end_take_no_memory_without_end() {
        let mut fields = Fields::default();
        for number in 0..3000 {
            fields.see(&json!({number.to_string(): 1}));
        }
        assert_eq!(fields.list().len(), PARTS_MAX);
        let mut fields = Fields::default();
        fields.see(&json!({"ä".repeat(10_000): {"x": 1}}));
        assert_eq!(fields.list()[0].0.chars().count(), NAME_CHARS_MAX + 1);
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let mut fields = Fields::default();
        fields.see(&deep);
        assert_eq!(fields.list().len(), DEPTH_MAX + 1);
    }
}

//! The members of a stored JSON object as parts of its text. They take no memory beyond a list that is dropped after the
//! read, where a parsed value takes several times the memory of the text.

use std::borrow::Cow;

/// The names and the values of an object, as JSON.
#[derive(Debug)]
pub(crate) struct JsonMembers<'j> {
    json: &'j str,
    members: &'j [MemberRange],
}

/// Where a member is in the text of its object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberRange {
    name: u32,
    colon: u32,
    end: u32,
}

impl<'j> JsonMembers<'j> {
    /// The members of an object in compact JSON, as the mock stores it, of which [`ranges`] are known.
    pub(crate) fn new(json: &'j str, members: &'j [MemberRange]) -> Self {
        Self { json, members }
    }

    /// The value of a member, as JSON. Names with escapes are not found.
    pub(crate) fn get(&self, name: &str) -> Option<&'j str> {
        // Most other names have another length.
        let length = name.len() + 2;
        let member = self.members.iter().find(|member| {
            member.name_length() == length && member.name_in(self.json).is_some_and(|member| is_quoted(member, name))
        });
        member?.value_in(self.json)
    }

    /// The value of a member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'j, str>> {
        unquoted(self.get(name)?)
    }

    /// The names, in their quotes, with their values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'j str, &'j str)> {
        self.members.iter().filter_map(|member| Some((member.name_in(self.json)?, member.value_in(self.json)?)))
    }
}

impl MemberRange {
    fn name_length(self) -> usize {
        usize::try_from(self.colon - self.name).unwrap_or(usize::MAX)
    }

    fn name_in(self, json: &str) -> Option<&str> {
        json.get(usize::try_from(self.name).ok()?..usize::try_from(self.colon).ok()?)
    }

    fn value_in(self, json: &str) -> Option<&str> {
        json.get(usize::try_from(self.colon).ok()? + 1..usize::try_from(self.end).ok()?)
    }
}

/// Where the members of an object are in its text. Other text has none.
pub(crate) fn ranges(json: &str) -> Vec<MemberRange> {
    read(json).unwrap_or_default()
}

/// The value of a member of an object that is a string. The members after it are not read.
pub(crate) fn text_of<'j>(json: &'j str, name: &str) -> Option<Cow<'j, str>> {
    let mut at = begin(json)?;
    while let Some(member) = next(json, &mut at) {
        if member.name_in(json).is_some_and(|member| is_quoted(member, name)) {
            return unquoted(member.value_in(json)?);
        }
    }
    None
}

fn is_quoted(member: &str, name: &str) -> bool {
    member.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name)
}

/// The text of a JSON string.
fn unquoted(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

fn read(json: &str) -> Option<Vec<MemberRange>> {
    let mut at = begin(json)?;
    let mut members = Vec::with_capacity(16);
    while let Some(member) = next(json, &mut at) {
        members.push(member);
    }
    // Complete only when the object ends.
    (json.as_bytes().get(at) == Some(&b'}') || members.is_empty()).then_some(members)
}

/// The index of the bracket that begins an object.
fn begin(json: &str) -> Option<usize> {
    json.starts_with('{').then_some(0)
}

/// The next member. `at` is the index of the comma or bracket before it, then of the one after it.
fn next(json: &str, at: &mut usize) -> Option<MemberRange> {
    let (bytes, name) = (json.as_bytes(), *at + 1);
    if bytes.get(name) != Some(&b'"') {
        return None;
    }
    let colon = end_of_string(bytes, name)?;
    let end = end_of_value(bytes, colon + 1)?;
    *at = end;
    let index = |index: usize| u32::try_from(index).ok();
    Some(MemberRange { name: index(name)?, colon: index(colon)?, end: index(end)? })
}

/// The index after the string that begins at an index.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        let rest = bytes.get(at..)?;
        let special = memchr::memchr2(b'"', b'\\', rest)?;
        at += special + 1;
        if rest[special] == b'"' {
            return Some(at);
        }
        // An escaped character.
        at += 1;
    }
}

/// The index after the value that begins at an index: that of the next comma or bracket outside of it.
fn end_of_value(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = end_of_string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn members_are_those_of_the_parsed_object() {
        for object in [
            json!({}),
            json!({"a": 1}),
            json!({"a\"b": {"c": [1, {"d": "}],{\\"}]}, "e": "x,y\"", "f": null, "g": [], "h": -1.5e3, "": "ü\n"}),
        ] {
            let text = object.to_string();
            let ranges = ranges(&text);
            let members = JsonMembers::new(&text, &ranges);
            let read: serde_json::Map<String, Value> = members
                .iter()
                .map(|(name, value)| (serde_json::from_str(name).unwrap(), serde_json::from_str(value).unwrap()))
                .collect();
            assert_eq!(Value::Object(read), object);
        }
        for other in ["", "[1]", "null", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":[1", "\"a\""] {
            assert!(ranges(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn members_are_found_by_name() {
        let text = json!({"id": "a", "escaped": "b\"c", "flag": true, "inner": {"id": "d"}}).to_string();
        let ranges = ranges(&text);
        let members = JsonMembers::new(&text, &ranges);
        assert_eq!(members.text("id").as_deref(), Some("a"));
        assert_eq!(members.text("escaped").as_deref(), Some("b\"c"));
        assert_eq!((members.get("flag"), members.text("flag")), (Some("true"), None));
        assert_eq!(members.get("inner").map(|inner| text_of(inner, "id")), Some(Some("d".into())));
        assert_eq!(members.get("nothing"), None);
        for name in ["id", "escaped", "flag", "inner", "nothing"] {
            assert_eq!(text_of(&text, name), members.text(name), "{name}");
        }
    }
}

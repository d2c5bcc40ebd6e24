//! The lists of an account and their entries.

use std::ops::Bound;
use std::sync::Arc;

use md5::Digest as _;
use serde_json::{Value, json};

use super::super::hex;
use crate::config::limits::{LIST_ENTRIES_MAX, LIST_VALUE_BYTES_MAX};
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::state::{Account, Collection};
use crate::support::document::{Document, text};

/// The length of an MD5 hash in hexadecimal digits.
const MD5_LENGTH: usize = 32;

/// The name of a list in addresses: lower case, with `_` for blanks, without other characters than letters and digits.
#[must_use]
pub fn url_name(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let underscored = lower.chars().map(|c| if c.is_whitespace() { '_' } else { c });
    underscored.filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// A value in the form that is compared. Punctuation counts.
#[must_use]
pub fn normalise(value: &str) -> String {
    value.trim().to_lowercase()
}

/// The id of a value on a list; `None` for an empty value or list name.
#[must_use]
pub fn entry_id(list: &str, value: &str) -> Option<String> {
    let (list, value) = (url_name(list), normalise(value));
    (!list.is_empty() && !value.is_empty()).then(|| format!("{list}/{value}"))
}

/// An entry with another id than that of its list and its value is never found. What is wrong, and the right id.
#[must_use]
pub fn find_wrong_id(entry: &Value) -> Option<(String, String)> {
    let id = text(entry, "id");
    let expected = entry_id(text(entry, "list_name"), text(entry, "value"));
    let expected = expected.filter(|expected| expected != id && !id.is_empty())?;
    Some((format!("the id {id} is not that of this value on this list, so that it would never be found"), expected))
}

/// The MD5 hash of a value, in hexadecimal digits. The service stores no other form.
#[must_use]
pub fn hash(value: &str) -> String {
    hex(&md5::Md5::digest(normalise(value)))
}

/// The id of a list in the service. The world knows lists by name; the id is derived from it.
#[must_use]
pub fn list_id(url_name: &str) -> String {
    hash(url_name)[..24].to_owned()
}

/// Whether a list exists.
#[must_use]
pub fn exists(account: &Account, url_name: &str) -> bool {
    account.get(Collection::Lists, url_name).is_some() || entries(account, url_name).next().is_some()
}

/// The entry for a value on a list: of the value itself, of its hash, or of the value whose hash it is.
#[must_use]
pub fn find<'a>(account: &'a Account, list: &str, value: &str) -> Option<&'a Arc<Document>> {
    let get = |value: &str| account.get(Collection::ListEntries, &entry_id(list, value)?);
    if let Some(entry) = get(value) {
        return Some(entry);
    }
    let value = normalise(value);
    if value.is_empty() {
        return None;
    }
    if value.len() == MD5_LENGTH && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let has_hash = |entry: &&Arc<Document>| entry.text("value").is_some_and(|listed| hash(listed) == value);
        return entries(account, &url_name(list)).find(has_hash);
    }
    get(&hash(&value))
}

/// The entries of a list.
fn entries<'a>(account: &'a Account, url_name: &str) -> impl Iterator<Item = &'a Arc<Document>> {
    let prefix = format!("{url_name}/");
    let all = account.all(Collection::ListEntries);
    let from = all.range::<_, str>((Bound::Included(&*prefix), Bound::Unbounded));
    from.take_while(move |(id, _)| id.starts_with(&*prefix)).map(|(_, entry)| entry)
}

/// Adds a value to a list, or sets the time of the one that is there. Returns whether it is on the list now: a blank or
/// long value is not, nor one beyond the limit of entries.
///
/// # Errors
///
/// When the entry cannot be stored.
pub fn add(
    context: &mut WriteContext<'_>,
    account_id: &str,
    list: &str,
    value: &str,
    added_at: &str,
) -> Result<bool, ApiError> {
    let Some(account) = context.world.account(account_id) else { return Ok(false) };
    let known = find(account, list, value).and_then(|entry| entry.text("id")).map(str::to_owned);
    let has_room = known.is_some() || account.all(Collection::ListEntries).len() < LIST_ENTRIES_MAX;
    let Some(id) = known.or_else(|| entry_id(list, value)) else { return Ok(false) };
    if !has_room || id.len() > LIST_VALUE_BYTES_MAX {
        return Ok(false);
    }
    let (list, value) = id.split_once('/').unwrap_or_default();
    let entry = json!({"id": id, "list_name": list, "value": value, "added_at": added_at});
    context.put_for_account(account_id, Collection::ListEntries, &entry)?;
    Ok(true)
}

/// Removes a value from a list. Returns whether it was on the list.
pub fn remove(context: &mut WriteContext<'_>, account_id: &str, list: &str, value: &str) -> bool {
    let entry = context.world.account(account_id).and_then(|account| find(account, list, value));
    let Some(id) = entry.and_then(|entry| entry.text("id")).map(str::to_owned) else { return false };
    context.world.remove(account_id, Collection::ListEntries, &id).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leadconduit::state::World;
    use crate::support::clock::Clock;

    #[test]
    fn names_of_lists_and_values_are_normalised_as_documented() {
        assert_eq!(url_name(" Past Buyers (2026)!"), "past_buyers_2026");
        assert_eq!(url_name("!!"), "");
        assert_eq!(entry_id("Past Buyers", " (512) 555-0100 "), Some("past_buyers/(512) 555-0100".to_owned()));
        assert_eq!(entry_id("Past Buyers", "  "), None);
        assert_eq!(hash(" Test@Email.com "), "93942e96f5acd83e2e047ad8fe03114d");
        assert_eq!(list_id("a").len(), 24);
    }

    #[test]
    fn a_value_and_its_hash_are_the_same_entry() {
        let mut world = World::empty(1, Clock::Real);
        world.put_account("a", Document::new(&json!({"id": "a"})));
        let mut put = |list: &str, value: &str| {
            let id = entry_id(list, value).unwrap();
            let entry = Document::new(&json!({"id": id, "list_name": list, "value": value}));
            world.put("a", Collection::ListEntries, &id, entry);
        };
        put("plain", "Test@Email.com");
        put("hashed", "93942e96f5acd83e2e047ad8fe03114d");
        put("hashed_2", "x");
        let account = world.account("a").unwrap();
        for list in ["plain", "hashed"] {
            for value in ["test@email.com", "93942E96F5ACD83E2E047AD8FE03114D"] {
                assert!(find(account, list, value).is_some(), "{list} {value}");
            }
            assert!(find(account, list, "x").is_none() && find(account, list, " ").is_none());
        }
        assert!(exists(account, "hashed_2") && !exists(account, "hash"));
    }
}

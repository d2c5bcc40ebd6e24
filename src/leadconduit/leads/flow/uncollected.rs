//! Parameters that no field of the flow collects. LeadConduit drops them without an error, so that a mistyped name shows
//! only in the data. The mock accepts the lead too, and reports the names.

use serde_json::Value;

use super::target::SubmissionTarget;
use crate::contract::lead_body::{LeadRequest, MediaType};
use crate::contract::standard::StandardCollection;
use crate::contract::violation::{NOT_COLLECTED, Violation};
use crate::leadconduit::context::WriteContext;
use contract_files::pointer::escape;
use contract_files::yaml::nearest;

/// How many parameters of a request are reported.
const REPORTED_MAX: usize = 30;

/// How many parameters of a request are compared with the fields.
const COMPARED_MAX: usize = 1000;

/// The deepest level of nested parameters that is followed.
const DEPTH_MAX: usize = 16;

/// The longest name in a message, in characters.
const NAME_CHARS_MAX: usize = 60;

/// Names that other systems use for standard fields, without case and punctuation.
const OTHER_NAMES: [(&str, &str); 35] = [
    ("address", "address_1"),
    ("birthdate", "dob"),
    ("birthday", "dob"),
    ("cell", "phone_1"),
    ("cellphone", "phone_1"),
    ("certurl", "trustedform_cert_url"),
    ("dateofbirth", "dob"),
    ("emailaddress", "email"),
    ("familyname", "last_name"),
    ("first", "first_name"),
    ("fname", "first_name"),
    ("givenname", "first_name"),
    ("homephone", "phone_1"),
    ("ip", "ip_address"),
    ("last", "last_name"),
    ("lname", "last_name"),
    ("mail", "email"),
    ("mobile", "phone_1"),
    ("mobilephone", "phone_1"),
    ("phone", "phone_1"),
    ("phonenumber", "phone_1"),
    ("postal", "postal_code"),
    ("postcode", "postal_code"),
    ("province", "state"),
    ("region", "state"),
    ("sex", "gender"),
    ("street", "address_1"),
    ("streetaddress", "address_1"),
    ("surname", "last_name"),
    ("tel", "phone_1"),
    ("telephone", "phone_1"),
    ("town", "city"),
    ("trustedform", "trustedform_cert_url"),
    ("zip", "postal_code"),
    ("zipcode", "postal_code"),
];

/// The parameters that neither a field nor a mapping of the flow uses, as findings that break no contract.
pub(super) fn find(context: &WriteContext<'_>, target: &SubmissionTarget, request: &LeadRequest) -> Vec<Violation> {
    let submitted = &context.input.body;
    if let Some(finding) = other_format(submitted, request) {
        return vec![finding];
    }
    let used = names_in_mappings(target);
    let is_collected = |name: &str| {
        let covers = |field: &str| {
            let rest = name.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        target.flow().fields.iter().any(|field| covers(&field.id))
            || used.iter().any(|used| covers(used))
            || (name == "price" && target.is_price_offered())
            || (name == "redir_url" && request.redirect.is_some())
    };
    // Most leads have plain values that are all collected.
    let is_plain_and_collected = |(name, value): (&String, &Value)| !value.is_object() && is_collected(name);
    if submitted.as_object().is_some_and(|values| values.iter().all(is_plain_and_collected)) {
        return Vec::new();
    }
    let mut names = Vec::new();
    leaves(submitted, "", "", 0, &mut names);
    let dropped = names.iter().filter(|(name, _)| !is_collected(name));
    dropped.take(REPORTED_MAX).map(|(name, pointer)| finding(context, target, request, name, pointer)).collect()
}

/// A body in another format than its `Content-Type` says: what was sent as a form is JSON or XML.
fn other_format(submitted: &Value, request: &LeadRequest) -> Option<Violation> {
    if request.body_type != Some(MediaType::Form) {
        return None;
    }
    let format = submitted.as_object()?.keys().find_map(|name| match name.trim_start().as_bytes().first()? {
        b'{' | b'[' => Some(("JSON", MediaType::Json)),
        b'<' => Some(("XML", MediaType::ApplicationXml)),
        _ => None,
    });
    let (format, media_type) = format?;
    let message = format!(
        "the body looks like {format}, but it was sent as {}, so that no field was read from it; send Content-Type: {}",
        MediaType::Form.name(),
        media_type.name()
    );
    Some(Violation::reported("/headers/content-type", NOT_COLLECTED, message))
}

/// The names of all values with their pointers; nested names are joined with dots.
fn leaves(value: &Value, name: &str, pointer: &str, depth: usize, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) if depth < DEPTH_MAX && (depth == 0 || !object.is_empty()) => {
            for (key, value) in object {
                if found.len() >= COMPARED_MAX {
                    return;
                }
                let name = if depth == 0 { key.clone() } else { format!("{name}.{key}") };
                leaves(value, &name, &format!("{pointer}/{}", escape(key)), depth + 1, found);
            }
        }
        // No field could have collected it.
        Value::Null => {}
        _ => found.push((name.to_owned(), pointer.to_owned())),
    }
}

/// The parameters that the mappings of the source use.
fn names_in_mappings(target: &SubmissionTarget) -> Vec<&str> {
    let mappings = target.source().mappings.iter();
    let names = mappings.flat_map(|mapping| mapping.variables());
    names.map(|name| name.strip_prefix("lead.").unwrap_or(name)).collect()
}

fn finding(
    context: &WriteContext<'_>,
    target: &SubmissionTarget,
    request: &LeadRequest,
    name: &str,
    pointer: &str,
) -> Violation {
    let is_in_query = context.input.query.iter().any(|(sent, _)| sent == name);
    // In a query or a form, a dotted name is one name.
    let location = match request.body_type {
        _ if is_in_query => format!("/query/{}", escape(name)),
        Some(MediaType::Form) => format!("/body/{}", escape(name)),
        _ => format!("/body{pointer}"),
    };
    let shown: String = name.chars().take(NAME_CHARS_MAX).collect();
    let message =
        format!("{shown} is not collected by a field of the flow, so it is dropped{}", hint(context, target, name));
    Violation::reported(&location, NOT_COLLECTED, message)
}

/// What to write instead: a field of the flow with a similar name, or a field to add to the flow.
fn hint(context: &WriteContext<'_>, target: &SubmissionTarget, name: &str) -> String {
    let fields = || target.flow().fields.iter().map(|field| field.id.as_str());
    let plain = normalize(name);
    let other_name = OTHER_NAMES.iter().find(|(other, _)| *other == plain).map(|(_, field)| *field);
    let same = fields().find(|field| normalize(field) == plain);
    let known = other_name.filter(|field| fields().any(|collected| collected == *field));
    if let Some(field) = same.or(known).or_else(|| nearest(name, fields())) {
        return format!("; did you mean {field}?");
    }
    let account = context.world.account(&target.account);
    let is_field = |name: &str| {
        let custom = account.and_then(|account| account.get(crate::leadconduit::state::Collection::Fields, name));
        custom.is_some() || context.world.standard().get(StandardCollection::Fields, name).is_some()
    };
    match [Some(name), other_name].into_iter().flatten().find(|name| is_field(name)) {
        Some(field) => format!("; to collect it, add the field {field} to the flow"),
        None => String::new(),
    }
}

/// A name without case and punctuation: `First-Name` is `firstname`.
fn normalize(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

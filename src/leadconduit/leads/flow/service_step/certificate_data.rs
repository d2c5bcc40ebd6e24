//! What the modules of `TrustedForm` make of responses: the outcome, and what they append of a certificate.

use serde_json::{Map, Value, json};

use super::ModuleResult;
use crate::leadconduit::services::ServiceResponse;
use crate::leadconduit::services::trustedform::api::fingerprint;
use crate::leadconduit::state::events::Outcome;
use crate::support::clock::Timestamp;
use crate::support::document::{items, text};

/// The text of the older modules for a certificate that has expired.
const TOO_LATE: &str = "The TrustedForm certificate already passed the 72-hour origination timeframe and can no longer be \
                        claimed.";

/// The insights of version 4.0 that are appended under another name.
const INSIGHT_NAMES: [(&str, &str); 6] = [
    ("age_seconds", "age_in_seconds"),
    ("seconds_on_page", "time_on_page_in_seconds"),
    ("form_input_kpm", "kpm"),
    ("form_input_wpm", "wpm"),
    ("num_sensitive_content_elements", "sensitive_hidden_content_elements"),
    ("num_sensitive_form_elements", "sensitive_hidden_form_elements"),
];

/// The values of the lead that the older modules compare with a certificate.
pub(super) type LeadValues = Vec<(&'static str, String)>;

/// Collects appended data without missing values.
#[derive(Default)]
struct Appended(Map<String, Value>);

impl Appended {
    /// Adds a value, unless it is `null`.
    fn add(&mut self, name: &str, value: &Value) {
        if !value.is_null() {
            self.0.insert(name.to_owned(), value.clone());
        }
    }

    /// Adds properties of an object under other names.
    fn add_all(&mut self, from: &Value, names: &[(&str, &str)]) {
        for (property, name) in names {
            self.add(name, &from[*property]);
        }
    }
}

/// A result with `outcome` and `reason` first.
fn result(outcome: Outcome, reason: &str, data: Appended) -> ModuleResult {
    let mut append = Map::new();
    append.insert("outcome".to_owned(), outcome.name().into());
    if !reason.is_empty() {
        append.insert("reason".to_owned(), reason.into());
    }
    append.extend(data.0);
    ModuleResult { outcome, reason: reason.to_owned(), append }
}

/// Of version 4.0.
pub(super) fn of_operations(response: &ServiceResponse) -> ModuleResult {
    let body = &response.body;
    if response.status >= 500 {
        return result(Outcome::Error, "unable to parse response", Appended::default());
    }
    let outcome = Outcome::from_name(text(body, "outcome")).unwrap_or(Outcome::Error);
    let mut data = Appended::default();
    if response.status == 200 {
        let matched = &body["match_lead"];
        data.add_all(matched, &[("email", "matched_email"), ("phone", "matched_phone")]);
        data.add_all(
            &matched["result"],
            &[
                ("success", "successful_match"),
                ("email_match", "email_fingerprint_matched"),
                ("phone_match", "phone_fingerprint_matched"),
            ],
        );
        data.add_all(&body["retain"], &[("reference", "reference_code"), ("vendor", "vendor")]);
        if let Some(results) = body["retain"]["results"].as_object() {
            // What is not there is `null`, as in the response.
            data.0.extend(results.clone());
        }
        add_insights(&mut data, &body["insights"]);
        add_verification(&mut data, &body["verify"]);
    }
    result(outcome, text(body, "reason"), data)
}

fn add_insights(data: &mut Appended, insights: &Value) {
    for (name, value) in insights["properties"].as_object().into_iter().flatten() {
        match name.as_str() {
            "approx_ip_geo" => add_geo(data, value, ("latitude", "longitude")),
            "browser" => data.add_all(value, &[("full", "browser_full"), ("user_agent", "user_agent")]),
            "os" => data.add_all(value, &[("full", "os_full"), ("is_mobile", "is_mobile"), ("name", "os_name")]),
            name => {
                let other = INSIGHT_NAMES.iter().find(|(insight, _)| *insight == name);
                data.add(other.map_or(name, |(_, other)| other), value);
            }
        }
    }
    let scans = &insights["scans"]["result"];
    if scans.is_null() {
        return;
    }
    data.add("scans_result", &scans["success"]);
    for kind in ["required", "forbidden"] {
        data.add(&format!("{kind}_scans_found"), &scans[kind]["found"]);
        data.add(&format!("{kind}_scans_not_found"), &scans[kind]["not_found"]);
    }
    for kind in ["required", "forbidden"] {
        let amount = amount(items(&scans[kind], "found"), items(&scans[kind], "not_found"));
        data.add(&format!("amount_{kind}_matched"), &amount.into());
    }
}

fn add_verification(data: &mut Appended, verify: &Value) {
    if verify.is_null() {
        return;
    }
    let found = &verify["result"];
    data.add("one_to_one", &found["one_to_one"]);
    let languages: Value = items(verify, "languages").iter().map(|language| language["text"].clone()).collect();
    let verification = json!({
        "languages": languages,
        "form_submitted": found["form_submitted"],
        "language_approved": found["language_approved"],
        "success": found["success"],
    });
    data.add("verify", &verification);
}

/// Of the module that claims a certificate.
pub(super) fn of_claim(
    response: &ServiceResponse,
    lead: &LeadValues,
    required: &[String],
    duration: &str,
) -> ModuleResult {
    if response.status != 201 {
        return result(Outcome::Error, &error_text(response), Appended::default());
    }
    let body = &response.body;
    let (cert, scans) = (&body["cert"], &body["scans"]);
    let warnings = items(body, "warnings");
    let has_warning = |text: &str| warnings.iter().any(|warning| warning == text);
    let quoted = |texts: Vec<&str>| format!("{}: '{}'", texts.len(), texts.join(", "));
    let (found, not_found) = (items(scans, "found"), items(scans, "not_found"));
    let is_required = |text: &&str| required.iter().any(|one| one == text);
    let mut failures = Vec::new();
    if has_warning("string not found in snapshot") {
        let missing = not_found.iter().filter_map(Value::as_str).filter(is_required).collect();
        failures.push(format!("Required scan text not found in TrustedForm snapshot (missing {})", quoted(missing)));
    }
    if has_warning("string found in snapshot") {
        let forbidden = found.iter().filter_map(Value::as_str).filter(|text| !is_required(text)).collect();
        failures.push(format!("Forbidden scan text found in TrustedForm snapshot (found {})", quoted(forbidden)));
    }
    let mut data = Appended::default();
    data.add_all(
        cert,
        &[
            ("user_agent", "user_agent"),
            ("browser", "browser"),
            ("operating_system", "os"),
            ("ip", "ip"),
            ("cert_id", "token"),
        ],
    );
    let mut location = Appended::default();
    add_geo(&mut location, &cert["geo"], ("latitude", "longitude"));
    data.add("location", &location.0.into());
    data.add_all(body, &[("masked", "is_masked"), ("expires_at", "expires_at")]);
    data.add_all(cert, &[("location", "url"), ("domain", "domain")]);
    let mut website = Appended::default();
    website.add_all(cert, &[("location", "location"), ("parent_location", "parent_location")]);
    data.add("website", &website.0.into());
    data.add("age_in_seconds", &age_in_seconds(cert, body));
    data.add("time_on_page_in_seconds", &seconds_on_page(cert));
    data.add("created_at", &cert["created_at"]);
    let mut scanned = json!({"found": found, "not_found": not_found});
    if !required.is_empty() {
        let required_in = |list: &[Value]| -> Vec<Value> {
            list.iter().filter(|text| text.as_str().is_some_and(|text| is_required(&text))).cloned().collect()
        };
        scanned["num_required_matched"] = amount(&required_in(found), &required_in(not_found)).into();
    }
    data.add("scans", &scanned);
    data.add("duration", &duration.into());
    data.add("warnings", &body["warnings"]);
    add_fingerprints(&mut data, body, lead);
    let outcome = if failures.is_empty() { Outcome::Success } else { Outcome::Failure };
    result(outcome, &failures.join("; "), data)
}

/// Of the modules that check the consent.
pub(super) fn of_consent(response: &ServiceResponse, lead: &LeadValues, has_required: bool) -> ModuleResult {
    if response.status != 201 {
        return result(Outcome::Error, &error_text(response), Appended::default());
    }
    let (body, scans) = (&response.body, &response.body["scans"]);
    let mut data = Appended::default();
    data.0.insert("is_masked".to_owned(), body["is_masked"].clone());
    data.0.insert("masked_cert_url".to_owned(), body["masked_cert_url"].clone());
    data.add("warnings", &body["warnings"]);
    add_fingerprints(&mut data, body, lead);
    if has_required {
        data.add_all(
            scans,
            &[("required_found", "required_scans_found"), ("required_not_found", "required_scans_not_found")],
        );
        let amount = amount(items(scans, "required_found"), items(scans, "required_not_found"));
        data.add("num_required_matched", &amount.into());
    }
    data.add_all(
        scans,
        &[("forbidden_found", "forbidden_scans_found"), ("forbidden_not_found", "forbidden_scans_not_found")],
    );
    let cert = &body["cert"];
    if !cert.is_null() {
        data.add("age_in_seconds", &age_in_seconds(cert, body));
        add_geo(&mut data, &cert["geo"], ("latitude", "longitude"));
        data.add_all(
            cert,
            &[
                ("browser", "browser"),
                ("operating_system", "os"),
                ("cert_id", "token"),
                ("created_at", "created_at"),
                ("expires_at", "expires_at"),
                ("form_input_method", "form_input_method"),
                ("framed", "is_framed"),
                ("ip", "ip"),
                ("kpm", "kpm"),
                ("wpm", "wpm"),
                ("page_url", "page_url"),
                ("parent_page_url", "parent_page_url"),
                ("domain", "domain"),
            ],
        );
        data.add("time_on_page_in_seconds", &seconds_on_page(cert));
    }
    let outcome = Outcome::from_name(text(body, "outcome")).unwrap_or(Outcome::Success);
    result(outcome, text(body, "reason"), data)
}

/// Of the modules that return the data of a certificate without a claim.
pub(super) fn of_insights(response: &ServiceResponse) -> ModuleResult {
    let body = &response.body;
    let mut data = Appended::default();
    match response.status {
        201 => {}
        400..=499 => {
            data.add("billable", &0.into());
            return result(Outcome::Failure, text(&body["errors"], "detail"), data);
        }
        status => return result(Outcome::Error, &format!("unknown error ({status})"), data),
    }
    let cert = &body["cert"];
    data.add("billable", &1.into());
    data.add("age", &body["age"]);
    data.add_all(
        cert,
        &[
            ("browser", "browser"),
            ("created_at", "created_at"),
            ("event_duration", "event_duration"),
            ("expires_at", "expires_at"),
            ("form_input_method", "form_input_method"),
            ("framed", "framed"),
        ],
    );
    data.add("has_consented", &false.into());
    add_geo(&mut data, &cert["geo"], ("lat", "lon"));
    data.add_all(
        cert,
        &[
            ("ip", "ip"),
            ("wpm", "wpm"),
            ("kpm", "kpm"),
            ("page_url", "page_url"),
            ("operating_system", "operating_system"),
            ("parent_page_url", "parent_page_url"),
            ("domain", "domain"),
            ("cert_id", "cert_id"),
            ("user_agent", "user_agent"),
        ],
    );
    data.add_all(
        &body["fingerprints"],
        &[("matching", "fingerprints_matching"), ("non_matching", "fingerprints_non_matching")],
    );
    data.add("is_masked", &body["masked"]);
    data.add_all(&body["scans"], &[("found", "scans_found"), ("not_found", "scans_not_found")]);
    data.add("warnings", &body["warnings"]);
    result(Outcome::Success, "", data)
}

fn add_geo(data: &mut Appended, geo: &Value, (latitude, longitude): (&str, &str)) {
    data.add_all(geo, &[("city", "city"), ("country_code", "country_code"), ("lat", latitude), ("lon", longitude)]);
    data.add_all(geo, &[("postal_code", "postal_code"), ("state", "state"), ("time_zone", "time_zone")]);
}

/// How the values of the lead compare with the certificate.
fn add_fingerprints(data: &mut Appended, body: &Value, lead: &LeadValues) {
    let (matching, others) = (items(&body["fingerprints"], "matching"), items(&body["fingerprints"], "non_matching"));
    let summary = match (matching.is_empty(), others.is_empty()) {
        (true, true) => "No Fingerprinting Data",
        (true, false) => "None Matched",
        (false, true) => "All Matched",
        (false, false) => "Some Matched",
    };
    data.add("fingerprints_summary", &summary.into());
    if matching.is_empty() {
        return;
    }
    for (name, value) in lead {
        let hash = fingerprint(value);
        data.add(&format!("{name}_fingerprint_matched"), &matching.iter().any(|one| *one == *hash).into());
    }
}

/// How many of the texts were found, in words.
fn amount(found: &[Value], not_found: &[Value]) -> &'static str {
    match (found.is_empty(), not_found.is_empty()) {
        (true, _) => "none",
        (false, true) => "all",
        (false, false) => "some",
    }
}

/// The age of a certificate at its claim: from the last event on the page.
fn age_in_seconds(cert: &Value, claim: &Value) -> Value {
    let second = |value: &Value, name| text(value, name).parse::<Timestamp>().ok().map(Timestamp::as_second);
    let Some((claimed, created)) = second(claim, "created_at").zip(second(cert, "created_at")) else {
        return Value::Null;
    };
    let on_page = seconds_on_page(cert).as_i64().unwrap_or(0);
    (claimed - created - on_page).max(0).into()
}

fn seconds_on_page(cert: &Value) -> Value {
    cert["event_duration"].as_i64().map_or(Value::Null, |ms| (ms / 1000).into())
}

/// The reason of the older modules for an error response.
fn error_text(response: &ServiceResponse) -> String {
    let body = &response.body;
    let text = match (text(body, "message"), text(&body["errors"], "detail"), response.status) {
        ("", "", 410) => TOO_LATE,
        ("", detail, _) => detail,
        (message, _, _) => message,
    };
    format!("TrustedForm error - {text} ({})", response.status)
}

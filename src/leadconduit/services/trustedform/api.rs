//! The responses of TrustedForm: version 4.0 of its certificate API, the older versions that claim a certificate, and the
//! data of a certificate without a claim.
//!
//! The shapes and statuses are those that the vendor's documentation and modules show; the texts of the failures of
//! version 4.0 other than `Certificate not found.` are inferred.

use serde_json::{Map, Value, json};
use sha1::Digest as _;

use super::super::{ServiceResponse, hex};
use super::certificate::{Certificate, Status};
use crate::support::clock::format_timestamp;

/// What a request says about the lead, and what it asks for.
#[derive(Clone, Debug, Default)]
pub struct CertificateRequest {
    /// The e-mail address of the lead.
    pub email: Option<String>,
    /// The telephone numbers of the lead.
    pub phones: Vec<String>,
    /// The reference and the vendor to retain the certificate with.
    pub retain: Option<(String, String)>,
    /// The properties that Insights returns; `None` without Insights.
    pub properties: Option<Vec<&'static str>>,
    /// Texts that the page must and must not have; `None` without a scan.
    pub scans: Option<(Vec<String>, Vec<String>)>,
    /// Whether the language of consent is verified.
    pub verify: bool,
}

/// The hash by which a certificate compares a value of a lead.
#[must_use]
pub fn fingerprint(value: &str) -> String {
    hex(&sha1::Sha1::digest(value.trim().to_lowercase()))
}

/// Version 4.0: the operations of the request.
#[must_use]
pub fn operations(certificate: &Certificate, request: &CertificateRequest) -> ServiceResponse {
    let error = |status, reason: &str| ServiceResponse::new(status, json!({"outcome": "error", "reason": reason}));
    match certificate.status {
        Status::NotFound => return error(404, "Certificate not found."),
        Status::Expired => return error(404, "Certificate expired."),
        Status::Sandboxed => return error(405, "Certificate is sandboxed."),
        Status::Unavailable => return error(500, "Internal server error."),
        Status::Valid => {}
    }
    let mut failures = Vec::new();
    let mut body = Map::new();
    if let Some((reference, vendor)) = &request.retain {
        let email_match = request.email.as_deref().map(|email| certificate.has_email(email));
        let phone_match = request.phones.first().map(|phone| certificate.has_phone(phone));
        // A lead matches when any of its values does (inferred).
        let is_match = email_match == Some(true) || phone_match == Some(true);
        if !is_match {
            failures.push("Lead data does not match the certificate.");
        }
        let mut result = json!({"success": is_match});
        let mut matched = Map::new();
        for (name, sent, found) in
            [("email", request.email.as_ref(), email_match), ("phone", request.phones.first(), phone_match)]
        {
            if let Some((sent, found)) = sent.zip(found) {
                matched.insert(name.to_owned(), sent.clone().into());
                result[format!("{name}_match")] = found.into();
            }
        }
        matched.insert("result".to_owned(), result);
        body.insert("match_lead".to_owned(), matched.into());
        let results = json!({
            "previously_retained": certificate.retained_at.is_some(),
            "masked_cert_url": null,
            "share_url": null,
            "expires_at": format_timestamp(certificate.kept_until()),
        });
        body.insert("retain".to_owned(), json!({"reference": reference, "vendor": vendor, "results": results}));
    }
    if let Some(properties) = &request.properties {
        let mut insights = json!({"properties": insights(certificate, properties)});
        if let Some((required, forbidden)) = &request.scans {
            let (found, not_found) = certificate.scan(required, true);
            let (bad, absent) = certificate.scan(forbidden, false);
            if !not_found.is_empty() {
                failures.push("Missing required text.");
            }
            if !bad.is_empty() {
                failures.push("Forbidden text found.");
            }
            insights["scans"] = json!({
                "required": required,
                "forbidden": forbidden,
                "result": {
                    "success": not_found.is_empty() && bad.is_empty(),
                    "required": {"found": found, "not_found": not_found},
                    "forbidden": {"found": bad, "not_found": absent},
                },
            });
        }
        body.insert("insights".to_owned(), insights);
    }
    if request.verify {
        let is_approved = certificate.flag("language_approved", true);
        if !is_approved {
            failures.push("Consent language not approved.");
        }
        body.insert(
            "verify".to_owned(),
            json!({
                "languages": [{"text": certificate.text("consent_language", "By clicking you agree to be called.")}],
                "result": {
                    "success": is_approved,
                    "language_approved": is_approved,
                    "form_submitted": true,
                    "one_to_one": certificate.flag("one_to_one", true),
                },
            }),
        );
    }
    let mut response = Map::new();
    response.insert("outcome".to_owned(), if failures.is_empty() { "success" } else { "failure" }.into());
    if !failures.is_empty() {
        response.insert("reason".to_owned(), failures.join(" ").into());
    }
    response.extend(body);
    ServiceResponse::new(200, response.into())
}

/// The requested insights by name.
fn insights(certificate: &Certificate, properties: &[&str]) -> Map<String, Value> {
    let (wpm, kpm) = certificate.typing();
    let value = |name: &str| match name {
        "age_seconds" => certificate.age_seconds().into(),
        "approx_ip_geo" => geo(certificate),
        "browser" => json!({"full": browser(certificate), "user_agent": user_agent(certificate)}),
        "created_at" => format_timestamp(certificate.created_at).into(),
        "domain" => certificate.domain().into(),
        "expires_at" => format_timestamp(certificate.expires_at).into(),
        "form_input_kpm" => kpm.into(),
        "form_input_wpm" => wpm.into(),
        "form_input_method" => json!(["typing"]),
        "ip" => certificate.ip().into(),
        "is_framed" => certificate.flag("is_framed", false).into(),
        "is_masked" => certificate.flag("is_masked", false).into(),
        "num_sensitive_content_elements" | "num_sensitive_form_elements" => 0.into(),
        "os" => json!({"full": system(certificate), "is_mobile": false, "name": first_word(system(certificate))}),
        "page_url" => certificate.page_url().into(),
        "parent_page_url" => parent_page(certificate),
        "seconds_on_page" => certificate.seconds_on_page().into(),
        "bot_detected" => certificate.flag("bot_detected", false).into(),
        _ => Value::Null,
    };
    properties.iter().map(|name| ((*name).to_owned(), value(name))).collect()
}

/// Before version 3.0: claims the certificate and returns its data.
#[must_use]
pub fn claim(certificate: &Certificate, request: &CertificateRequest) -> ServiceResponse {
    if let Some(error) = claim_error(certificate) {
        return error;
    }
    let (found, not_found, bad, absent) = scan_all(certificate, request);
    let mut warnings = Vec::new();
    if !not_found.is_empty() {
        warnings.push("string not found in snapshot");
    }
    if !bad.is_empty() {
        warnings.push("string found in snapshot");
    }
    let (found, not_found) = ([found, bad].concat(), [not_found, absent].concat());
    ServiceResponse::new(
        201,
        json!({
            "cert": certificate_data(certificate),
            "created_at": format_timestamp(certificate.now),
            "expires_at": format_timestamp(certificate.kept_until()),
            "masked": certificate.flag("is_masked", false),
            "fingerprints": fingerprints(certificate, request),
            "scans": {"found": found, "not_found": not_found},
            "warnings": warnings,
        }),
    )
}

/// Version 3.0: claims the certificate and checks the consent; with its data for the variant that returns them.
#[must_use]
pub fn consent(certificate: &Certificate, request: &CertificateRequest, with_data: bool) -> ServiceResponse {
    if let Some(error) = claim_error(certificate) {
        return error;
    }
    let (found, not_found, bad, absent) = scan_all(certificate, request);
    let reason = match (certificate.flag("language_approved", true), not_found.is_empty(), bad.is_empty()) {
        (false, _, _) => Some("Consent language not approved"),
        (_, false, _) => Some("Required scan text not found"),
        (_, _, false) => Some("Forbidden scan text found"),
        _ => None,
    };
    let mut body = json!({
        "outcome": if reason.is_none() { "success" } else { "failure" },
        "reason": reason,
        "is_masked": certificate.flag("is_masked", false),
        "masked_cert_url": null,
        "fingerprints": fingerprints(certificate, request),
        "scans": {
            "required_found": found,
            "required_not_found": not_found,
            "forbidden_found": bad,
            "forbidden_not_found": absent,
        },
        "warnings": [],
    });
    if with_data {
        body["cert"] = certificate_data(certificate);
        body["created_at"] = format_timestamp(certificate.now).into();
    }
    ServiceResponse::new(201, body)
}

/// The data of a certificate, without a claim.
#[must_use]
pub fn peek(certificate: &Certificate, request: &CertificateRequest) -> ServiceResponse {
    let error = |status, detail: &str| ServiceResponse::new(status, json!({"errors": {"detail": detail}}));
    match certificate.status {
        Status::NotFound => return error(404, "Not Found"),
        Status::Expired => return error(410, "Expired"),
        Status::Unavailable => return error(500, "Internal Server Error"),
        Status::Sandboxed | Status::Valid => {}
    }
    let (found, not_found, bad, absent) = scan_all(certificate, request);
    let (found, not_found) = ([found, bad].concat(), [not_found, absent].concat());
    ServiceResponse::new(
        201,
        json!({
            "age": certificate.age_seconds(),
            "masked": certificate.flag("is_masked", false),
            "fingerprints": fingerprints(certificate, request),
            "scans": {"found": found, "not_found": not_found},
            "warnings": [],
            "cert": certificate_data(certificate),
        }),
    )
}

/// The error of a claim; `None` for a certificate that can be claimed.
fn claim_error(certificate: &Certificate) -> Option<ServiceResponse> {
    let (status, body) = match certificate.status {
        Status::Valid => return None,
        Status::NotFound => (404, json!({"message": "certificate not found"})),
        // The module has a text of its own for it.
        Status::Expired => (410, json!({})),
        Status::Sandboxed => (405, json!({"message": "certificate is sandboxed"})),
        Status::Unavailable => (500, json!({"message": "internal server error"})),
    };
    Some(ServiceResponse::new(status, body))
}

/// The required texts that are on the page, those that are not, and the same of the forbidden ones.
fn scan_all(
    certificate: &Certificate,
    request: &CertificateRequest,
) -> (Vec<String>, Vec<String>, Vec<String>, Vec<String>) {
    let (required, forbidden) = request.scans.clone().unwrap_or_default();
    let (found, not_found) = certificate.scan(&required, true);
    let (bad, absent) = certificate.scan(&forbidden, false);
    (found, not_found, bad, absent)
}

/// The hashes of the values of the lead: those that are on the page, and the others.
fn fingerprints(certificate: &Certificate, request: &CertificateRequest) -> Value {
    let emails = request.email.iter().map(|email| (fingerprint(email), certificate.has_email(email)));
    let phones = request.phones.iter().map(|phone| (fingerprint(phone), certificate.has_phone(phone)));
    let (matching, others): (Vec<_>, Vec<_>) = emails.chain(phones).partition(|(_, is_match)| *is_match);
    let hashes = |list: Vec<(String, bool)>| list.into_iter().map(|(hash, _)| Value::from(hash)).collect::<Value>();
    json!({"matching": hashes(matching), "non_matching": hashes(others)})
}

/// The data of a certificate, as all versions but 4.0 return them.
fn certificate_data(certificate: &Certificate) -> Value {
    let (wpm, kpm) = certificate.typing();
    let mut data = json!({
        "cert_id": certificate.id,
        "location": certificate.page_url(),
        "page_url": certificate.page_url(),
        "domain": certificate.domain(),
        "user_agent": user_agent(certificate),
        "browser": browser(certificate),
        "operating_system": system(certificate),
        "ip": certificate.ip(),
        "geo": geo(certificate),
        "created_at": format_timestamp(certificate.created_at),
        "expires_at": format_timestamp(certificate.expires_at),
        "event_duration": certificate.seconds_on_page() * 1000,
        "form_input_method": "typing",
        "framed": certificate.flag("is_framed", false),
        "wpm": wpm,
        "kpm": kpm,
    });
    let parent = parent_page(certificate);
    if !parent.is_null() {
        data["parent_location"] = parent.clone();
        data["parent_page_url"] = parent;
    }
    data
}

fn geo(certificate: &Certificate) -> Value {
    json!({
        "city": "Austin",
        "country_code": "US",
        "lat": 30.2672,
        "lon": -97.7431,
        "postal_code": "78701",
        "state": certificate.text("state", "TX"),
        "time_zone": "America/Chicago",
    })
}

fn browser(certificate: &Certificate) -> &str {
    certificate.text("browser", "Chrome 131.0.0")
}

fn system(certificate: &Certificate) -> &str {
    certificate.text("operating_system", "Windows 11")
}

fn user_agent(certificate: &Certificate) -> String {
    format!("Mozilla/5.0 ({}) {}", system(certificate), browser(certificate).replace(' ', "/"))
}

fn parent_page(certificate: &Certificate) -> Value {
    match certificate.text("parent_page_url", "") {
        "" => Value::Null,
        url => url.into(),
    }
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

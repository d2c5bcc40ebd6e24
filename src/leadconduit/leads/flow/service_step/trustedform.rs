//! The modules of `TrustedForm`: version 4.0 of its certificate API, `claim`, `consent` and `insights`.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};

use super::certificate_data::{self, LeadValues};
use super::{Inputs, ServiceStep, SkipReason, authorization, seconds, transaction};
use crate::config::service_hosts::TRUSTEDFORM;
use crate::leadconduit::api_error::ApiError;
use crate::leadconduit::context::WriteContext;
use crate::leadconduit::delivery::OutboundRequest;
use crate::leadconduit::outbound_log::RecipientOutcome;
use crate::leadconduit::services::trustedform::api::{self, CertificateRequest};
use crate::leadconduit::services::trustedform::certificate::{Certificate, Status};

/// The field of a lead that has the URL of its certificate.
pub(super) const CERTIFICATE_FIELD: &str = "lead.trustedform_cert_url";

/// The host of the URLs that a ping sends in place of a certificate's.
const PING_HOST: &str = "ping.trustedform.com";

/// The mapped properties of Insights, and what the service calls them.
const INSIGHTS: [(&str, &str); 19] = [
    ("age", "age_seconds"),
    ("location", "approx_ip_geo"),
    ("browser", "browser"),
    ("created_timestamp", "created_at"),
    ("domain", "domain"),
    ("expiration_timestamp", "expires_at"),
    ("form_input_kpm", "form_input_kpm"),
    ("form_input_method", "form_input_method"),
    ("form_input_wpm", "form_input_wpm"),
    ("ip_address", "ip"),
    ("framed", "is_framed"),
    ("masked", "is_masked"),
    ("sensitive_content", "num_sensitive_content_elements"),
    ("sensitive_form_fields", "num_sensitive_form_elements"),
    ("operating_system", "os"),
    ("page_url", "page_url"),
    ("parent_page_url", "parent_page_url"),
    ("time_on_page", "seconds_on_page"),
    ("bot_detected", "bot_detected"),
];

const BLANK_URL: &str = "TrustedForm cert URL must not be blank";
const INVALID_URL: &str = "TrustedForm cert URL must be valid";

/// A module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::leadconduit::leads::flow) enum Module {
    /// Version 4.0: Retain, Insights and Verify.
    Operations,
    Claim,
    Consent {
        with_data: bool,
    },
    /// The data of a certificate without a claim.
    Insights,
}

impl Module {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path.strip_prefix("outbound.")? {
            "trustedform" | "v4" => Some(Self::Operations),
            "claim" => Some(Self::Claim),
            "consent" => Some(Self::Consent { with_data: false }),
            "consent_plus_data" => Some(Self::Consent { with_data: true }),
            "insights" | "data_service" | "decision_service_ping" | "decision_service_post" => Some(Self::Insights),
            _ => None,
        }
    }

    pub(super) fn run(
        self,
        context: &mut WriteContext<'_>,
        step: &ServiceStep<'_>,
        inputs: &Inputs,
    ) -> Result<RecipientOutcome, ApiError> {
        let url = match self.validate(inputs) {
            Ok(url) => url,
            Err(reason) => return Ok(RecipientOutcome::skipped(reason.0)),
        };
        let account = &*step.target.account;
        let certificate = certificate_at(context, account, &url);
        let call = self.call(step, inputs);
        let lead = lead_values(inputs);
        let response = match self {
            Self::Operations => api::operations(&certificate, &call),
            Self::Claim => api::claim(&certificate, &call),
            Self::Consent { with_data } => api::consent(&certificate, &call, with_data),
            Self::Insights => api::peek(&certificate, &call),
        };
        let (required, _) = call.scans.clone().unwrap_or_default();
        let result = match self {
            Self::Operations => certificate_data::of_operations(&response),
            Self::Claim => certificate_data::of_claim(&response, &lead, &required, &seconds(step.ms)),
            Self::Consent { .. } => certificate_data::of_consent(&response, &lead, !required.is_empty()),
            Self::Insights => certificate_data::of_insights(&response),
        };
        if certificate.status == Status::Valid && call.retain.is_some() {
            certificate.retain(context, account)?;
        }
        let request = self.request(context, step, &url, &call, inputs);
        let transaction = transaction(context, step, 0, &request, &response);
        Ok(result.into_outcome(step.ms, vec![transaction]))
    }

    /// The URL of the certificate; or why the step is skipped, in the words of the module.
    fn validate(self, inputs: &Inputs) -> Result<String, SkipReason> {
        let url = inputs.raw(CERTIFICATE_FIELD).ok_or(SkipReason(BLANK_URL))?;
        let url = match self {
            Self::Operations => url,
            _ => {
                let first = url.split(',').next().unwrap_or_default().trim().trim_end_matches('/');
                first.strip_prefix("http://").map_or_else(|| first.to_owned(), |rest| format!("https://{rest}"))
            }
        };
        let hosts: &[&str] = if self == Self::Insights { &[TRUSTEDFORM.host, PING_HOST] } else { &[TRUSTEDFORM.host] };
        certificate_id(&url, hosts).ok_or(SkipReason(INVALID_URL))?;
        if self != Self::Operations {
            return Ok(url);
        }
        let is_on = |name: &str| inputs.flag(&format!("trustedform.{name}"));
        if !["retain", "insights", "verify"].into_iter().any(is_on) {
            return Err(SkipReason("a TrustedForm product must be selected"));
        }
        if is_on("retain") && lead_values(inputs).is_empty() {
            return Err(SkipReason("an email address or phone number is required to use TrustedForm Retain"));
        }
        if is_on("insights") && properties(inputs).is_empty() && !inputs.flag("insights.page_scan") {
            return Err(SkipReason("no properties selected for TrustedForm Insights"));
        }
        Ok(url)
    }

    /// What the module asks of the service.
    fn call(self, step: &ServiceStep<'_>, inputs: &Inputs) -> CertificateRequest {
        let mut call = request_of(inputs);
        if self == Self::Insights {
            return call;
        }
        let is_on = |name: &str| inputs.flag(&format!("trustedform.{name}"));
        let retains = self != Self::Operations || is_on("retain");
        call.retain = retains.then(|| (reference(inputs), vendor(inputs, step)));
        if self == Self::Operations {
            call.phones.truncate(1);
            call.properties = is_on("insights").then(|| properties(inputs));
            call.scans = call.scans.take().filter(|_| inputs.flag("insights.page_scan"));
            call.verify = is_on("verify");
        }
        call
    }

    /// The request of the module.
    fn request(
        self,
        context: &WriteContext<'_>,
        step: &ServiceStep<'_>,
        url: &str,
        call: &CertificateRequest,
        inputs: &Inputs,
    ) -> OutboundRequest {
        let version = match self {
            Self::Operations => Some("4.0"),
            Self::Consent { .. } => Some("3.0"),
            Self::Claim | Self::Insights => None,
        };
        let (media_type, body) = match self {
            Self::Operations => ("application/json", operations_body(call, inputs).to_string()),
            _ => ("application/x-www-form-urlencoded", self.form(call, inputs)),
        };
        let mut headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        headers.extend(version.map(|version| ("api-version".to_owned(), version.to_owned())));
        headers.push(authorization(context, step));
        let url = if self == Self::Insights { format!("{url}/peek") } else { url.to_owned() };
        OutboundRequest { method: Method::POST, url, headers, body: Bytes::from(body), depth: 0, timeout_ms: None }
    }

    /// The body of the older modules.
    fn form(self, call: &CertificateRequest, inputs: &Inputs) -> String {
        let (required, forbidden) = call.scans.clone().unwrap_or_default();
        let (required_name, forbidden_name) = match self {
            Self::Consent { .. } => ("required_scan_terms[]", "forbidden_scan_terms[]"),
            Self::Insights => ("scan[]", "scan[]!"),
            _ => ("scan[]", "scan![]"),
        };
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.extend(required.into_iter().map(|text| (required_name, text)));
        pairs.extend(forbidden.into_iter().map(|text| (forbidden_name, text)));
        if let Some((reference, vendor)) = &call.retain {
            pairs.extend([("reference", reference.clone()), ("vendor", vendor.clone())]);
        }
        pairs.push(("scan_delimiter", delimiter(inputs)));
        pairs.extend(lead_values(inputs));
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        form.replace('+', "%20")
    }
}

/// The lead's values and the scans, which all modules send.
pub(super) fn request_of(inputs: &Inputs) -> CertificateRequest {
    let phones = ["lead.phone_1", "lead.phone_2", "lead.phone_3"].into_iter().filter_map(|name| inputs.text(name));
    let (required, forbidden) =
        (inputs.texts("trustedform.scan_required_text"), inputs.texts("trustedform.scan_forbidden_text"));
    let has_scans = !required.is_empty() || !forbidden.is_empty();
    CertificateRequest {
        email: inputs.text("lead.email"),
        phones: phones.collect(),
        scans: has_scans.then_some((required, forbidden)),
        ..CertificateRequest::default()
    }
}

/// The certificate of a lead, also of a ping; `None` without a valid URL.
pub(super) fn find_certificate(context: &WriteContext<'_>, account: &str, inputs: &Inputs) -> Option<Certificate> {
    let url = inputs.text(CERTIFICATE_FIELD)?;
    certificate_id(&url, &[TRUSTEDFORM.host, PING_HOST])?;
    Some(certificate_at(context, account, &url))
}

fn certificate_at(context: &WriteContext<'_>, account: &str, url: &str) -> Certificate {
    let id = url.rsplit('/').next().unwrap_or_default();
    Certificate::find(context.world.account(account), id, context.now, context.triggers)
}

/// The id in the URL of a certificate at one of these hosts; `None` when the URL is not valid.
fn certificate_id<'u>(url: &'u str, hosts: &[&str]) -> Option<&'u str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (host, id) = rest.split_once('/')?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_valid = match id.strip_prefix("0.") {
        Some(token) => !token.is_empty() && token.bytes().all(|byte| is_word(byte) || byte == b'.'),
        None => matches!(id.len(), 40 | 80) && id.bytes().all(is_word),
    };
    (hosts.contains(&host) && is_valid && id.len() <= 255).then_some(id)
}

/// The selected insights by the names of the service.
fn properties(inputs: &Inputs) -> Vec<&'static str> {
    let selected = INSIGHTS.iter().filter(|(name, _)| inputs.flag(&format!("insights.{name}")));
    selected.map(|(_, property)| *property).collect()
}

/// The values of the lead that are compared with the certificate.
fn lead_values(inputs: &Inputs) -> LeadValues {
    let value = |name: &'static str| Some((name, inputs.text(&format!("lead.{name}"))?));
    ["email", "phone_1", "phone_2", "phone_3"].into_iter().filter_map(value).collect()
}

fn reference(inputs: &Inputs) -> String {
    let custom = inputs.text("trustedform.custom_reference");
    custom
        .unwrap_or_else(|| format!("https://app.leadconduit.com/events/{}", inputs.text("lead.id").unwrap_or_default()))
}

fn vendor(inputs: &Inputs, step: &ServiceStep<'_>) -> String {
    let source = || step.target.source().reference["name"].as_str().unwrap_or_default().to_owned();
    inputs.text("trustedform.vendor").unwrap_or_else(source)
}

fn delimiter(inputs: &Inputs) -> String {
    inputs.text("trustedform.scan_delimiter").unwrap_or_else(|| "|".to_owned())
}

/// The body of version 4.0.
fn operations_body(call: &CertificateRequest, inputs: &Inputs) -> Value {
    let mut body = Map::new();
    if let Some((reference, vendor)) = &call.retain {
        let mut lead = Map::new();
        lead.extend(call.email.clone().map(|email| ("email".to_owned(), email.into())));
        lead.extend(call.phones.first().map(|phone| ("phone".to_owned(), phone.clone().into())));
        body.insert("match_lead".to_owned(), lead.into());
        body.insert("retain".to_owned(), json!({"reference": reference, "vendor": vendor}));
    }
    if let Some(properties) = &call.properties {
        let mut insights = json!({"properties": properties});
        if let Some((required, forbidden)) = &call.scans {
            let mut scans = Map::new();
            for (name, texts) in [("required", required), ("forbidden", forbidden)] {
                if !texts.is_empty() {
                    scans.insert(name.to_owned(), json!(texts));
                }
            }
            scans.insert("delimiter".to_owned(), delimiter(inputs).into());
            insights["scans"] = scans.into();
        }
        body.insert("insights".to_owned(), insights);
    }
    if call.verify {
        let advertiser = inputs.text("trustedform.advertiser_name");
        let verify: Map<String, Value> =
            advertiser.map(|name| ("advertiser_name".to_owned(), name.into())).into_iter().collect();
        body.insert("verify".to_owned(), verify.into());
    }
    body.into()
}

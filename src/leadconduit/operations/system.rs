//! The service itself, and the check of a place for the firehose.

use serde_json::json;

use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, Outcome};

/// The version that the documented samples have.
const VERSION: &str = "13.5.0";

pub(super) fn version(_: &ReadContext<'_>) -> Outcome {
    Ok(OperationResponse::ok(&json!({"version": VERSION})))
}

/// Whether events could be written to a bucket. No cloud is asked: the names that are refused are the contract's.
pub(super) fn firehose(call: &ReadContext<'_>) -> Outcome {
    let sent = |name: &str| call.input.query(name).filter(|value| !value.is_empty());
    let needed: &[&str] = match sent("service") {
        Some("azure") => &["connection_string"],
        _ => &["access_key_id", "secret_access_key"],
    };
    if let Some(missing) = needed.iter().find(|name| sent(name).is_none()) {
        return Err(ApiError::new(400, format!("{missing} is missing")));
    }
    let bucket = sent("bucket").ok_or(ApiError::new(400, "bucket is missing"))?;
    if let Some(text) = sent("connection_string").filter(|_| needed.len() == 1) {
        // Its parts are secrets, so that the message tells their names only.
        let has = |part: &str| text.split(';').filter_map(|pair| pair.split_once('=')).any(|(name, _)| name == part);
        if let Some(missing) = ["AccountName", "AccountKey"].into_iter().find(|part| !has(part)) {
            return Err(ApiError::new(422, format!("connection_string has no {missing}")));
        }
    }
    if bucket.starts_with("missing-") {
        return Err(ApiError::new(422, format!("bucket {bucket} not found")));
    }
    if bucket.starts_with("denied-") {
        return Err(ApiError::new(422, format!("access to bucket {bucket} is denied")));
    }
    let writes = sent("verification_file") != Some("false");
    Ok(OperationResponse::ok(&json!({"validated": true, "verification_file": writes})))
}

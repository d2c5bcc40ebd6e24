//! The service: its version, and the test of firehose settings.

use serde_json::json;

use super::super::api_error::ApiError;
use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};

/// The version in the documented samples.
const VERSION: &str = "13.5.0";

pub(super) fn version(_: &ReadContext<'_>) -> OperationResult {
    Ok(OperationResponse::ok(&json!({"version": VERSION})))
}

/// Tests whether events can be written to a bucket. No cloud is called; the names that fail are part of the contract.
pub(super) fn test_firehose(context: &ReadContext<'_>) -> OperationResult {
    let sent = |name: &str| context.input.query(name).filter(|value| !value.is_empty());
    let required: &[&str] = match sent("service") {
        Some("azure") => &["connection_string"],
        _ => &["access_key_id", "secret_access_key"],
    };
    if let Some(missing) = required.iter().find(|name| sent(name).is_none()) {
        return Err(ApiError::new(400, format!("{missing} is missing")));
    }
    let bucket = sent("bucket").ok_or(ApiError::new(400, "bucket is missing"))?;
    if let Some(text) = sent("connection_string").filter(|_| required.len() == 1) {
        // The values are secrets, so the message contains names only.
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

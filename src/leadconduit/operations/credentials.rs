//! Credentials: they belong to a package, which must exist.

use serde_json::Value;

use super::super::api_error::ApiError;
use super::super::context::WriteContext;
use super::crud::CollectionHooks;
use super::packages;
use crate::support::document::Document;

pub(super) const HOOKS: CollectionHooks = CollectionHooks { prepare, ..CollectionHooks::NONE };

fn prepare(context: &mut WriteContext<'_>, credential: &mut Value, _: Option<&Document>) -> Result<(), ApiError> {
    match credential.get("package").and_then(Value::as_str) {
        Some(package) => packages::require_package(context.standard(), "/package", package),
        // The model reports a missing package.
        None => Ok(()),
    }
}

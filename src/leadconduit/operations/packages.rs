//! Integration packages and their modules: standard documents, which are read-only.

use super::super::api_error::ApiError;
use super::super::context::ReadContext;
use super::super::response::{OperationResponse, OperationResult};
use super::crud;
use crate::contract::standard::{StandardCollection, StandardDocuments, modules_of};
use crate::support::document::serialise;

pub(super) fn list(context: &ReadContext<'_>) -> OperationResult {
    Ok(OperationResponse::json(200, crud::document_array(context.standard().all(StandardCollection::Packages))))
}

pub(super) fn get(context: &ReadContext<'_>) -> OperationResult {
    let package = context.standard().get(StandardCollection::Packages, context.input.path("id"));
    Ok(OperationResponse::json(200, package.ok_or_else(|| ApiError::new(404, "package not found"))?.bytes()))
}

/// Lists the modules of all packages.
pub(super) fn list_modules(context: &ReadContext<'_>) -> OperationResult {
    let packages = context.standard().all(StandardCollection::Packages).iter();
    let modules = packages.flat_map(|package| modules_of(package.value()));
    Ok(OperationResponse::json(200, crud::json_array(modules.map(serialise).collect())))
}

/// Whether a package exists.
pub(super) fn is_known(standard: &StandardDocuments, id: &str) -> bool {
    standard.get(StandardCollection::Packages, id).is_some()
}

/// The package with the most similar id, if one is similar.
pub(super) fn nearest(standard: &StandardDocuments, id: &str) -> Option<String> {
    let packages = standard.all(StandardCollection::Packages).iter();
    contract_files::yaml::nearest(id, packages.filter_map(|package| package.text("id"))).map(str::to_owned)
}

/// Checks that a module exists.
pub(super) fn require_module(standard: &StandardDocuments, pointer: &str, id: &str) -> Result<(), ApiError> {
    if standard.has_module(id) { Ok(()) } else { Err(ApiError::reference_not_found(pointer, "module", id)) }
}

//! Integration packages and their modules. LeadConduit brings them along; nobody writes them.

use super::super::context::ReadContext;
use super::super::response::{ApiError, OperationResponse, Outcome};
use super::crud;
use crate::contract::standard::{Kind, Standard, modules_of};
use crate::support::document::serialise;
use crate::support::document::text;

pub(super) fn list(call: &ReadContext<'_>) -> Outcome {
    Ok(OperationResponse::of(200, crud::array(call.standard().all(Kind::Packages))))
}

pub(super) fn get(call: &ReadContext<'_>) -> Outcome {
    let package = call.standard().get(Kind::Packages, call.input.path("id"));
    Ok(OperationResponse::of(200, package.ok_or_else(|| ApiError::new(404, "package not found"))?.bytes()))
}

/// The modules of all packages in one list.
pub(super) fn modules(call: &ReadContext<'_>) -> Outcome {
    let packages = call.standard().all(Kind::Packages).iter();
    let modules = packages.flat_map(|package| modules_of(package.value()));
    Ok(OperationResponse::of(200, crud::joined(modules.map(serialise).collect())))
}

/// Refuses the name of a package that is not there. `at` is where the name stands.
pub(super) fn must_exist(standard: &Standard, at: &str, id: &str) -> Result<(), ApiError> {
    match standard.get(Kind::Packages, id) {
        Some(_) => Ok(()),
        None => Err(ApiError::dangling(at, "package", id)),
    }
}

/// Refuses the name of a module that no package has: its package's name, a dot, and what it is called there.
pub(super) fn must_have_module(standard: &Standard, at: &str, id: &str) -> Result<(), ApiError> {
    let package = standard.package_of(id);
    if package.is_some_and(|package| modules_of(package.value()).iter().any(|module| text(module, "id") == id)) {
        return Ok(());
    }
    Err(ApiError::dangling(at, "module", id))
}

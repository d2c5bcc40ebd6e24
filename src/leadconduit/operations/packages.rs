//! Integration packages and their modules. LeadConduit brings them along; nobody writes them.

use super::super::context::Reading;
use super::super::response::{Answer, Outcome, Refusal};
use super::crud;
use crate::contract::standard::{Kind, Standard, modules_of};
use crate::support::document::serialise;
use crate::support::document::text;

pub(super) fn list(call: &Reading<'_>) -> Outcome {
    Ok(Answer::of(200, crud::array(call.standard().all(Kind::Packages))))
}

pub(super) fn get(call: &Reading<'_>) -> Outcome {
    let package = call.standard().get(Kind::Packages, call.input.path("id"));
    Ok(Answer::of(200, package.ok_or_else(|| Refusal::new(404, "package not found"))?.bytes()))
}

/// The modules of all packages in one list.
pub(super) fn modules(call: &Reading<'_>) -> Outcome {
    let packages = call.standard().all(Kind::Packages).iter();
    let modules = packages.flat_map(|package| modules_of(package.value()));
    Ok(Answer::of(200, crud::joined(modules.map(serialise).collect())))
}

/// Refuses the name of a package that is not there. `at` is where the name stands.
pub(super) fn must_exist(standard: &Standard, at: &str, id: &str) -> Result<(), Refusal> {
    match standard.get(Kind::Packages, id) {
        Some(_) => Ok(()),
        None => Err(Refusal::dangling(at, "package", id)),
    }
}

/// Refuses the name of a module that no package has: its package's name, a dot, and what it is called there.
pub(super) fn must_have_module(standard: &Standard, at: &str, id: &str) -> Result<(), Refusal> {
    let package = standard.package_of(id);
    if package.is_some_and(|package| modules_of(package.value()).iter().any(|module| text(module, "id") == id)) {
        return Ok(());
    }
    Err(Refusal::dangling(at, "module", id))
}

//! Credentials: they belong to a package, usually one of the known ones.

use serde_json::Value;

use super::super::context::WriteContext;
use super::crud::CollectionHooks;
use super::packages;
use crate::contract::Violation;
use crate::contract::violation::UNKNOWN_PACKAGE;
use crate::support::document::text;

pub(super) const HOOKS: CollectionHooks = CollectionHooks { review, ..CollectionHooks::NONE };

/// A package that is not known is accepted, because no page says that it must exist and the vendor's own sample has such a
/// name; but it is probably a mistake.
fn review(context: &WriteContext<'_>, credential: &Value) -> Vec<Violation> {
    let package = text(credential, "package");
    if packages::is_known(context.standard(), package) {
        return Vec::new();
    }
    let nearest = packages::nearest(context.standard(), package);
    let hint = nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let message = format!("package is `{package}`, which `list_packages` does not have{hint}");
    vec![Violation::reported("/body/package", UNKNOWN_PACKAGE, message)]
}

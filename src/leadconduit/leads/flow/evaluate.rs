//! Rules and templates of flows, evaluated for a lead.

use serde_json::Value;

use crate::leadconduit::rules::Condition;
use crate::leadconduit::templates::Template;
use crate::leadconduit::values::Variables;

/// Whether a rule set matches; `null` matches always. A malformed one, which only scenarios can contain, never matches.
pub(super) fn rules_match(set: &Value, vars: &dyn Variables) -> bool {
    set.is_null() || Condition::parse_set(set).is_ok_and(|condition| condition.matches(vars))
}

/// Fills a template. A malformed one is returned as it is.
pub(super) fn fill_template(template: &str, vars: &dyn Variables) -> String {
    Template::parse(template).map_or_else(|_| template.to_owned(), |template| template.render(vars))
}

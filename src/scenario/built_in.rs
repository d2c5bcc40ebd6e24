//! The scenarios that are part of the binary. A test holds this list to the folder.

/// File name and text of every built-in scenario, in the order in which they are listed.
pub const FILES: &[(&str, &str)] = &[
    ("scenarios/healthy.yaml", include_str!("../../scenarios/healthy.yaml")),
    ("scenarios/sso-outage.yaml", include_str!("../../scenarios/sso-outage.yaml")),
    ("scenarios/missed-invitation.yaml", include_str!("../../scenarios/missed-invitation.yaml")),
    ("scenarios/repair-conflicts.yaml", include_str!("../../scenarios/repair-conflicts.yaml")),
    ("scenarios/empty-account.yaml", include_str!("../../scenarios/empty-account.yaml")),
];

//! The scenarios that are part of the binary. A test holds this list to the folder.

/// File name and text of every built-in scenario, in the order in which they are listed.
pub const FILES: &[(&str, &str)] = &[
    ("scenarios/healthy.yaml", include_str!("../../scenarios/healthy.yaml")),
    ("scenarios/sso-outage.yaml", include_str!("../../scenarios/sso-outage.yaml")),
    ("scenarios/sso-slow.yaml", include_str!("../../scenarios/sso-slow.yaml")),
    ("scenarios/sso-flapping.yaml", include_str!("../../scenarios/sso-flapping.yaml")),
    ("scenarios/missed-invitation.yaml", include_str!("../../scenarios/missed-invitation.yaml")),
    ("scenarios/repair-conflicts.yaml", include_str!("../../scenarios/repair-conflicts.yaml")),
    ("scenarios/empty-account.yaml", include_str!("../../scenarios/empty-account.yaml")),
    ("scenarios/busy-account.yaml", include_str!("../../scenarios/busy-account.yaml")),
    ("scenarios/revoked-key.yaml", include_str!("../../scenarios/revoked-key.yaml")),
    ("scenarios/free-account.yaml", include_str!("../../scenarios/free-account.yaml")),
    ("scenarios/maintenance.yaml", include_str!("../../scenarios/maintenance.yaml")),
    ("scenarios/rate-limited.yaml", include_str!("../../scenarios/rate-limited.yaml")),
    ("scenarios/flaky-network.yaml", include_str!("../../scenarios/flaky-network.yaml")),
    ("scenarios/slow.yaml", include_str!("../../scenarios/slow.yaml")),
    ("scenarios/strict-accept.yaml", include_str!("../../scenarios/strict-accept.yaml")),
];

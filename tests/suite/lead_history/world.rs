//! The scenario of the test: two flows that use every kind of check and step. And the leads.

use serde_json::{Map, Value, json};

use crate::support::ACME_ID;

pub const NOW: &str = "2026-05-01T12:00:00Z";
pub const FLOWS: [&str; 2] = ["66b2c1de940df5a34a388a11", "66b2c1de940df5a34a388a12"];
pub const SOURCES: [&str; 2] = ["5d9a4b10940df5a34a3888c1", "5d9a4c421d011c553e000003"];
const RECIPIENT: &str = "64b8f2a0940df5a34a3888c2";
pub const FIELDS: [&str; 5] = ["first_name", "email", "state", "own_home", "price"];

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The cap of a rejection that an e-mail domain forces. Its event names no cap, so it is counted by every cap with the
/// same reason.
pub const NO_CAP: &str = "any";

/// The interval of a cap, in milliseconds. Days and weeks begin at midnight in New York, which is UTC-4 in summer; weeks
/// begin on Mondays.
pub struct Interval {
    pub count: u32,
    pub unit: &'static str,
    length: i64,
    /// The start of one of the intervals.
    origin: i64,
}

impl Interval {
    pub fn start(&self, now: i64) -> i64 {
        (now - self.origin).div_euclid(self.length) * self.length + self.origin
    }
}

const TEN_MINUTES: Interval = Interval { count: 10, unit: "minute", length: 10 * MINUTE, origin: 0 };
const AN_HOUR: Interval = Interval { count: 1, unit: "hour", length: HOUR, origin: 0 };
const TWO_HOURS: Interval = Interval { count: 2, unit: "hour", length: 2 * HOUR, origin: 0 };
const A_DAY: Interval = Interval { count: 1, unit: "day", length: DAY, origin: 4 * HOUR };
// The first of January 1970 was a Thursday.
const A_WEEK: Interval = Interval { count: 1, unit: "week", length: 7 * DAY, origin: 4 * HOUR - 3 * DAY };

#[derive(Clone, Copy, PartialEq)]
pub enum CapScope {
    Flow,
    Source(usize),
    Step(&'static str),
}

pub struct Cap {
    pub id: &'static str,
    pub flow: usize,
    pub scope: CapScope,
    pub interval: Interval,
    /// `None` for the maximum in the terms of the flow.
    pub maximum: Option<u64>,
    pub texans_only: bool,
    reason: Option<&'static str>,
}

const fn cap(id: &'static str, flow: usize, scope: CapScope, interval: Interval, maximum: Option<u64>) -> Cap {
    Cap { id, flow, scope, interval, maximum, texans_only: false, reason: None }
}

/// In the order of evaluation. The second is inside the first.
pub const CAPS: [Cap; 5] = [
    Cap {
        reason: Some("Enough, {{lead.first_name}}"),
        ..cap("66b2c1de940df5a34a3880c1", 0, CapScope::Flow, A_DAY, None)
    },
    Cap { texans_only: true, ..cap("66b2c1de940df5a34a3880c2", 0, CapScope::Flow, AN_HOUR, Some(2)) },
    cap("66b2c1de940df5a34a3880c3", 0, CapScope::Source(0), TEN_MINUTES, Some(2)),
    cap("66b2c1de940df5a34a3880c4", 0, CapScope::Step("ee0001"), TWO_HOURS, Some(1)),
    cap("66b2c1de940df5a34a3880c5", 1, CapScope::Flow, A_WEEK, None),
];

impl Cap {
    pub fn reason_for(&self, lead: &Lead) -> String {
        self.reason.unwrap_or("Cap reached").replace("{{lead.first_name}}", lead.first_name)
    }

    fn document(&self, maximum: u64) -> Value {
        let mut cap = json!({
            "id": self.id, "type": "volume", "name": self.id, "maximum": self.maximum.unwrap_or(maximum),
            "duration": self.interval.count, "duration_units": self.interval.unit,
            "created_at": "2024-01-01T00:00:00.000Z",
        });
        // The time zone of the account is New York's.
        if self.interval.origin == 0 {
            cap["time_zone"] = "UTC".into();
        }
        if let Some(reason) = self.reason {
            cap["reason"] = reason.into();
        }
        if self.texans_only {
            cap["rule_set"] = rules("lead.state", "is equal to", json!("TX"));
        }
        cap
    }
}

/// A ping limit of the first flow or of one of its sources.
pub struct Limit {
    pub id: &'static str,
    pub source: Option<usize>,
    pub interval: Interval,
    pub maximum: u32,
}

pub const LIMITS: [Limit; 2] = [
    Limit { id: "66b2c1de940df5a34a3880d1", source: None, interval: AN_HOUR, maximum: 4 },
    Limit { id: "66b2c1de940df5a34a3880d2", source: Some(0), interval: TEN_MINUTES, maximum: 2 },
];

impl Limit {
    fn document(&self) -> Value {
        json!({
            "id": self.id, "name": self.id, "maximum": self.maximum, "duration": self.interval.count,
            "duration_units": self.interval.unit, "time_zone": "UTC", "created_at": "2024-01-01T00:00:00.000Z",
        })
    }
}

#[derive(Clone, Debug)]
pub struct Lead {
    pub first_name: &'static str,
    pub state: &'static str,
    /// The number of the user and the domain.
    pub email: Option<(u8, &'static str)>,
    pub own_home: Option<bool>,
    pub price: Option<&'static str>,
}

impl Lead {
    pub fn domain(&self) -> &'static str {
        self.email.map_or("", |(_, domain)| domain)
    }

    pub fn email(&self) -> Option<String> {
        self.email.map(|(user, domain)| format!("user{user}@{domain}"))
    }

    pub fn document(&self) -> Value {
        let mut lead = Map::new();
        lead.insert("first_name".to_owned(), self.first_name.into());
        lead.insert("state".to_owned(), self.state.into());
        let more = [
            // Duplicate checks ignore case.
            ("email", self.email().map(|email| email.replacen('u', "U", 1).into())),
            ("own_home", self.own_home.map(|owns| if owns { "yes" } else { "no" }.into())),
            ("price", self.price.map(Value::from)),
        ];
        lead.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Value::Object(lead)
    }
}

fn rules(lhv: &str, op: &str, rhv: Value) -> Value {
    let mut rule = json!({"lhv": lhv, "op": op});
    if !rhv.is_null() {
        rule["rhv"] = rhv;
    }
    json!({"op": "and", "rules": [rule]})
}

/// An account with two flows and nothing else. The test changes prices and maximums.
pub fn scenario() -> String {
    let [mut day, texans, of_source, of_step, week] = CAPS.map(|cap| cap.document(5));
    day["caps"] = json!([texans]);
    let [of_flow, of_seller] = LIMITS.map(|limit| limit.document());
    let inbound = json!({"module_id": "leadconduit-default.inbound"});
    let outbound = json!({"module_id": "leadconduit-default.outbound"});
    let check =
        |lookback: Value| json!({"duplicate": {"value": "{{lead.email}}", "list_name": "seen", "lookback": lookback}});
    let duplicate = rules("suppressionlist.is_duplicate", "is true", Value::Null);
    let step = |id: &str, more: Value| {
        let mut step = json!({"id": id, "type": "recipient", "entity": {"id": RECIPIENT, "name": "Buyer"}, "integration": outbound});
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    };
    let first = json!({
        "id": FLOWS[0], "name": "First", "enabled": true, "ping_enabled": true, "fields": FIELDS,
        "acceptance_criteria": {"outcome": "failure", "reason": "We do not buy in {{lead.state}}",
            "rule_set": rules("lead.state", "is included in", json!(["TX", "AZ", "NY"]))},
        "list_checks": check(json!({"value": 3, "interval": "day"})),
        "caps": [day], "ping_limits": [of_flow],
        "pricing": {"prices": [
            {"id": "ff0001", "amount": 9},
            {"id": "ff0002", "amount": 14, "rule_set": rules("lead.own_home", "is true", Value::Null)},
        ]},
        "sources": [
            {"id": "aa0001", "entity": {"id": SOURCES[0], "name": "Seller 0"}, "integration": inbound, "caps": [of_source],
             "ping_limits": [of_seller], "feedback": {"integration": outbound}},
            {"id": "aa0002", "entity": {"id": SOURCES[1], "name": "Seller 1"}, "integration": inbound, "pricing": {"override": true},
             "acceptance_criteria": {"outcome": "error", "reason": "No address", "rule_set": rules("lead.email", "is not blank", Value::Null)}},
        ],
        "steps": [
            {"id": "cc0001", "type": "filter", "outcome": "failure", "reason": "duplicate", "rule_set": duplicate},
            step("ee0001", json!({
                "rule_set": rules("lead.state", "is not equal to", json!("NY")), "caps": [of_step], "retry_enabled": true,
                "pricing": {"prices": [{"id": "ff0003", "amount": 31}]},
                "feedback": {"integration": {"module_id": "leadconduit-standard.inbound.feedback"},
                    "rule_set": rules("feedback.reason", "is not equal to", json!("too late"))},
            })),
            step("ee0002", json!({
                "rule_set": rules("outbound.outcome", "is not equal to", json!("success")),
                "pricing": {"prices": [{"id": "ff0004", "amount": 5}]},
            })),
            {"id": "cc0002", "type": "filter", "outcome": "{{outbound.outcome}}", "reason": "{{outbound.reason}}",
             "rule_set": rules("outbound.outcome", "is not equal to", json!("success"))},
        ],
        "created_at": "2024-08-07T00:00:00.000Z", "updated_at": "2024-08-07T00:00:00.000Z",
    });
    let second = json!({
        "id": FLOWS[1], "name": "Second", "enabled": true, "fields": FIELDS, "list_checks": check(Value::Null), "caps": [week],
        "pricing": {"prices": [{"id": "ff0005", "amount": 2}]},
        "sources": [{"id": "aa0003", "entity": {"id": SOURCES[0], "name": "Seller 0"}, "integration": inbound}],
        "steps": [
            {"id": "cc0003", "type": "filter", "outcome": "success", "reason": "known", "rule_set": duplicate},
            step("ee0003", json!({"pricing": {"override": true}})),
        ],
        "created_at": "2024-08-07T00:00:00.000Z", "updated_at": "2024-08-07T00:00:00.000Z",
    });
    let entity = |id: &str, name: &str, is_source: bool| {
        let (source, recipient) =
            if is_source { (json!("seller"), Value::Null) } else { (Value::Null, json!("buyer")) };
        json!({"id": id, "name": name, "standard": false, "account": false, "pending": false, "deprecated": false,
            "flow_ids": [], "module_ids": [], "source": source, "recipient": recipient,
            "created_at": "2024-01-01T00:00:00.000Z", "updated_at": "2024-01-01T00:00:00.000Z"})
    };
    json!({
        "version": 1, "name": "own", "description": "A test.", "extends": "empty-account", "clock": NOW,
        "world": {"accounts": [{
            "account": {"id": ACME_ID},
            "entities": [entity(SOURCES[0], "Seller 0", true), entity(SOURCES[1], "Seller 1", true), entity(RECIPIENT, "Buyer", false)],
            "flows": [first, second],
            "fields": [{"id": "own_home", "name": "Own Home", "type": "boolean", "standard": false,
                        "created_at": "2024-01-01T00:00:00.000Z", "updated_at": "2024-01-01T00:00:00.000Z"}],
            "recipients": [
                {"id": "1", "step_id": "ee0001", "outcome": "failure", "reason": "Not in {{lead.state}}",
                 "rule_set": rules("lead.state", "is equal to", json!("AZ"))},
                {"id": "2", "outcome": "timeout", "rule_set": rules("lead.first_name", "is equal to", json!("Tim"))},
                {"id": "3", "outcome": "success", "price": 4.5, "rule_set": rules("lead.first_name", "is equal to", json!("Pat"))},
            ],
        }]},
    })
    .to_string()
}

//! Random histories of leads: submissions, pings and feedback while time passes and flows change, against a reference
//! that counts everything anew from what happened before. Whatever the API tells of a lead must agree with it, and with
//! everything else that it tells.

mod reference;
mod world;

use std::collections::BTreeSet;

use http::Method;
use leadconduit_mock::support::clock::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::reference::{ObservedLead, Reference, Response, Terms};
use self::world::{CAPS, FIELDS, FLOWS, LIMITS, Lead, NO_CAP, NOW, SOURCES};
use crate::support::{JANE, Mock, OperationResponse};

#[derive(Clone, Debug)]
enum Step {
    Submit(usize, usize, Lead),
    Ping(usize, usize, Lead),
    Advance(&'static str, i64),
    Feedback(usize, &'static str, bool),
    Change(usize, u8, u64),
    Switch(usize),
    Deploy(usize),
}

fn step() -> impl Strategy<Value = Step> {
    // Every trigger is there, and most leads have none.
    let domain = prop_oneof![
        6 => Just("example.com"),
        1 => prop::sample::select(leadconduit_mock::leadconduit::operations::Trigger::ALL.map(|(domain, ..)| domain).to_vec()),
    ];
    let lead = (
        prop::sample::select(vec!["Ann", "Tim", "Pat"]),
        prop::sample::select(vec!["TX", "TX", "AZ", "NY", "AK"]),
        prop::option::weighted(0.9, (0u8..8, domain)),
        any::<Option<bool>>(),
        prop::option::of(prop::sample::select(vec!["8.25", "$3", "much"])),
    );
    let lead =
        lead.prop_map(|(first_name, state, email, own_home, price)| Lead { first_name, state, email, own_home, price });
    let flow = prop_oneof![3 => Just(0usize), 1 => Just(1usize)];
    let times = vec![
        ("1m", 60_000),
        ("9m", 540_000),
        ("1h", 3_600_000),
        ("3h", 10_800_000),
        ("1d", 86_400_000),
        ("47h", 169_200_000),
    ];
    prop_oneof![
        12 => (flow.clone(), 0usize..2, lead.clone()).prop_map(|(flow, source, lead)| Step::Submit(flow, source, lead)),
        4 => (flow.clone(), 0usize..2, lead).prop_map(|(flow, source, lead)| Step::Ping(flow, source, lead)),
        4 => prop::sample::select(times).prop_map(|(by, ms)| Step::Advance(by, ms)),
        3 => (0usize..40, prop::sample::select(vec!["return", "conversion"]), any::<bool>())
            .prop_map(|(about, kind, late)| Step::Feedback(about, kind, late)),
        1 => (flow.clone(), 1u8..9, 1u64..6).prop_map(|(flow, price, maximum)| Step::Change(flow, price, maximum)),
        1 => flow.clone().prop_map(Step::Switch),
        2 => flow.prop_map(Step::Deploy),
    ]
}

struct Run<'m> {
    mock: &'m Mock,
    sandbox: String,
    reference: Reference,
    /// The ids of leads and events, in the order of the reference.
    leads: Vec<String>,
    events: Vec<String>,
}

impl Run<'_> {
    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> OperationResponse {
        self.mock.call(JANE, method, &format!("/__sandbox/{}{path}", self.sandbox), body)
    }

    fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).expect(200).json()
    }

    fn send(&self, flow: usize, source: usize, way: &str, lead: &Lead) -> OperationResponse {
        let path = format!("/flows/{}/sources/{}/{way}", FLOWS[flow], SOURCES[source]);
        self.call(Method::POST, &path, Some(&lead.document()))
    }

    /// What was answered is what the reference says.
    fn is_told(reply: OperationResponse, status: u16, expected: Response) -> Option<Value> {
        let Some((outcome, reason, price)) = expected else {
            reply.expect(503);
            return None;
        };
        let told = reply.expect(status).json();
        let mut wanted = json!({"outcome": outcome});
        if !reason.is_empty() {
            wanted["reason"] = reason.into();
        }
        if let Some(lead) = told.get("lead") {
            wanted["lead"] = lead.clone();
        }
        wanted["price"] = told["price"].clone();
        assert_eq!((told["price"].as_f64(), &told), (Some(price), &wanted));
        Some(told)
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Submit(flow, source, lead) => {
                // The second flow has one source.
                let source = if *flow == 1 { 0 } else { *source };
                let expected = self.reference.submit(*flow, source, lead);
                let told = Self::is_told(self.send(*flow, source, "submit", lead), 201, expected);
                if let Some(told) = told {
                    self.leads.push(told["lead"]["id"].as_str().unwrap().to_owned());
                    self.look_at(self.leads.len() - 1);
                }
            }
            Step::Ping(flow, source, lead) => {
                let source = if *flow == 1 { 0 } else { *source };
                let expected = self.reference.ping(*flow, source, lead);
                let told = Self::is_told(self.send(*flow, source, "ping", lead), 200, expected);
                assert!(told.is_none_or(|told| told.get("lead").is_none()));
            }
            Step::Advance(by, ms) => {
                self.call(Method::PUT, "/__admin/clock", Some(&json!({"advance": by}))).expect(200);
                self.reference.now += ms;
            }
            Step::Feedback(about, kind, late) => self.feedback(*about, kind, *late),
            Step::Change(flow, price, maximum) => {
                let enabled = self.reference.saved[*flow].enabled;
                self.save(*flow, Terms { enabled, price: f64::from(*price), maximum: *maximum });
            }
            Step::Switch(flow) => {
                let terms = self.reference.saved[*flow];
                self.save(*flow, Terms { enabled: !terms.enabled, ..terms });
            }
            Step::Deploy(flow) => {
                self.call(Method::POST, &format!("/flows/{}/deploy", FLOWS[*flow]), None).expect(200);
                self.reference.live[*flow] = self.reference.saved[*flow];
            }
        }
    }

    fn save(&mut self, flow: usize, terms: Terms) {
        let path = format!("/flows/{}", FLOWS[flow]);
        let mut document = self.get(&path);
        document["enabled"] = terms.enabled.into();
        document["pricing"]["prices"][0]["amount"] = json!(terms.price);
        document["caps"][0]["maximum"] = terms.maximum.into();
        self.call(Method::PUT, &path, Some(&document)).expect(200);
        self.reference.saved[flow] = terms;
    }

    fn feedback(&mut self, about: usize, kind: &'static str, late: bool) {
        let sent = |(_, told): &(usize, &ObservedLead)| told.kind == "recipient" && told.outcome != "skip";
        let deliveries: Vec<(usize, &ObservedLead)> = self.reference.told.iter().enumerate().filter(sent).collect();
        let Some((about, told)) = deliveries.get(about % deliveries.len().max(1)).copied() else { return };
        let (lead, paid) = (told.lead, told.dollars);
        let path = format!("/feedback?event_id={}", self.events[about]);
        let reason = if late { "too late" } else { "gone" };
        let reply = self.call(Method::POST, &path, Some(&json!({"type": kind, "reason": reason})));
        let Some(outcome) = self.reference.feedback(about, kind, late) else {
            reply.expect(409);
            return;
        };
        let told = reply.expect(201).json();
        let price = if outcome == "failure" { -paid } else { paid };
        assert_eq!(
            (told["outcome"].as_str(), told["price"].as_f64().unwrap_or(0.0) + 0.0),
            (Some(outcome), price + 0.0)
        );
        self.look_at(lead);
    }

    /// The events of a lead are those of the reference, in their order.
    fn look_at(&mut self, lead: usize) {
        let events = self.get(&format!("/events?lead_id={}&sort=asc", self.leads[lead]));
        let expected: Vec<&ObservedLead> = self.reference.told.iter().filter(|told| told.lead == lead).collect();
        let found = events.as_array().unwrap();
        let kinds =
            |events: &[Value]| events.iter().map(|e| format!("{} {}", e["type"], e["outcome"])).collect::<Vec<_>>();
        assert_eq!(found.len(), expected.len(), "{:?} {expected:?}", kinds(found));
        for (event, told) in found.iter().zip(&expected) {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                (text("type"), text("outcome"), text("reason"), event["start_timestamp"].as_i64()),
                (told.kind.to_owned(), told.outcome.to_owned(), told.reason.clone(), Some(told.at)),
                "{event}"
            );
            assert_eq!(event["vars"]["flow"]["id"], FLOWS[told.flow]);
            assert_eq!(event["vars"]["source"]["id"], self.reference.source(lead));
            assert_eq!(event.get("cap_id").and_then(Value::as_str), told.cap.filter(|cap| *cap != NO_CAP));
            let reached =
                event.get("cap_reached").or(event.get("caps_reached")).is_some_and(|reached| *reached == true);
            assert_eq!(reached, told.cap.is_some() && !told.kind.starts_with("feedback"));
            match told.kind {
                "source" => assert_eq!(event["cost"].as_f64(), Some(told.dollars)),
                "recipient" => assert_eq!(
                    (event["sale_price"].as_f64(), text("step_id").as_str()),
                    (Some(told.dollars), told.step)
                ),
                _ => {}
            }
        }
        let ids = found.iter().map(|event| event["id"].as_str().unwrap().to_owned());
        let new: Vec<String> = ids.filter(|id| !self.events.contains(id)).collect();
        self.events.extend(new);
    }

    /// Everything that is counted agrees with what happened.
    fn compare(&self, number: usize) {
        let reference = &self.reference;
        let by_lead = number.is_multiple_of(2);
        let span = format!("start={NOW}&end=2027-01-01&by_lead={by_lead}");
        let mut names: Vec<String> = ["cost", "revenue", "profit"].map(str::to_owned).into();
        for party in ["source", "recipient", "return-received", "return-sent", "conversion-received", "conversion-sent"]
        {
            names.extend(["submitted", "success", "failure", "error"].map(|part| format!("{party}-{part}")));
        }
        let columns = format!("{span}&column={}", names.join("&column="));
        let row = |flow: Option<usize>| -> Vec<f64> {
            names.iter().map(|name| reference.column(name, flow, by_lead)).collect()
        };
        let found = |row: &Value| -> Vec<f64> { names.iter().map(|name| row[name].as_f64().unwrap()).collect() };
        let all = self.get(&format!("/events/stats?{columns}"));
        assert_eq!(found(&all[0]), row(None), "{names:?}");
        // Groups, searches and usage take turns.
        if number.is_multiple_of(3) {
            let grouped = self.get(&format!("/events/stats?{columns}&group_by=flow.id"));
            for (flow, id) in FLOWS.iter().enumerate() {
                let own = grouped.as_array().unwrap().iter().find(|row| row["flow.id"] == *id).map(&found);
                let expected = reference.leads.iter().any(|(of, ..)| *of == flow).then(|| row(Some(flow)));
                assert_eq!(own, expected, "{names:?}");
            }
        }

        let counters = |path: &str| -> Vec<(String, (u64, u64))> {
            let counts = |row: &Value| (row["count"].as_u64().unwrap(), row["failed_count"].as_u64().unwrap());
            let rows = self.get(path);
            let mut rows: Vec<_> = rows
                .as_array()
                .unwrap()
                .iter()
                .map(|row| (row["id"].as_str().unwrap().to_owned(), counts(row)))
                .collect();
            rows.sort();
            rows
        };
        let met = |row: &(String, (u64, u64))| row.1 != (0, 0);
        let caps: Vec<_> = CAPS.iter().map(|cap| (cap.id.to_owned(), reference.counted(cap))).filter(met).collect();
        assert_eq!(counters("/caps"), caps);
        // No maximum was ever greater than this.
        assert!(caps.iter().all(|(_, (count, _))| *count <= 5), "{caps:?}");
        let limits: Vec<_> =
            LIMITS.iter().map(|limit| (limit.id.to_owned(), reference.asked(limit.id))).filter(met).collect();
        assert_eq!(counters("/ping_limits"), limits);

        let total = |query: &str| self.get(&format!("/search/leads?query={query}"))["total"].as_u64().unwrap();
        if number % 3 == 1 {
            assert_eq!(total("TX"), reference.leads.iter().filter(|(.., lead)| lead.state == "TX").count() as u64);
        }
        assert_eq!(total(""), reference.leads.len() as u64);
        let flow = number / 2 % 2;
        let usage = self.get(&format!("/flows/{}/fields/usage?timeframe=this_200_days", FLOWS[flow]));
        for field in FIELDS {
            assert_eq!(usage[field].as_u64(), Some(reference.used(flow, field)), "{field} of flow {flow}");
        }
    }
}

#[test]
fn whatever_happens_all_that_is_told_of_it_agrees() {
    let mock = Mock::with_scenario("own", &world::scenario());
    let now = NOW.parse::<Timestamp>().unwrap().as_millisecond();
    let terms = [9.0, 2.0].map(|price| Terms { enabled: true, price, maximum: 5 });
    let count = std::sync::atomic::AtomicUsize::new(0);
    let seen = std::sync::Mutex::new(BTreeSet::new());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(30));
    runner
        .run(&prop::collection::vec(step(), 1..40), |steps| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let mut run = Run {
                mock: &mock,
                sandbox: format!("run-{number}"),
                reference: Reference::new(now, terms),
                leads: Vec::new(),
                events: Vec::new(),
            };
            for (at, step) in steps.iter().enumerate() {
                run.play(step);
                run.compare(at);
            }
            assert_eq!(run.events.len(), run.reference.told.len());
            let told = run.reference.told.iter();
            seen.lock()
                .unwrap()
                .extend(told.map(|told| (told.kind, told.outcome, told.cap.is_some_and(|cap| cap != NO_CAP))));
            Ok(())
        })
        .unwrap();
    // Histories in which nothing happens would agree with anything.
    for common in [
        ("source", "success", false),
        ("source", "failure", true),
        ("source", "error", false),
        ("recipient", "success", false),
        ("recipient", "skip", true),
        ("retry", "error", false),
        ("filter", "stop", false),
        ("feedback-received", "success", false),
        ("feedback-received", "failure", false),
        ("feedback-sent", "success", false),
    ] {
        assert!(seen.lock().unwrap().contains(&common), "no history has {common:?}");
    }
}

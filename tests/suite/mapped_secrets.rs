//! Secrets that the mappings of a recipient send: they reach the recipient, and no output of the mock contains them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::deliver::{Listener, start_with_deliveries};
use crate::hidden_secrets::{TOKEN, control_outputs};
use crate::lead_flow::{SUMMIT, TEST_FLOW, recipient, rules, scenario_with, submit};
use crate::log::Server;
use crate::support::SUPERUSER;
use crate::wire::{Wire, request};

/// Properties of the JSON module with values in which `S` is a secret and `W` one that is short and has no digits.
const SECRETS: [(&str, &str); 23] = [
    ("header.X-Session", "S"),
    ("header.X-Api-Key", "W"),
    ("header.Authorization", "Token S"),
    ("header.X-Trace", "Bearer W"),
    ("header.X-Forwarded-Authentication", "S"),
    ("header.X-Callback", "https://joe:W@crm.example/in"),
    ("header.X-Path", "https://crm.example/v1/token/W/in"),
    ("header.X-Relative", "/v1/token/W/in"),
    ("json_property.path", "/token/W"),
    ("json_property.slashes", "//token//W"),
    ("json_property.reset", "/tokens/1/password/reset/W"),
    ("json_property.relative", "v1/token/W"),
    ("json_property.form", "api_key=test-W-key&a=1"),
    ("json_property.password", "W"),
    ("json_property.auth.token", "S"),
    ("json_property.data.0.api_key", "S"),
    ("json_property.callback", "https://joe:W@crm.example/in"),
    ("json_property.link", "see https://crm.example/v1/token/W/in for more"),
    ("json_property.query", "https://crm.example/in?api_key=W&x=1"),
    ("json_property.scheme", "Bearer W"),
    ("json_property.text", "password: W"),
    ("json_property.xml", "<login><password>W</password></login>"),
    ("extra_parameter.access_token", "S"),
];

#[derive(Debug)]
struct Secrets {
    long: String,
    word: String,
    /// Only in the path of a URL, and in the reason of the recipient.
    in_path: String,
    /// A token that is too short to be searched for.
    short: String,
}

impl Secrets {
    fn fill(&self, text: &str) -> String {
        text.replace('S', &self.long).replace('W', &self.word)
    }

    /// The forms in which outputs could contain them.
    fn forms(&self) -> Vec<String> {
        let one = |secret: &String| {
            let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            [secret.clone(), encoded, STANDARD.encode(format!("amy:{secret}"))]
        };
        let short = format!("Bearer {}", self.short);
        [one(&self.long), one(&self.word), one(&self.in_path), [short.clone(), short.clone(), short]].concat()
    }

    /// Three recipients: one with all mappings of secrets, one with a secret path, and one with Basic credentials.
    fn flow(&self, url: &str) -> Value {
        let step = |id: &str, mappings: &[(&str, String)]| {
            let rows = mappings.iter().map(|(property, value)| json!({"property": property, "value": value}));
            let mappings: Vec<Value> = rows.collect();
            recipient(
                id,
                json!({"integration": {"module_id": "leadconduit-custom.outbound.json", "mappings": mappings}}),
            )
        };
        let mut all = vec![("url", url.to_owned()), ("json_property.user", SUPERUSER.to_owned())];
        all.extend(SECRETS.iter().map(|(property, value)| (*property, self.fill(value))));
        let path = [
            ("url", format!("{url}/token//{}", self.in_path)),
            ("json_property.a", format!("Bearer {}", self.word)),
            ("header.X-Trace", format!("Bearer {}", self.short)),
        ];
        let basic = [
            ("url", url.to_owned()),
            ("basic_username", "amy".to_owned()),
            ("basic_password", self.word.clone()),
            ("json_property.a", "1".to_owned()),
        ];
        let reads = [("outcome_search_term", "ok"), ("outcome_search_path", "result"), ("reason_path", "why")];
        all.extend(reads.map(|(property, value)| (property, value.to_owned())));
        let filter = json!({
            "id": "bb0004", "type": "filter", "enabled": true, "outcome": "failure", "reason": "{{outbound.reason}}",
            "rule_set": rules("lead.state", "is equal to", json!("TX")),
        });
        json!({"steps": [step("bb0002", &path), step("bb0003", &basic), step("bb0001", &all), filter]})
    }

    /// The first of the secrets that a text contains.
    fn found_in(&self, text: &str) -> Option<String> {
        let text = text.to_ascii_lowercase();
        self.forms().into_iter().find(|form| text.contains(&form.to_ascii_lowercase()))
    }
}

fn secrets() -> impl Strategy<Value = Secrets> {
    // Without vowels, so that no word of an output is one by chance.
    let word = "[bcdfghjkmnpqrtvwxz]{7,9}Q[bcdfghjkm]";
    let long = "[a-z]{2}[0-9]{2}[A-R]{2}[a-z0-9/+=._!-]{8,16}[a-z]";
    // Shorter values are not searched for where their name does not stand.
    let in_path = "[bcdfghjkmnpqrtvwxz]{8,9}Q[bcdfghjkm]";
    (long, word, in_path, "[bcdfghjkm]{2}Q").prop_map(|(long, word, in_path, short)| Secrets {
        long,
        word,
        in_path,
        short,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_output_contains_what_a_mapping_sends(secrets in secrets()) {
        let why = format!("no access for {} at {} with Bearer {}", secrets.long, secrets.in_path, secrets.short);
        let listener = Listener::responding(json!({"result": "refused", "why": why, "user": SUPERUSER, "api_key": secrets.long}));
        let folder = tempfile::tempdir().unwrap();
        let scenario = scenario_with(secrets.flow(&listener.url), json!({}));
        std::fs::write(folder.path().join("own.yaml"), scenario.to_string()).unwrap();
        let files = ["json", "xml", "html", "txt"].map(|extension| folder.path().join(format!("report.{extension}")));
        let reports = files.each_ref().map(|file| file.to_str().unwrap()).join(",");
        let mut server = Server::start(
            &["--scenarios", folder.path().to_str().unwrap(), "--scenario", "own", "--deliver", "--report", &reports,
              "--admin-token", TOKEN],
            &[("LEADCONDUIT_MOCK_LOG", "debug")],
        );
        let mut log = server.child.stderr.take().unwrap();
        let log = std::thread::spawn(move || std::io::read_to_string(&mut log).unwrap());
        let authorization = format!("Bearer {TOKEN}");
        let token = [("Authorization", &*authorization)];
        let mut stream = Wire::open(server.address);
        stream.send(&request("GET", "/__admin/events?sandbox=*", &token, None));
        while stream.line() != "\r\n" {}

        let mut wire = Wire::open(server.address);
        let path = format!("/flows/{TEST_FLOW}/sources/{SUMMIT}/submit");
        let lead = json!({"state": "TX", "first_name": "Ann"});
        let result = wire.request("POST", &path, &[], Some(&lead)).expect(201);
        let sent: Vec<String> = (0..3).map(|_| listener.next()).map(|one| one.head + &one.body).collect();
        prop_assert!(sent[0].contains(&secrets.in_path) && sent[0].contains(&secrets.short), "{}", sent[0]);
        prop_assert!(sent[2].contains(&secrets.long) && sent[2].contains(&secrets.word), "{}", sent[2]);
        prop_assert!(result.text.contains(&secrets.long), "the client gets the reason: {}", result.text);

        // Clients see what they have configured, and the journal records the responses.
        let flow = wire.request("GET", &format!("/flows/{TEST_FLOW}"), &[], None).expect(200);
        let own: Value = serde_json::from_str(&flow.text.replace(SUPERUSER, "x")).unwrap();
        wire.request("PUT", &format!("/flows/{TEST_FLOW}"), &[], Some(&own)).expect(200);
        let id = result.json()["lead"]["id"].as_str().unwrap().to_owned();
        let events = wire.request("GET", &format!("/events?lead_id={id}"), &[], None).expect(200);
        for text in [&flow.text, &events.text] {
            prop_assert!(SECRETS.iter().all(|(_, value)| text.contains(json!(secrets.fill(value)).to_string().trim_matches('"'))));
            prop_assert!(text.contains(SUPERUSER));
        }
        let mut outputs = control_outputs(&server);
        let calls = [("GET", format!("/leads/{id}/trace"), None), ("GET", "/requests/summaries".to_owned(), None),
                     ("POST", "/explain".to_owned(), Some(json!({"method": "POST", "path": path, "body": lead})))];
        for (method, path, body) in calls {
            let response = wire.request(method, &format!("/__admin{path}"), &token, body.as_ref()).expect(200);
            outputs.push((path, response.text));
        }
        prop_assert!(outputs.iter().any(|(_, text)| text.contains("header.X-Trace")), "mappings are recorded");
        prop_assert!(outputs.iter().any(|(_, text)| text.contains("no access for *** at *** with Bearer ***")), "reasons are recorded");
        server.signal("-TERM");
        let published = stream.lines_to_end();
        server.child.wait().unwrap();
        // The banner shows the keys of the scenario.
        let log = log.join().unwrap();
        let (_, log) = log.split_once("\n  Use: ").and_then(|(_, last)| last.split_once('\n')).unwrap();
        prop_assert!(log.contains("submit_lead") && log.contains("no access for *** at *** with Bearer ***"), "{log}");
        outputs.extend([("log".to_owned(), log.to_owned()), ("events".to_owned(), published)]);
        outputs.extend(files.iter().map(|file| (file.display().to_string(), std::fs::read_to_string(file).unwrap())));
        let found = outputs.iter().filter_map(|(name, text)| Some(format!("{} in {name}: {text}", secrets.found_in(text)?)));
        prop_assert_eq!(found.collect::<Vec<_>>(), Vec::<String>::new());
        let found = outputs.iter().filter(|(_, text)| text.contains(SUPERUSER)).map(|(name, _)| name);
        prop_assert_eq!(found.collect::<Vec<_>>(), Vec::<&String>::new(), "the key of another user");
    }
}

/// A flow can map more secrets than a request has.
#[test]
fn every_secret_of_a_large_flow_is_replaced() {
    let secrets: Vec<String> = (0..60).map(|number| format!("zq7{number:02}-mapped-value")).collect();
    let reason = format!("no access for {} and {}", secrets[0], secrets[59]);
    let listener = Listener::responding(json!({"result": "refused", "why": reason}));
    let steps = secrets.iter().enumerate().map(|(index, secret)| {
        let rows = [
            ("url", &*listener.url),
            ("json_property.password", secret),
            ("json_property.note", &format!("it is {secret}")),
            ("outcome_search_term", "ok"),
            ("outcome_search_path", "result"),
            ("reason_path", "why"),
        ];
        let mappings = rows.map(|(property, value)| json!({"property": property, "value": value}));
        let integration = json!({"module_id": "leadconduit-custom.outbound.json", "mappings": mappings});
        recipient(&format!("bb00{index:02}"), json!({"integration": integration}))
    });
    let mock = start_with_deliveries(json!({"steps": steps.collect::<Vec<_>>()}));
    let id = submit(&mock, &json!({"state": "TX"}))["lead"]["id"].as_str().unwrap().to_owned();
    let trace = mock.get(&format!("/__admin/leads/{id}/trace")).expect(200);
    assert!(trace.text.contains(r#"{\"password\":\"***\",\"note\":\"it is ***\"}"#), "{}", trace.text);
    for text in [trace.text, mock.get("/__admin/requests").expect(200).text] {
        let found: Vec<&String> = secrets.iter().filter(|secret| text.contains(*secret)).collect();
        assert!(found.is_empty(), "{found:?} in {text}");
    }
}

/// Only the secret part of a line of an explanation is replaced.
#[test]
fn an_explanation_shows_what_precedes_a_secret() {
    let listener = Listener::responding(json!({"result": "refused", "why": "bad password: S3cr3tS3cr3t"}));
    let mappings = [
        ("url", &*listener.url),
        ("json_property.a", "1"),
        ("outcome_search_term", "ok"),
        ("outcome_search_path", "result"),
        ("reason_path", "why"),
    ];
    let mappings = mappings.map(|(property, value)| json!({"property": property, "value": value}));
    let integration = json!({"module_id": "leadconduit-custom.outbound.json", "mappings": mappings});
    let mock = start_with_deliveries(json!({"steps": [recipient("bb0001", json!({"integration": integration}))]}));
    submit(&mock, &json!({"state": "TX"}));
    let explanation = mock.post("/__admin/explain", &json!({"exchange": 1})).expect(200).json();
    let line = "recipient `Brightpath Insurance`, step 1 (bb0001): failure, bad password: ***";
    assert!(explanation["reasons"].as_array().unwrap().contains(&line.into()), "{explanation:#}");
}

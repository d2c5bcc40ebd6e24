//! Parameters of leads that no field of the flow collects: the lead is accepted, and the names are reported.

use serde_json::{Value, json};

use crate::support::Mock;

const SUBMIT: &str = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Sends a form without a key.
fn submit(mock: &Mock, form: &str) -> crate::support::TestResponse {
    mock.request(&format!("POST {SUBMIT}"), &[("key", ""), FORM], form)
}

/// Location and message of each finding.
fn findings(response: &crate::support::TestResponse) -> Vec<(String, String)> {
    let list = response.violations();
    assert!(list.iter().all(|one| one["code"] == "not_collected"), "{list:?}");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    list.iter().map(|one| (text(one, "location"), text(one, "message"))).collect()
}

#[test]
fn dropped_parameters_are_reported_with_the_nearest_field() {
    let mock = Mock::healthy();
    let response = submit(&mock, "firstname=Zoe&zip=78704&state=TX").expect(201);
    assert_eq!(response.json()["outcome"], "success");
    let expected = [
        (
            "/body/firstname",
            "firstname is not collected by a field of the flow, so it is dropped; did you mean first_name?",
        ),
        ("/body/zip", "zip is not collected by a field of the flow, so it is dropped; did you mean postal_code?"),
    ];
    assert_eq!(findings(&response), expected.map(|(at, message)| (at.to_owned(), message.to_owned())));
    let rows = [
        ("First-Name", "did you mean first_name?"),
        ("LASTNAME", "did you mean last_name?"),
        ("surname", "did you mean last_name?"),
        ("e_mail", "did you mean email?"),
        ("phone", "did you mean phone_1?"),
        ("street", "did you mean address_1?"),
        ("post_code", "did you mean postal_code?"),
        ("gender", "to collect it, add the field gender to the flow"),
        ("dateOfBirth", "to collect it, add the field dob to the flow"),
        ("qqqq", "so it is dropped"),
    ];
    for (name, part) in rows {
        let response = submit(&mock, &format!("{name}=x&state=TX")).expect(201);
        let found = findings(&response);
        assert!(found.len() == 1 && found[0].1.ends_with(part), "{name}: {found:?}");
    }
    // Fields of the flow, in any of the formats, are no findings.
    let clean =
        submit(&mock, "first_name=Zoe&postal_code=78704&state=TX&xxTrustedFormCertUrl=https://cert.trustedform.com/x");
    assert_eq!(clean.expect(201).violations(), [] as [Value; 0]);
}

#[test]
fn every_way_to_send_a_lead_is_examined() {
    let mock = Mock::healthy();
    let get = mock.request(&format!("GET {SUBMIT}?state=TX&zip=1&__main__=2"), &[("key", "")], "").expect(201);
    let locations = |response| findings(response).into_iter().map(|(location, _)| location).collect::<Vec<_>>();
    assert_eq!(locations(&get), ["/query/zip", "/query/__main__"]);
    let body = r#"{"state":"TX","zip":"1","person":{"first":"Zoe"}}"#;
    let json = mock.request(&format!("POST {SUBMIT}"), &[("key", "")], body).expect(201);
    assert_eq!(locations(&json), ["/body/zip", "/body/person/first"]);
    let nested = submit(&mock, "state=TX&person.first=Zoe").expect(201);
    assert_eq!(locations(&nested), ["/body/person.first"]);
    let xml = "<lead><state>TX</state><zip>1</zip></lead>";
    let xml = mock.request(&format!("POST {SUBMIT}"), &[("key", ""), ("content-type", "text/xml")], xml).expect(201);
    assert_eq!(locations(&xml), ["/body/zip"]);
    let ping = SUBMIT.replace("/submit", "/ping");
    let ping = mock.request(&format!("POST {ping}"), &[("key", ""), FORM], "zip=1").expect(200);
    assert_eq!(locations(&ping), ["/body/zip"]);
}

#[test]
fn a_body_in_another_format_than_its_content_type_is_reported() {
    let mock = Mock::healthy();
    for (body, part) in [
        (r#"{"first_name":"Zoe","state":"TX"}"#, "looks like JSON"),
        (r#" [{"a":"b=c&d"}]"#, "looks like JSON"),
        ("<lead><state>TX</state></lead>", "looks like XML"),
    ] {
        let response = submit(&mock, body).expect(201);
        let found = findings(&response);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "/headers/content-type");
        assert!(found[0].1.contains(part) && found[0].1.contains("send Content-Type: application/"), "{found:?}");
    }
}

#[test]
fn findings_count_as_undocumented_and_not_as_violations() {
    let mock = Mock::healthy();
    submit(&mock, "firstname=Zoe&state=TX").expect(201);
    submit(&mock, "firstname=Zoe&zip=1&state=NY").expect(201);
    let coverage = mock.get("/__admin/coverage").json();
    assert_eq!((&coverage["violating"], &coverage["violations"]), (&json!(0), &json!([])));
    let of = coverage["operations"].as_array().unwrap().iter().find(|one| one["operation"] == "submit_lead").unwrap();
    let list: Vec<_> = of["undocumented"]["not_collected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["location"].as_str().unwrap(), one["code"].as_str().unwrap(), one["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(list, [("/body/firstname", "not_collected", 2), ("/body/zip", "not_collected", 1)]);
    assert_eq!(of["lead_outcomes"], json!([{"outcome": "failure", "count": 1}, {"outcome": "success", "count": 1}]));
    assert_eq!(mock.get("/__admin/requests?violations=true").json()["meta"]["total"], 0);
    let verdict = mock.post("/__admin/verify", &json!([{"name": "valid", "no_violations": true}])).json();
    assert_eq!(verdict["passed"], true, "{verdict}");
    let run = |criterion: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
        let output = command.args(["report", "--url", &mock.server.url(), "--fail-on", criterion]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run("violations,unmatched").0, Some(0));
    let (code, text) = run("undocumented");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("/body/firstname:2 (not collected)") && text.contains("leads failure:1 success:1"), "{text}");
}

#[test]
fn only_documented_names_are_preferences_on_lead_paths() {
    let mock = Mock::healthy();
    let submit = |query: &str| mock.request(&format!("GET {SUBMIT}?state=TX&{query}"), &[("key", "")], "");
    assert_eq!(findings(&submit("__main__=1").expect(201))[0].0, "/query/__main__");
    assert_eq!(findings(&submit("__cod=422").expect(201))[0].0, "/query/__cod");
    // A preference is for the mock: it is applied, and is no parameter of the lead.
    submit("__code=422").expect(422);
    let delayed = submit("__delay=1ms").expect(201);
    assert_eq!((delayed.violations(), delayed.header("preference-applied")), (vec![], Some("delay=1")));
    submit("__code=oops").expect(400);
    // Other paths have no parameters of that form.
    let problem = mock.get("/user?__main__=1").expect(400).json();
    assert!(problem["detail"].as_str().unwrap().contains("is not a preference"), "{problem}");
    let coverage = mock.get("/__admin/coverage").json();
    let of =
        coverage["operations"].as_array().unwrap().iter().find(|one| one["operation"] == "submit_lead_get").unwrap();
    assert_eq!(of["undocumented"]["parameters"], json!([]), "{of}");
}

#[test]
fn names_are_cut_and_counted_in_bounds() {
    let mock = Mock::healthy();
    let many = (0..500).map(|number| format!("&x{number}=1")).collect::<Vec<_>>().concat();
    let response = submit(&mock, &format!("state=TX{many}")).expect(201);
    assert!(response.violations().len() <= 40, "{}", response.violations().len());
    let long = submit(&mock, &format!("state=TX&{}=1", "y".repeat(100_000))).expect(201);
    assert!(long.header("x-mock-violations").unwrap().len() < 5_000);
}

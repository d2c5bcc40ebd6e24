//! The status of the service, and the test of firehose settings.

use serde_json::json;

use crate::support::Mock;

#[test]
fn status_needs_no_api_key() {
    let mock = Mock::healthy();
    for key in [crate::support::JANE, "", "unknown"] {
        let response = mock.request("GET /status", &[("key", key)], "").expect(200);
        assert_eq!(response.json(), json!({"version": "13.5.0"}), "{key}");
    }
    assert_eq!(mock.get("/version/ui").expect(200).json(), json!({"version": "13.5.0"}));
    mock.request("GET /version/ui", &[("key", "")], "").expect(401);
}

#[test]
fn firehose_tests_fail_by_bucket_name() {
    let mock = Mock::healthy();
    let aws = "access_key_id=AKIAIOSFODNN7EXAMPLE&secret_access_key=hush";
    let azure = "service=azure&connection_string=AccountName%3Dacme%3BAccountKey%3Dhush";
    let rows = [
        (format!("{aws}&bucket=acme-events"), 200, json!({"validated": true, "verification_file": true})),
        (
            format!("{aws}&bucket=acme-events&verification_file=false&service=aws&prefix=a&flow_id=b"),
            200,
            json!({"validated": true, "verification_file": false}),
        ),
        (format!("{azure}&bucket=acme-events"), 200, json!({"validated": true, "verification_file": true})),
        (format!("{aws}&bucket=denied-events"), 422, json!({"error": "access to bucket denied-events is denied"})),
        (format!("{azure}&bucket=missing-events"), 422, json!({"error": "bucket missing-events not found"})),
        (
            "service=azure&connection_string=AccountName%3Dacme&bucket=abc".to_owned(),
            422,
            json!({"error": "connection_string has no AccountKey"}),
        ),
        ("bucket=acme-events".to_owned(), 400, json!({"error": "access_key_id is missing"})),
        (format!("service=azure&{aws}&bucket=abc"), 400, json!({"error": "connection_string is missing"})),
        (aws.to_owned(), 400, json!({"error": "bucket is missing"})),
    ];
    for (query, status, body) in rows {
        assert_eq!(mock.get(&format!("/firehose?{query}")).expect(status).json(), body, "{query}");
    }
    for bucket in ["ab", "Acme", "-abc", "a.b", "123456"] {
        mock.get(&format!("/firehose?{aws}&bucket={bucket}")).expect(400);
    }
}

#[test]
fn firehose_secrets_are_redacted() {
    let mock = Mock::healthy();
    let secrets = ["AKIAVERYSECRET", "s3cr3t-and-long", "AccountKey%3Dazure-hush", "azure-hush"];
    mock.get(&format!(
        "/firehose?access_key_id={}&secret_access_key={}&connection_string=AccountName%3Da%3B{}&bucket=x",
        secrets[0], secrets[1], secrets[2]
    ))
    .expect(400);
    let journal = mock.get("/__admin/requests").expect(200).text;
    assert!(journal.contains("access_key_id=***") && journal.contains("connection_string=***"), "{journal}");
    for secret in secrets {
        assert!(!journal.contains(secret), "{secret}");
    }
}

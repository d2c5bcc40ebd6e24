//! The vendor's standard source module over HTTP: the requests and responses of its published tests, byte by byte. The
//! parsing of parameters is tested in the contract module.

use crate::lead_submission::{LOANS, mock};
use crate::support::Mock;

const PLAIN: &str = "66b2c1de940df5a34a388a03";
const SUMMIT: &str = "5d9a4b10940df5a34a3888c1";

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const ACCEPTED: &str = r#"{"outcome":"success","lead":{"id":"ID"},"price":0}"#;
const BOUGHT_XML: &str = "<?xml version=\"1.0\"?>\n<result>\n  <outcome>success</outcome>\n  <lead>\n    <id>ID</id>\n  </lead>\n  <price>12</price>\n</result>";
const NO_BID_XML: &str = "<?xml version=\"1.0\"?>\n<result>\n  <outcome>failure</outcome>\n  <reason>no bid</reason>\n  <price>0</price>\n</result>";

/// Status, one header, media type and body of the response. Lead ids are replaced by `ID`.
fn exchange(mock: &Mock, line: &str, headers: &[&str], body: &str, header_name: &str) -> (u16, String, String, String) {
    let mut request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for header in headers {
        request += &format!("{header}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    let response = mock.raw((request + "\r\n" + body).as_bytes());
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let found =
            head.lines().filter_map(|line| line.split_once(": ")).find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    if !line.starts_with("HEAD") {
        assert_eq!(header("content-length"), body.len().to_string(), "{line}");
    }
    let is_id =
        |at: &usize| body.get(*at..at + 24).is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let body = match (0..body.len()).find(is_id) {
        Some(at) => format!("{}ID{}", &body[..at], &body[at + 24..]),
        None => body.to_owned(),
    };
    (head[9..12].parse().unwrap(), header(header_name), header("content-type"), body)
}

#[test]
fn responses_match_the_published_tests() {
    let mock = mock();
    let submit = |flow: &str, query: &str| format!("/flows/{flow}/sources/{SUMMIT}/submit{query}");
    let ping = |flow: &str, query: &str| format!("/flows/{flow}/sources/{SUMMIT}/ping{query}");
    let twice = "?redir_url=http%3A%2F%2Ffoo%2Fbar%3Fbaz%3Dbip&something=else&redir_url=http%3A%2F%2Fbar.com";
    let unsupported = "MIME type in Content-Type header is not supported. Use only application/x-www-form-urlencoded, application/json, application/xml, text/xml.";
    let no_xml = "Body does not contain XML or XML is unparseable -- Error: Non-whitespace before first tag. Line: 0 Column: 1 Char: x.";
    let no_form = "Unable to parse body -- TypeError: Cannot read properties of undefined (reading 'company').";
    let conflicting = "utility=SCE&utility.electric.company.name=SCE";
    let head = "The HEAD method is not allowed".len().to_string();
    let allow = ("Allow", "GET, POST");
    let text = "text/plain";
    let (json, xml) = ("application/json", "application/xml");
    #[rustfmt::skip]
    let rows: [(&str, String, &[&str], &str, u16, (&str, &str), &str, &str); 15] = [
        ("POST", submit(PLAIN, ""), &[FORM], "first_name=Joe", 201, ("Location", ""), json, ACCEPTED),
        ("POST", submit(PLAIN, ""), &[FORM, "Accept: */*"], "first_name=Joe", 201, ("Location", ""), json, ACCEPTED),
        ("POST", submit(PLAIN, ""), &[FORM, "Accept: application/x-www-form-urlencoded"], "first_name=Joe", 201,
            ("Location", ""), "application/x-www-form-urlencoded", ACCEPTED),
        ("POST", submit(LOANS, ""), &[FORM, "Accept: application/xml"], "first_name=Joe", 201, ("Location", ""), xml, BOUGHT_XML),
        ("POST", submit(LOANS, twice), &[FORM, "Accept: application/xml"], "first_name=Joe", 303,
            ("Location", "http://foo/bar?baz=bip"), xml, BOUGHT_XML),
        ("GET", submit(PLAIN, twice), &[], "", 303, ("Location", "http://foo/bar?baz=bip"), json, ACCEPTED),
        ("POST", submit(PLAIN, "?redir_url=scooby.doo"), &[FORM], "", 400, ("Location", ""), text, "Invalid redir_url"),
        ("POST", submit(PLAIN, ""), &[], "a=b", 415, ("Allow", ""), text, "Content-Type header is required"),
        ("POST", submit(PLAIN, ""), &["Content-Type: Monkies"], "a=b", 406, ("Allow", ""), text, unsupported),
        ("POST", submit(PLAIN, ""), &["Content-Type: application/xml"], "xxTrustedFormCertUrl=x", 400, ("Allow", ""), text, no_xml),
        ("POST", submit(PLAIN, ""), &[FORM], conflicting, 400, ("Allow", ""), text, no_form),
        ("HEAD", submit(PLAIN, ""), &[], "", 405, allow, text, ""),
        ("HEAD", submit(PLAIN, ""), &[], "", 405, ("Content-Length", &head), text, ""),
        ("POST", ping(PLAIN, ""), &[FORM, "Accept: application/xml"], "first_name=Joe", 200, ("Location", ""), xml, NO_BID_XML),
        ("POST", ping(LOANS, twice), &[FORM], "first_name=Joe", 303, ("Location", "http://foo/bar?baz=bip"), json,
            r#"{"outcome":"success","price":12}"#),
    ];
    for (method, path, headers, body, status, (header_name, value), media_type, expected) in rows {
        let line = format!("{method} {path}");
        let actual = exchange(&mock, &line, headers, body, header_name);
        assert_eq!(
            actual,
            (status, value.to_owned(), media_type.to_owned(), expected.to_owned()),
            "{line} {headers:?} {body}"
        );
    }
}

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::*;

fn body(text: &str) -> String {
    let (bytes, _) = Redactor::default().body(&Bytes::from(text.to_owned()), 100_000);
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn names_with_a_secret_word_are_secret() {
    for name in [
        "password",
        "API_KEY",
        "x-api-key",
        "apiKey",
        "client_secret",
        "pass-phrase",
        "connection__string",
        "pass_word",
        "api__key",
        "key",
        "pass",
        "auth",
        "jwt",
        "sig",
        "ssn",
        "x-auth",
        "X-Auth-Key",
        "x-jwt",
        "X-Key",
        "userPass",
        "Ocp-Apim-Subscription-Key",
        "lead[ssn]",
        "data.key",
        "%70assword",
        "pass\\u0077ord",
        "&#112;assword",
        "%2570ass",
        "card_number",
        "authKey",
    ] {
        assert!(is_secret_name(name), "{name}");
        let redacted = Redactor::default().form(&format!("a=b&{name}=hush"));
        assert!(
            redacted == format!("a=b&{name}=***") || name.contains("&#") && redacted == "***",
            "{name}: {redacted}"
        );
    }
    for name in ["name", "monkey", "path", "access", "passed", "author", "design", "step_key", "keys", "authenticate"] {
        assert!(!is_secret_name(name), "{name}");
    }
    for name in ["x-key", "x-auth-key", "ocp-apim-subscription-key", "x-jwt", "x-auth", "idempotency-key"] {
        assert!(is_secret_header(name), "{name}");
    }
}

#[test]
fn bodies_keep_their_structure() {
    let rows = [
        (r#"{"a":1,"password":"S"}"#, r#"{"a":1,"password":"***"}"#),
        (r#"{"pass\u0077ord":"S"}"#, r#"{"password":"***"}"#),
        (r#"{"value":"S","name":"password"}"#, r#"{"value":"***","name":"password"}"#),
        (r#"[["api_key","S"],["x","y"]]"#, r#"[["api_key","***"],["x","y"]]"#),
        (r#"{"a":{"password":"S"},"a":1}"#, r#"{"a":1}"#),
        (r#"{"url":"http://h/x?sig=S&b=c"}"#, r#"{"url":"http://h/x?sig=***&b=c"}"#),
        (r#"{"text":"{\"password\":\"S\"}"}"#, r#"{"text":"{\"password\":\"***\"}"}"#),
        (r#"{"card":4111111111111111}"#, r#"{"card":"***"}"#),
        (r#"{"password": "S", "#, "***"),
        ("a=b&%70assword=S&c=d", "a=b&%70assword=***&c=d"),
        ("name=password&value=S", "name=password&value=***"),
        // Secrets that look like names of secrets.
        ("value=x0pw0&field_name=password", "value=***&field_name=password"),
        ("name=password&value=my-secret", "name=password&value=***"),
        (r#"{"value":"x0pw0","name":"password"}"#, r#"{"value":"***","name":"password"}"#),
        (r#"[["api_key","my-secret"]]"#, r#"[["api_key","***"]]"#),
        ("a=b&password%3DS", "a=b&***"),
        ("x=%7B%22password%22%3A%22S%22%7D&y=1", "x=***&y=1"),
        ("<l><a>1</a><password>S</password></l>", "<l><a>1</a><password>***</password></l>"),
        ("<l key='S' a='1'/>", r#"<l key="***" a="1"/>"#),
        ("<p><value>S</value><name>pass&#119;ord</name></p>", "<p><value>***</value><name>***</name></p>"),
        ("<l><a>S</a><!-- password --></l>", "<l><a>S</a></l>"),
        ("<l><password>S</l>", "***"),
        ("Content-Disposition: form-data; name=\"password\"\r\n\r\nS", "***"),
        // A value that looks like the name of a secret.
        (r#"{"api_key":"test-secret-key","a":"b"}"#, r#"{"api_key":"***","a":"b"}"#),
        (r#"{"access_token":"S","token_type":"bearer","a":1}"#, r#"{"access_token":"***","token_type":"***","a":1}"#),
        ("api_key=test-secret-key&a=1&b=c", "api_key=***&a=1&b=c"),
        ("key=password&value=S", "key=***&value=***"),
        (r#"{"path":"/token/S","x":"see /token//S now"}"#, r#"{"path":"/token/***","x":"see /token//*** now"}"#),
        (r#"{"why":"bad Bearer abc"}"#, r#"{"why":"bad Bearer ***"}"#),
        ("p\0a\0s\0s\0w\0o\0r\0d\0=\0S\0", "***"),
    ];
    for (text, expected) in rows {
        assert_eq!(body(text), expected, "{text}");
    }
}

#[test]
fn bodies_without_secrets_are_unchanged() {
    for text in [
        r#"{ "name":  "a b", "x": "u\/v", "at": 1764367598123, "author": "passed by", "email": "a%40b" }"#,
        "email=joe%40example.com&state=TX&note=I+passed",
        "<lead>\n  <email>a@b.example</email>\n</lead>",
        "plain text",
        "",
    ] {
        assert_eq!(body(text), text);
    }
}

#[test]
fn known_texts_are_replaced_in_every_encoding() {
    let redactor = Redactor::new(SecretTexts::new(["secret-value".to_owned().replace("secret", "hidden")]));
    for text in ["a hidden-value b", "hidden%2Dvalue", "%68idden-value", "hidden\\u002dvalue", "&#104;idden-value"] {
        let redacted = redactor.text(text);
        assert!(!redacted.contains("idden"), "{text}: {redacted}");
        let url =
            redactor.url(&format!("/x/{}", text.replace(' ', "+")), Some(&format!("q={}", text.replace(' ', "+"))));
        assert!(!url.contains("idden"), "{text}: {url}");
    }
}

#[test]
fn values_found_by_their_name_are_replaced_elsewhere() {
    let many = Redactor::default();
    let secrets: Vec<String> = (0..FOUND_MAX).map(|number| format!("many-{number:06}")).collect();
    let _ = many.value(&mut serde_json::json!({"password": secrets}));
    assert_eq!(many.with_found_values().unwrap().text(&secrets.join(" ")), ["***"; FOUND_MAX].join(" "));
    let redactor = Redactor::default();
    let _ = redactor.body(&Bytes::from_static(br#"{"password":"Tr0ub4dor&3x"}"#), 1000);
    let with_found = redactor.with_found_values().unwrap();
    assert_eq!(with_found.text("is Tr0ub4dor&3x valid"), "is *** valid");
    assert!(Redactor::default().with_found_values().is_none());
}

#[test]
fn a_text_is_clean_when_it_has_no_secret_after_decoding() {
    let redactor = Redactor::new(SecretTexts::new(["hidden+value".to_owned()]));
    for text in [
        "email=joe%40example.com&note=I%20passed",
        "a+b=c%2Bd",
        r#"{"name":"a\u0020b"}"#,
        "a %2525 b",
        "&#x41;nn",
        "plain",
    ] {
        assert!(redactor.is_clean(text), "{text}");
        assert_eq!(redactor.text(text), text);
        assert_eq!(redactor.form(text), text);
    }
    for text in [
        "a%40b=c&p%61ssword=S",
        "a=%40&pass+word=S",
        "a=%7B%22key%22%3A1%7D",
        "a=%3C%21--",
        "a=4111%201111+1111%201111",
        "a=%26%23112%3Bass%3Dx",
        "a=hidden%2Bvalue",
        "a=hi%64den+value",
        &format!("a=%{}70", "25".repeat(9)),
    ] {
        assert!(!redactor.is_clean(text), "{text}");
    }
}

/// The search of all values together finds what the search of each finds.
#[test]
fn headers_are_redacted_together_as_one_by_one() {
    let known = "known-secret-text";
    let redactor = Redactor::new(SecretTexts::new([known.to_owned()]));
    let rows: [&[(&'static str, &str)]; 6] = [
        &[("accept", "*/*"), ("x-trace", "abc"), ("accept", "text/html")],
        &[("accept", "*/*"), ("x-trace", "of-known-secret-text"), ("etag", "W/\"2-0\"")],
        &[("authorization", "Basic abcdef"), ("x-note", "1"), ("cookie", "a=b"), ("x-last", "2")],
        &[("x-a", "4111"), ("x-b", "1111 1111 1111"), ("x-c", "4111 1111 1111 1111")],
        &[("x-mock-violations", r#"[{"message":"too short","password":"hunter2hunter2"}]"#)],
        &[("x-api-key", "hunter2hunter2"), ("x-key", ""), ("x-empty", "")],
    ];
    for row in rows {
        let mut headers = HeaderMap::new();
        for (name, value) in row {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let mut together = Vec::new();
        let pairs: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        redactor.headers(pairs.iter().copied(), |name, value| together.push((name.to_owned(), value.to_owned())));
        let each = |(name, value): (&str, &str)| (name.to_owned(), redactor.header(name, value));
        assert_eq!(together, pairs.into_iter().map(each).collect::<Vec<_>>());
        assert!(!format!("{together:?}").contains("hunter2hunter2") && !format!("{together:?}").contains(known));
    }
}

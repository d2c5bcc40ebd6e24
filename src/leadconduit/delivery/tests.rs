use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::http_client::HttpClient;
use super::target::Target;
use super::{OutboundError, OutboundRequest, OutboundResponse, firehose_request};
use crate::config::allowed_host::AllowedHost;
use crate::config::settings::Settings;

/// The time after which a waiting test fails. No result depends on it.
const HANG_GUARD: Duration = Duration::from_mins(2);

/// The request line of a request that the test itself makes to a recipient.
const SENTINEL: &str = "GET /sentinel HTTP/1.1\r\n";

/// A recipient that sends one of these responses per connection, and returns the requests that it received. With `None`
/// it waits until the client closes the connection.
struct Recipient {
    url: String,
    port: u16,
    received: Receiver<String>,
}

impl Recipient {
    fn start(responses: Vec<Option<String>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, received) = channel();
        std::thread::spawn(move || {
            for response in responses {
                let (mut socket, _) = listener.accept().unwrap();
                let mut bytes = vec![0; 64 * 1024];
                let length = socket.read(&mut bytes).unwrap();
                let _ = sender.send(String::from_utf8_lossy(&bytes[..length]).into_owned());
                if let Some(response) = response {
                    let _ = socket.write_all(response.as_bytes());
                    let _ = socket.shutdown(Shutdown::Write);
                }
                // Closing before the client has read could discard the response.
                while matches!(socket.read(&mut bytes), Ok(1..)) {}
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), port, received }
    }

    fn next(&self) -> String {
        self.received.recv_timeout(HANG_GUARD).expect("the recipient is called")
    }

    /// Fails when the recipient received a request that the test has not read: connections are accepted in order, so the
    /// request that is sent here must be the next one.
    #[track_caller]
    fn received_nothing_more(&self) {
        let mut socket = std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.write_all(SENTINEL.as_bytes()).unwrap();
        assert_eq!(self.next(), SENTINEL);
    }
}

/// Takes a port of `::1`, without listening.
fn reserve_port(port: u16) -> std::io::Result<tokio::net::TcpSocket> {
    let socket = tokio::net::TcpSocket::new_v6()?;
    socket.bind((std::net::Ipv6Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

fn response(status: u16, headers: &str, body: &str) -> Option<String> {
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n", body.len());
    Some(format!("{head}\r\n{body}"))
}

fn outbound(change: impl FnOnce(&mut Settings)) -> HttpClient {
    let mut settings = Settings::default();
    settings.limits.deliver_timeout_ms = 60_000;
    change(&mut settings);
    HttpClient::new(&settings)
}

fn call(outbound: &HttpClient, url: &str) -> Result<OutboundResponse, OutboundError> {
    let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned()), ("X-One".to_owned(), "1".to_owned())];
    let call = OutboundRequest {
        method: http::Method::POST,
        url: url.to_owned(),
        headers,
        body: "hello".into(),
        depth: 1,
        timeout_ms: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(outbound.call(&call))
}

#[test]
fn a_call_returns_the_response() {
    let start = || Recipient::start(vec![response(201, "X-Two: 2\r\n", "done"); 2]);
    let mut recipient = start();
    // `localhost` is also `::1`, where another test's server may have the port. A socket that only has it refuses the call.
    let mut reserved = reserve_port(recipient.port);
    while reserved.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse) {
        recipient = start();
        reserved = reserve_port(recipient.port);
    }
    let outbound = outbound(|_| {});
    let received = call(&outbound, &format!("{}/in?a=1", recipient.url)).unwrap();
    assert_eq!((received.status, received.attempts, &received.body[..]), (201, 1, &b"done"[..]));
    assert!(received.headers.contains(&("x-two".to_owned(), "2".to_owned())), "{received:?}");
    let sent = recipient.next();
    assert!(sent.starts_with("POST /in?a=1 HTTP/1.1\r\n"), "{sent}");
    for part in [&format!("host: 127.0.0.1:{}\r\n", recipient.port), "x-one: 1\r\n", "content-length: 5\r\n"] {
        assert!(sent.contains(part), "{sent}");
    }
    call(&outbound, &format!("http://localhost:{}", recipient.port)).unwrap();
    let sent = recipient.next();
    assert!(sent.starts_with("POST / HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains(&format!("host: localhost:{}\r\n", recipient.port)), "{sent}");
}

#[test]
fn a_busy_recipient_is_retried_up_to_the_limit() {
    let recipient = Recipient::start(vec![response(503, "", "busy"), response(200, "", "yes")]);
    let received = call(&outbound(|_| {}), &recipient.url).unwrap();
    assert_eq!((received.status, received.attempts), (200, 2));
    assert!(received.began_ms >= 100, "{received:?}");
    let recipient = Recipient::start(vec![response(502, "", ""), response(504, "", ""), response(503, "", "busy")]);
    let received = call(&outbound(|_| {}), &recipient.url).unwrap();
    assert_eq!((received.status, received.attempts), (503, 3));
    let recipient = Recipient::start(vec![response(500, "", "broken")]);
    assert_eq!(call(&outbound(|_| {}), &recipient.url).unwrap().attempts, 1, "a 500 is not retried");
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Recipient::start(vec![response(200, "", "")]);
    let recipient = Recipient::start(vec![response(302, &format!("Location: {}\r\n", elsewhere.url), "")]);
    assert_eq!(call(&outbound(|_| {}), &recipient.url).unwrap().status, 302);
    elsewhere.received_nothing_more();
}

#[test]
fn errors_name_the_cause() {
    // Bound, so that no other test is given the port, but not listening.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let once = outbound(|settings| settings.limits.deliver_retries = 0);
    let error = call(&once, &format!("http://{}", closed.local_addr().unwrap())).unwrap_err();
    assert!(error.to_string().starts_with("Connection refused"), "{error}");
    let slow = outbound(|settings| {
        settings.limits.deliver_timeout_ms = 200;
        settings.limits.deliver_retries = 0;
    });
    let recipient = Recipient::start(vec![None]);
    assert_eq!(call(&slow, &recipient.url), Err(OutboundError::Timeout(200)));
    let small = outbound(|settings| settings.limits.deliver_body_bytes_max = 10);
    let recipient = Recipient::start(vec![response(200, "", "01234567890")]);
    assert_eq!(call(&small, &recipient.url), Err(OutboundError::TooLarge(10)));
    let recipient = Recipient::start(vec![Some("nonsense\r\n\r\n".to_owned())]);
    assert!(matches!(call(&once, &recipient.url), Err(OutboundError::Connection(_))));
}

#[test]
fn concurrent_calls_are_limited() {
    let outbound = outbound(|settings| {
        settings.limits.deliver_timeout_ms = 150;
        settings.limits.deliver_calls_max = 1;
    });
    let _all = outbound.permits.clone().try_acquire_owned().unwrap();
    assert_eq!(call(&outbound, "http://127.0.0.1:9"), Err(OutboundError::Busy { calls: 1, ms: 150 }));
}

#[test]
fn only_loopback_and_allowed_hosts_are_called() {
    let outbound = outbound(|settings| {
        settings.delivery.allowed_hosts =
            ["192.0.2.1:8080", "Recipient", "[2001:db8::1]"].map(|p| p.parse().unwrap()).to_vec();
    });
    let forbidden = [
        "http://192.0.2.1",
        "http://192.0.2.2:8080",
        "http://[2001:db8::2]/",
        "http://0.0.0.0:80",
        "http://[::]/",
        "http://[::ffff:192.0.2.1]/",
    ];
    for url in forbidden {
        let error = outbound.check(url).unwrap_err();
        assert!(matches!(error, OutboundError::Forbidden(_)), "{url}: {error}");
        assert_eq!(call(&outbound, url), Err(error));
    }
    let allowed = [
        "http://192.0.2.1:8080/a",
        "http://recipient:99",
        "http://RECIPIENT.",
        "http://[2001:db8::1]:5/",
        "http://127.9.9.9",
        "http://[::1]:80",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost",
        "http://a.localhost:1",
    ];
    for url in allowed {
        assert_eq!(outbound.check(url), Ok(()), "{url}");
    }
    let error = outbound.check("http://192.0.2.2").unwrap_err().to_string();
    assert_eq!(
        error,
        "192.0.2.2 is not called, because it is not on this machine; allow it with --deliver-allow 192.0.2.2:80"
    );
    let unusable = [
        "https://localhost",
        "ftp://localhost",
        "localhost:80",
        "http://me@localhost",
        "http://localhost:0",
        "",
        "http://",
    ];
    for url in unusable {
        assert!(matches!(call(&outbound, url), Err(OutboundError::Invalid(_))), "{url}");
    }
}

#[test]
fn ports_outside_the_range_are_rejected() {
    let rows = [
        ("http://localhost:65535/", Some(65_535)),
        ("http://localhost/", Some(80)),
        // As in browsers.
        ("http://localhost:/", Some(80)),
        ("http://[::1]:8080/", Some(8080)),
        ("http://[::1]/", Some(80)),
        ("http://localhost:65536/", None),
        ("http://localhost:99999999999/", None),
        ("http://localhost:0/", None),
        ("http://[::1]:65536/", None),
    ];
    for (url, expected) in rows {
        match (Target::parse(url), expected) {
            (Ok(target), Some(port)) => assert_eq!(target.port, port, "{url}"),
            (Err(error), None) => {
                let message = format!("{url} cannot be called: the port is not valid; write a number from 1 to 65535");
                assert_eq!(error.to_string(), message);
            }
            (found, _) => panic!("{url}: {found:?}"),
        }
    }
}

#[test]
fn a_host_name_is_called_only_when_all_its_addresses_are_loopback() {
    let target = Target::parse("http://rebound.example:8080/").unwrap();
    assert_eq!(target.check_allowed(&[]), Ok(false), "the name must be resolved first");
    let loopback = vec!["127.0.0.1:8080".parse().unwrap(), "[::1]:8080".parse().unwrap()];
    assert_eq!(target.require_loopback(loopback.clone()), Ok(loopback.clone()));
    let error = target.require_loopback([loopback, vec!["192.0.2.9:8080".parse().unwrap()]].concat()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rebound.example (192.0.2.9) is not called, because it is not on this machine; allow it with --deliver-allow \
         rebound.example:8080"
    );
}

#[test]
fn allowed_hosts_are_parsed_and_displayed() {
    for text in ["recipient", "recipient:8080", "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80"] {
        assert_eq!(text.parse::<AllowedHost>().unwrap().to_string(), text);
    }
    assert_eq!("2001:db8::1".parse::<AllowedHost>().unwrap().to_string(), "[2001:db8::1]");
    for text in [
        "",
        "http://recipient",
        "recipient:",
        "recipient:x",
        "recipient:0",
        "recipient:99999",
        "a@b",
        "a b",
        "*",
        "a/b",
    ] {
        let error = text.parse::<AllowedHost>().unwrap_err().to_string();
        assert!(error.contains("such as recipient or recipient:8080"), "{text}: {error}");
    }
}

#[test]
fn firehose_requests_have_bucket_prefix_and_ids() {
    let rows = [
        (
            "http://localhost:4566",
            json!({"bucket": "acme", "prefix": "leads/2026/"}),
            "http://localhost:4566/acme/leads/2026/L/E.json",
        ),
        ("http://localhost:4566/", json!({"bucket": "acme"}), "http://localhost:4566/acme/L/E.json"),
        (
            "http://localhost/s3",
            json!({"bucket": "acme", "prefix": "/a b/../é"}),
            "http://localhost/s3/acme/a%20b/%2E%2E/%C3%A9/L/E.json",
        ),
    ];
    for (base, config, url) in rows {
        let call = firehose_request(base, &config, "L", "E", "{}".into());
        assert_eq!((call.method.as_str(), call.url.as_str(), &call.body[..]), ("PUT", url, &b"{}"[..]));
    }
}

#[test]
fn the_control_api_of_the_own_server_is_not_called() {
    let own = Recipient::start(vec![Some("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()), None]);
    let mut settings = Settings::default();
    settings.delivery.allowed_hosts = vec!["0.0.0.0".parse().unwrap()];
    let client = HttpClient::new(&settings);
    // The writers of the firehose have clones of the client.
    let writer = client.with_calls_max(1);
    client.set_own_address(format!("0.0.0.0:{}", own.port).parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let call = |client: &HttpClient, url: String| {
        let request = OutboundRequest {
            method: http::Method::PUT,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
            depth: 1,
            timeout_ms: None,
        };
        runtime.block_on(client.call(&request))
    };
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1.2.3", "0.0.0.0", "a.localhost"] {
        for path in
            ["__admin/state", "__sandbox/a/__admin/b", "%5F%5fadmin/x", "/__ADMIN", "%25255f_admin", "x/../__admin"]
        {
            for client in [&client, &writer] {
                let result = call(client, format!("http://{host}:{}/{path}", own.port));
                let Err(OutboundError::Forbidden(message)) = result else { panic!("{host} {path}: {result:?}") };
                assert!(message.contains("is the control API of this mock"), "{message}");
            }
        }
    }
    // Not `localhost`: the port can be that of another test's server on `::1`.
    assert_eq!(call(&client, format!("http://127.0.0.1:{}/flows?x=/__admin", own.port)).unwrap().status, 200);
    assert!(own.next().contains("x-mock-outbound: 1\r\n"));
    // A connection that the client keeps open ends with the runtime: the recipient serves one at a time.
    drop(runtime);
    own.received_nothing_more();
}

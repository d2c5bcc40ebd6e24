//! `--intercept`: which `CONNECT` requests are accepted, and what happens inside of the tunnel.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use base64::Engine as _;
use leadconduit_mock::{AdminToken, InterceptSettings, MockServer, OtherHosts, Settings};
use serde_json::{Value, json};

use crate::log::Server;
use crate::support::{JANE, Mock, basic, read_response};

fn start(other_hosts: OtherHosts, change: impl FnOnce(&mut Settings)) -> Mock {
    Mock::start(MockServer::builder().configure(|settings| {
        settings.intercept = Some(InterceptSettings { other_hosts });
        change(settings);
    }))
}

fn proxy() -> Mock {
    start(OtherHosts::Refuse, |_| {})
}

/// Sends the head of a `CONNECT` request, and returns the response.
fn connect(mock: &Mock, target: &str, headers: &str) -> (TcpStream, String) {
    let mut socket = mock.socket();
    socket.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes()).unwrap();
    let response = read_response(&mut socket);
    (socket, response)
}

/// Status and problem of a `CONNECT` request that is refused.
#[track_caller]
fn refused(mock: &Mock, target: &str, headers: &str) -> (u16, String) {
    let (_, response) = connect(mock, target, headers);
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let problem: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{target}: {response}"));
    assert_eq!(problem["status"], status);
    assert!(head.contains("Content-Type: application/problem+json"), "{head}");
    (status, problem["detail"].as_str().unwrap().to_owned())
}

/// An established tunnel.
#[track_caller]
fn tunnel(mock: &Mock, target: &str, headers: &str) -> TcpStream {
    let (socket, response) = connect(mock, target, headers);
    assert_eq!(response, "HTTP/1.1 200 Connection established\r\n\r\n", "{target}");
    socket
}

fn get(path: &str) -> String {
    let key = basic(JANE);
    format!(
        "GET {path} HTTP/1.1\r\nHost: app.leadconduit.com\r\nAccept: application/json\r\nAuthorization: {key}\r\n\r\n"
    )
}

#[test]
fn connect_to_the_vendors_hosts_leads_to_the_mock() {
    let mock = proxy();
    for target in [
        "app.leadconduit.com:443",
        "APP.LeadConduit.com:443",
        "app.leadconduit.com.:443",
        "app.leadconduit.com:80",
        "next.leadconduit.com:443",
        "app.leadconduit-staging.com:443",
        "app.suppressionlist.com:443",
    ] {
        let mut socket = tunnel(&mock, target, "");
        socket.write_all(get("/user").as_bytes()).unwrap();
        let response = read_response(&mut socket);
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{target}: {response}");
    }
    // The journal has the requests, and no CONNECT.
    let requests = mock.server.requests().unwrap();
    assert_eq!(requests.len(), 7);
    assert!(requests.iter().all(|exchange| exchange["request"]["method"] == "GET"), "{requests:?}");
}

#[test]
fn the_version_and_headers_of_connect_do_not_matter() {
    let mock = proxy();
    for head in [
        "CONNECT app.leadconduit.com:443 HTTP/1.0\r\n\r\n",
        "CONNECT app.leadconduit.com:443 HTTP/1.1\r\n\r\n",
        "CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: other.example\r\nProxy-Connection: close\r\n\r\n",
        "CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: a\r\n\r\n",
        // RFC 9110, section 9.3.6: what follows the head belongs to the tunnel, whatever the length says.
        "CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
    ] {
        let mut socket = mock.socket();
        socket.write_all(head.as_bytes()).unwrap();
        assert_eq!(read_response(&mut socket), "HTTP/1.1 200 Connection established\r\n\r\n", "{head}");
        socket.write_all(get("/user").as_bytes()).unwrap();
        assert!(read_response(&mut socket).starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    }
    // In one packet.
    let mut socket = mock.socket();
    let all = format!("CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\n\r\n{}", get("/user").repeat(2));
    socket.write_all(all.as_bytes()).unwrap();
    assert!(read_response(&mut socket).starts_with("HTTP/1.1 200 Connection established\r\n"));
    for _ in 0..2 {
        assert!(read_response(&mut socket).starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn other_targets_are_refused_with_what_to_do() {
    let mock = proxy();
    for (target, status, part) in [
        ("example.com:443", 403, "start the mock with --intercept-others tunnel"),
        ("app.leadconduit.com.evil.example:443", 403, "--intercept-others tunnel"),
        ("127.0.0.1:443", 403, "call it without the proxy (NO_PROXY)"),
        ("[::1]:443", 403, "[::1] is not one of LeadConduit's hosts"),
        ("app.leadconduit.com:22", 403, "on the ports 443 and 80 only"),
        ("app.leadconduit.com", 400, "such as app.leadconduit.com:443"),
        ("app.leadconduit.com:0", 400, "such as app.leadconduit.com:443"),
        ("app.leadconduit.com:99999", 400, "such as app.leadconduit.com:443"),
        ("https://app.leadconduit.com/", 400, "such as app.leadconduit.com:443"),
        ("user@app.leadconduit.com:443", 400, "such as app.leadconduit.com:443"),
        ("/", 400, "such as app.leadconduit.com:443"),
    ] {
        let (found, detail) = refused(&mock, target, "");
        assert!(found == status && detail.contains(part), "{target}: {found} {detail}");
    }
    assert!(!refused(&mock, "localhost:443", "").1.contains("--intercept-others"));
    // The connection can be used for another request.
    let mut socket = mock.socket();
    for _ in 0..2 {
        socket.write_all(b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert!(read_response(&mut socket).starts_with("HTTP/1.1 403 Forbidden\r\n"));
    }
    socket.write_all(b"CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(read_response(&mut socket).starts_with("HTTP/1.1 200 Connection established\r\n"));
    socket.write_all(b"CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let nested = read_response(&mut socket);
    assert!(nested.starts_with("HTTP/1.1 405 ") && nested.contains("a tunnel already"), "{nested}");
}

#[test]
fn invalid_targets_end_the_connection_and_show_no_password() {
    let mock = proxy();
    let (mut socket, response) = connect(&mock, "user:s3cret@app.leadconduit.com:443", "");
    assert!(response.starts_with("HTTP/1.1 400 ") && response.contains("Connection: close\r\n"), "{response}");
    assert!(response.contains("[redacted]@app.leadconduit.com:443") && !response.contains("s3cret"), "{response}");
    assert_eq!(socket.read(&mut [0]).unwrap(), 0);
}

#[test]
fn without_the_flag_connect_names_it() {
    let mock = Mock::healthy();
    let (status, detail) = refused(&mock, "app.leadconduit.com:443", "");
    assert!(status == 405 && detail.contains("start it with --intercept"), "{status} {detail}");
}

#[test]
fn tunnels_lead_neither_to_this_machine_nor_to_leadconduit() {
    let mock = start(OtherHosts::Tunnel, |_| {});
    let own = mock.server.address().port();
    for target in [format!("127.0.0.1:{own}"), format!("localhost:{own}"), "[::1]:443".to_owned()] {
        let (status, detail) = refused(&mock, &target, "");
        assert!(status == 403 && detail.contains("an address of this machine"), "{target}: {status} {detail}");
    }
    let (status, detail) = refused(&mock, "app.leadconduit.com:8443", "");
    assert!(status == 403 && detail.contains("on the ports 443 and 80 only"), "{status} {detail}");
    tunnel(&mock, "app.leadconduit.com:443", "");
}

#[test]
fn heads_that_are_too_large_or_late_are_rejected_as_of_any_request() {
    let mock = start(OtherHosts::Refuse, |settings| settings.limits.head_wait_ms_max = 50);
    let large = format!("CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    assert!(mock.raw(large.as_bytes()).starts_with("HTTP/1.1 431 "));
    let long = format!("CONNECT {}.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000));
    assert!(mock.raw(long.as_bytes()).starts_with("HTTP/1.1 414 "));
    let mut late = mock.socket();
    late.write_all(b"CONNECT app.leadconduit.com:443 HTTP/1.1\r\n").unwrap();
    assert!(read_response(&mut late).starts_with("HTTP/1.1 408 "));
    let cut = mock.raw(b"CONNECT app.leadconduit.com:443 HTTP/1.1\r\nHost");
    assert!(cut.starts_with("HTTP/1.1 400 "), "{cut}");
}

#[test]
fn a_token_is_the_password_of_the_proxy() {
    let credentials = |text: &str| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        format!("Proxy-Authorization: Basic {encoded}\r\n")
    };
    for host in ["127.0.0.1", "0.0.0.0"] {
        let mock = start(OtherHosts::Refuse, |settings| {
            settings.host = host.parse().unwrap();
            settings.admin_token = Some(AdminToken::from("s3cret"));
        });
        for headers in [String::new(), credentials("proxy:wrong"), "Authorization: Bearer s3cret\r\n".to_owned()] {
            let (_, response) = connect(&mock, "app.leadconduit.com:443", &headers);
            assert!(response.starts_with("HTTP/1.1 407 "), "{response}");
            assert!(response.contains("Proxy-Authenticate: Basic realm=\"leadconduit-mock\"\r\n"), "{response}");
            assert!(response.contains("http://proxy:TOKEN@HOST:PORT"), "{response}");
            // Other hosts are not named to clients without the token.
            assert_eq!(refused(&mock, "example.com:443", &headers).0, 407);
        }
        let mut socket = tunnel(&mock, "app.leadconduit.com:443", &credentials("proxy:s3cret"));
        socket.write_all(get("/user").as_bytes()).unwrap();
        assert!(read_response(&mut socket).starts_with("HTTP/1.1 200 OK\r\n"));
        assert_eq!(refused(&mock, "example.com:443", &credentials(":s3cret")).0, 403);
        // The control API needs its own header, inside of the tunnel too.
        socket.write_all(get("/__admin/scenario").as_bytes()).unwrap();
        assert!(read_response(&mut socket).starts_with("HTTP/1.1 401 "));
    }
    let closed = start(OtherHosts::Tunnel, |settings| settings.host = "0.0.0.0".parse().unwrap());
    for target in ["app.leadconduit.com:443", "example.com:443"] {
        let (status, detail) = refused(&closed, target, "");
        assert!(status == 403 && detail.contains("--admin-token TOKEN"), "{status} {detail}");
    }
}

#[test]
fn the_password_of_the_proxy_is_not_recorded() {
    let mock = proxy();
    let secret = base64::engine::general_purpose::STANDARD.encode("proxy:very-secret-password");
    let key = basic(JANE);
    // Clients send it with each request in absolute form.
    let request = format!(
        "GET http://app.leadconduit.com/user HTTP/1.1\r\nHost: app.leadconduit.com\r\nAccept: application/json\r\n\
         Authorization: {key}\r\nProxy-Authorization: Basic {secret}\r\nConnection: close\r\n\r\n"
    );
    let response = mock.raw(request.as_bytes());
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    tunnel(&mock, "app.leadconduit.com:443", &format!("Proxy-Authorization: Basic {secret}\r\n"));
    let journal = serde_json::to_string(&mock.server.requests().unwrap()).unwrap();
    assert!(journal.contains("/user") && !journal.contains(&secret) && !journal.contains("very-secret"), "{journal}");
    assert!(!journal.contains("CONNECT"), "{journal}");
}

#[test]
fn plain_requests_reach_leadconduit_and_this_server_only() {
    let mock = proxy();
    let key = basic(JANE);
    let send = |mock: &Mock, url: &str| {
        mock.raw(
            format!(
                "GET {url} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nAuthorization: {key}\r\n\
                 Connection: close\r\n\r\n"
            )
            .as_bytes(),
        )
    };
    let own = format!("http://mock.internal:{}/user", mock.server.address().port());
    for url in [
        "/user",
        "http://app.leadconduit.com/user",
        "https://App.LeadConduit.com./user",
        "http://localhost/user",
        "http://[::1]/user",
        &own,
    ] {
        let response = send(&mock, url);
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{url}: {response}");
    }
    for url in [
        "http://update.example/user",
        "http://app.leadconduit.com.evil.example/user",
        "http://192.0.2.1:80/user",
        "https://update.example:443/user",
    ] {
        let response = send(&mock, url);
        assert!(response.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{url}: {response}");
        assert!(response.contains("does not forward plain HTTP"), "{url}: {response}");
    }
    // They are not requests to LeadConduit, which no client sent.
    assert_eq!(mock.server.requests().unwrap().len(), 6);
    // Without the proxy, any name is one of this server.
    assert!(send(&Mock::healthy(), "http://update.example/user").starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn the_control_api_accepts_intercepted_hosts() {
    let mock = proxy();
    let mut socket = tunnel(&mock, "app.leadconduit.com:443", "");
    socket.write_all(get("/__admin/scenario").as_bytes()).unwrap();
    let response = read_response(&mut socket);
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    for (headers, status) in [
        (&[("host", "app.leadconduit.com")][..], 200),
        (&[("host", "app.leadconduit.com"), ("origin", "https://app.leadconduit.com")][..], 200),
        (&[("host", "app.leadconduit.com"), ("origin", "https://evil.example")][..], 403),
        (&[("host", "evil.example")][..], 403),
    ] {
        mock.request("GET /__admin/scenario", headers, "").expect(status);
    }
    let refused = mock.request("GET /__admin/scenario", &[("host", "evil.example")], "");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("app.leadconduit.com, next.leadconduit.com"), "{detail}");
    let plain = Mock::healthy();
    plain.request("GET /__admin/scenario", &[("host", "app.leadconduit.com")], "").expect(403);
}

#[test]
fn faults_and_sandboxes_work_inside_of_a_tunnel() {
    let mock = proxy();
    let fault = json!({"name": "cut", "when": {"operation": "get_user"}, "then": {"fault": "EMPTY_RESPONSE"}});
    mock.server.fault(&fault).unwrap();
    let mut socket = tunnel(&mock, "app.leadconduit.com:443", "");
    socket.write_all(get("/user").as_bytes()).unwrap();
    let mut rest = String::new();
    socket.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let mut socket = tunnel(&mock, "app.leadconduit.com:443", "");
    let other = get("/user").replace("\r\n\r\n", "\r\nX-Mock-Sandbox: other\r\n\r\n");
    socket.write_all(other.as_bytes()).unwrap();
    let response = read_response(&mut socket);
    assert!(
        response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("X-Mock-Sandbox: other\r\n"),
        "{response}"
    );
}

/// Runs a shell script with `run --intercept`; returns its exit code and both outputs.
fn run(flags: &[&str], script: &str, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadconduit-mock"));
    command.args(["run", "--intercept", "--tls-dir"]).arg(folder.path()).args(flags).args(["--", "sh", "-c", script]);
    // The machine that runs these tests can have a proxy, or be GitHub's.
    for name in [
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
        "NO_PROXY",
        "no_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    ] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn run_sends_an_unmodified_client_to_the_mock() {
    let get = "curl -sSf -o /dev/null -w '%{http_code}' -u API:$LEADCONDUIT_API_KEY https://app.leadconduit.com/user";
    let (code, out, err) = run(&[], get, &[]);
    assert_eq!((code, out.as_str()), (Some(0), "200"), "{err}");
    assert!(err.contains("get_user"), "{err}");
    // The local URL needs no proxy.
    let local = "curl -sSf -o /dev/null -w '%{http_connect}' -u API:$LEADCONDUIT_API_KEY $LEADCONDUIT_URL/user";
    let (code, out, err) = run(&[], local, &[]);
    assert_eq!((code, out.as_str()), (Some(0), "000"), "{err}");
    // The token is in the URL of the proxy, and nowhere in the output.
    let (code, out, err) = run(&["--admin-token", "s3c@ret"], get, &[]);
    assert_eq!((code, out.as_str()), (Some(0), "200"), "{err}");
    assert!(!err.contains("s3c"), "{err}");
}

#[test]
fn run_lets_no_request_out_to_leadconduit() {
    let get =
        |url: &str| format!("curl --disable -sS -o /dev/null -w '%{{http_code}} ' -u API:$LEADCONDUIT_API_KEY {url};");
    // Plain http, and hosts that the environment excludes from proxies.
    let script = ["http://app.leadconduit.com/user", "https://app.leadconduit.com/user", "$LEADCONDUIT_URL/user"];
    let script: String = script.map(get).concat();
    let dead = "http://127.0.0.1:1";
    let variables = [("http_proxy", dead), ("HTTP_PROXY", dead), ("https_proxy", dead)];
    for (name, value) in [("NO_PROXY", ".leadconduit.com,a.example"), ("no_proxy", "*,a.example")] {
        let (code, out, err) = run(&[], &script, &[&variables[..], &[(name, value)]].concat());
        assert_eq!((code, out.as_str()), (Some(0), "200 200 200 "), "{err}");
        let removed = value.split(',').next().unwrap();
        let line = format!("warning: the command gets NO_PROXY without `{removed}`, which would let requests out");
        assert!(err.lines().any(|found| found.starts_with(&line)) && !err.contains("a.example"), "{err}");
    }
    let (code, out, err) = run(&[], &script, &variables);
    assert_eq!((code, out.as_str()), (Some(0), "200 200 200 "), "{err}");
    assert!(!err.contains("NO_PROXY"), "{err}");
}

#[test]
fn run_sets_the_variables_for_proxies_and_certificates() {
    let script = "env; test -s \"$SSL_CERT_FILE\" && test -s \"$NODE_EXTRA_CA_CERTS\"";
    let (code, out, err) =
        run(&["--fail-on", "never"], script, &[("NO_PROXY", "internal.example"), ("no_proxy", "a.example")]);
    assert_eq!(code, Some(0), "{err}");
    let value = |name: &str| {
        let line = out.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} is missing: {out}")).to_owned()
    };
    let proxy = value("HTTPS_PROXY");
    assert!(proxy.starts_with("http://127.0.0.1:"), "{proxy}");
    for name in ["https_proxy", "HTTP_PROXY", "http_proxy", "LEADCONDUIT_URL"] {
        assert_eq!(value(name), proxy, "{name}");
    }
    let excluded = "internal.example,a.example,localhost,127.0.0.1,::1";
    assert_eq!((value("NO_PROXY").as_str(), value("no_proxy").as_str()), (excluded, excluded));
    assert_eq!(value("NODE_USE_ENV_PROXY"), "1");
    assert!(value("NODE_EXTRA_CA_CERTS").ends_with("ca.pem"));
    let bundle = value("SSL_CERT_FILE");
    assert_eq!((value("REQUESTS_CA_BUNDLE"), value("CURL_CA_BUNDLE")), (bundle.clone(), bundle));
}

#[test]
fn the_first_screen_and_the_log_have_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--intercept", "--admin-token", "s3cret", "--tls-dir", folder.path().to_str().unwrap()];
    let server = Server::start(&flags, &[]);
    let password = base64::engine::general_purpose::STANDARD.encode("proxy:s3cret");
    let authorised = format!("Proxy-Authorization: Basic {password}\r\n");
    for (target, headers) in [
        ("app.leadconduit.com:443", authorised.as_str()),
        ("app.leadconduit.com:443", ""),
        ("example.com:443", &authorised),
        ("nothing", &authorised),
        ("user:s3cret@app.leadconduit.com:443", &authorised),
    ] {
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes()).unwrap();
        read_response(&mut socket);
    }
    let address = server.address;
    let text = server.stop();
    for line in [
        format!(
            "  proxy      HTTPS_PROXY=http://proxy:TOKEN@{address} sends https://app.leadconduit.com here; other hosts are refused"
        ),
        "CONNECT app.leadconduit.com:443: intercepted".to_owned(),
        "CONNECT app.leadconduit.com:443: refused with 407, the proxy of this server needs its token".to_owned(),
        "CONNECT example.com:443: refused with 403, example.com is not one of LeadConduit's hosts".to_owned(),
        "CONNECT with an invalid target: refused with 400, `nothing` is not a target of CONNECT".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("s3cret") && !text.contains(&password), "{text}");
}

//! HTTPS with the generated authority: the server's flags, `ca`, and the commands that call a server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::support::JANE;

const BINARY: &str = env!("CARGO_BIN_EXE_leadconduit-mock");

/// A running server with HTTPS.
struct Serving {
    child: Child,
    url: String,
    https_url: String,
}

impl Serving {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["serve", "--port", "0", "--tls", "--tls-dir"]).arg(directory).args(arguments);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut url = || lines.next().unwrap().unwrap().strip_prefix("listening on ").unwrap().to_owned();
        let (url, https_url) = (url(), url());
        Self { child, url, https_url }
    }

    /// What the server writes to standard error up to a line with this text, which may follow the response of a client.
    fn log_until(mut self, text: &str) -> String {
        let mut stderr = BufReader::new(self.child.stderr.take().unwrap());
        let mut log = String::new();
        while !log.contains(text) && stderr.read_line(&mut log).unwrap() > 0 {}
        log
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The machine that runs these tests can have roots of its own.
fn without_roots(command: &mut Command) -> &mut Command {
    for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(BINARY);
    without_roots(command.args(arguments).env("LEADCONDUIT_MOCK_TLS_DIR", directory)).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn one_port_serves_both_schemes_and_the_first_line_stays_http() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("ca");
    let serving = Serving::start(&directory, &["--tls-host", "mock.example"]);
    assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
    assert_eq!(serving.https_url, serving.url.replace("http:", "https:"));
    let port = serving.url.rsplit(':').next().unwrap().to_owned();
    let ca = directory.join("ca.pem");
    let get = |arguments: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["--disable", "--noproxy", "*", "--silent", "--show-error", "--max-time", "60"]);
        out(&curl.args(["--user", &format!("API:{JANE}"), "--cacert"]).arg(&ca).args(arguments).output().unwrap())
    };
    for host in
        ["app.leadconduit.com", "next.leadconduit.com", "app.leadconduit-staging.com", "mock.example", "localhost"]
    {
        let text = get(&["--resolve", &format!("{host}:{port}:127.0.0.1"), &format!("https://{host}:{port}/user")]);
        assert!(text.contains("Jane"), "{host}: {text}");
    }
    assert!(get(&[&format!("{}/user", serving.https_url)]).contains("Jane"));
    assert!(get(&[&format!("{}/user", serving.url)]).contains("Jane"));
    let journal: Value = serde_json::from_str(&get(&[&format!("{}/__admin/requests", serving.url)])).unwrap();
    let schemes: Vec<&Value> =
        journal["requests"].as_array().unwrap().iter().map(|one| &one["request"]["scheme"]).collect();
    assert_eq!((schemes.len(), schemes[0], schemes[1]), (7, &"http".into(), &"https".into()), "newest first");
    let log = serving.log_until("sso-outage");
    assert!(log.contains(&format!("authority  {}", ca.display())), "{log}");
    assert!(!log.contains("PRIVATE KEY"), "{log}");
}

#[test]
fn commands_call_a_server_with_https() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let url = serving.https_url.as_str();
    let rows: &[(&[&str], &str)] = &[
        (&["health"], "is ready"),
        (&["use", "sso-outage"], "sso-outage"),
        (&["fault", "add", "--operation", "get_user", "--status", "503", "--times", "1"], "fault-"),
        (&["fault", "list"], "get_user"),
        (&["clock", "show"], "20"),
        (&["requests"], ""),
        (&["sandbox", "list"], "default"),
        (&["report", "--format", "text"], "requests"),
        (&["leads", "--flow", "64b8f0f5e4b0c3a1d5e6f7ab", "--count", "2", "--submit"], "2"),
        (&["reset"], ""),
    ];
    for (arguments, expected) in rows {
        let output = run(&[arguments, &["--url", url][..]].concat(), folder.path());
        assert!(output.status.success(), "{arguments:?}: {}{}", out(&output), err(&output));
        assert!(out(&output).contains(expected), "{arguments:?}: {}", out(&output));
    }
}

#[test]
fn untrusted_certificates_are_explained() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serving = Serving::start(folder.path(), &[]);
    let health = |url: &str, directory: &Path| {
        let output = run(&["health", "--url", url], directory);
        (output.status.code(), err(&output))
    };
    let (code, message) = health(&serving.https_url, other.path());
    assert_eq!(code, Some(1));
    assert!(message.contains("its certificate is not trusted") && message.contains("--tls-dir"), "{message}");
    // A file of roots, as other programs use it, works too.
    let with_roots = Command::new(BINARY)
        .args(["health", "--url", &serving.https_url, "--tls-dir"])
        .arg(other.path())
        .env("SSL_CERT_FILE", folder.path().join("ca.pem"))
        .output()
        .unwrap();
    assert!(with_roots.status.success(), "{}", err(&with_roots));
    let damaged = other.path().join("damaged");
    std::fs::create_dir(&damaged).unwrap();
    std::fs::write(damaged.join("ca.pem"), "text").unwrap();
    let (code, message) = health(&serving.https_url, &damaged);
    assert_eq!(code, Some(3));
    assert!(message.contains("ca.pem: is damaged"), "{message}");
    // The certificates are not read for http.
    assert_eq!(health(&serving.url, &damaged).0, Some(0));
    let log = serving.log_until("an HTTPS client does not trust the certificate of this server");
    assert!(log.contains("an HTTPS client does not trust the certificate of this server"), "{log}");
    // Another folder would get another authority.
    let command = format!("`leadconduit-mock ca env --tls-dir {}`", folder.path().display());
    assert_eq!(log.matches(&command).count(), 2, "the first screen and the warning: {log}");
}

#[test]
fn server_without_https_explains_it_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(BINARY)
        .args(["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().replace("http:", "https:");
    let output = run(&["health", "--url", &url], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("it does not serve HTTPS"), "{}", err(&output));
    // The client can have its alert before the log has its line.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains("the client speaks TLS") && stderr.read_line(&mut log).unwrap() > 0 {}
    let _ = child.kill();
    let _ = child.wait();
    assert!(log.contains("the client speaks TLS") && log.contains("--tls"), "{log}");
}

#[test]
fn ca_prints_path_variables_and_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("it's here");
    let path = out(&run(&["ca", "path"], &directory));
    assert_eq!(path.trim(), directory.join("ca.pem").to_str().unwrap());
    let own = std::fs::read_to_string(path.trim()).unwrap();
    let bundle = out(&run(&["ca", "bundle"], &directory));
    assert!(bundle.matches("BEGIN CERTIFICATE").count() > 100, "the public roots are there");
    let body = own.lines().nth(1).unwrap();
    assert!(bundle.contains(body) && !bundle.contains("PRIVATE"));
    let shell = r#"eval "$("$0" ca env)" && printf '%s\n' "$NODE_EXTRA_CA_CERTS" "$SSL_CERT_FILE" "$CURL_CA_BUNDLE" "$REQUESTS_CA_BUNDLE""#;
    let mut bash = Command::new("bash");
    bash.args(["-c", shell, BINARY]).env("LEADCONDUIT_MOCK_TLS_DIR", &directory);
    let output = without_roots(&mut bash).output().unwrap();
    let expected = [directory.join("ca.pem"), directory.join("ca-bundle.pem")].map(|path| path.display().to_string());
    let lines: Vec<String> = out(&output).lines().map(str::to_owned).collect();
    assert_eq!(lines, [&expected[0], &expected[1], &expected[1], &expected[1]].map(Clone::clone), "{}", err(&output));
    assert_eq!(std::fs::read_to_string(&expected[1]).unwrap(), bundle);
    let output = Command::new(BINARY).args(["ca", "path"]).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("HOME is not set; write --tls-dir DIR"), "{}", err(&output));
}

#[test]
fn the_bundle_keeps_the_roots_of_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("authority");
    openssl(folder.path(), "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out own.pem -subj /CN=own");
    let own = std::fs::read_to_string(folder.path().join("own.pem")).unwrap();
    let line = own.lines().nth(1).unwrap();
    let bundle = |name: &str, file: &Path| {
        let mut command = Command::new(BINARY);
        command.args(["ca", "env", "--tls-dir"]).arg(&directory);
        let output = without_roots(&mut command).env(name, file).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        (std::fs::read_to_string(directory.join("ca-bundle.pem")).unwrap(), out(&output), err(&output))
    };
    for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        let (text, variables, warnings) = bundle(name, &folder.path().join("own.pem"));
        assert!(text.contains(line) && warnings.is_empty(), "{name}: {warnings}");
        assert_eq!(variables.matches("ca-bundle.pem").count(), 4, "{variables}");
        // The bundle itself adds nothing.
        let (text, _, warnings) = bundle(name, &directory.join("ca-bundle.pem"));
        assert!(!text.contains(line) && warnings.is_empty(), "{name}: {warnings}");
    }
    let (_, variables, warnings) = bundle("SSL_CERT_FILE", &folder.path().join("k.pem"));
    assert!(warnings.contains("k.pem: has no certificate in PEM format; SSL_CERT_FILE names this file"), "{warnings}");
    assert_eq!(variables.matches("ca-bundle.pem").count(), 3, "{variables}");
    let made = Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
    assert!(made.success());
    let (_, _, warnings) = bundle("SSL_CERT_FILE", &folder.path().join("pipe"));
    assert!(warnings.contains("is not a regular file"), "{warnings}");
}

#[test]
fn flags_that_do_not_fit_together_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["--tls-cert", "c.pem", "--tls-key", "k.pem"];
    let rows: [(&[&str], &str); 5] = [
        (&["--tls-host", "mock.example"], "--tls-host needs --tls"),
        (&["--tls-client-ca", "ca.pem"], "--tls-client-ca needs HTTPS"),
        (&["--tls", "--tls-host", "*.example"], "without scheme, port or wildcard"),
        (&["--tls"], "--tls generates a certificate; leave it out"),
        (&["--tls-host", "mock.example"], "--tls-host is for generated certificates"),
    ];
    for (index, (arguments, message)) in rows.into_iter().enumerate() {
        let files: &[&str] = if index < 3 { &[] } else { &files };
        let output = run(&[&["serve", "--port", "0"], files, arguments].concat(), folder.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(message), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn command_of_run_gets_the_https_url_and_trusts_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = "curl --disable --noproxy '*' -sS -u \"API:$LEADCONDUIT_API_KEY\" \"$LEADCONDUIT_URL/user\" && printf '\\n%s %s' \
                  \"$LEADCONDUIT_URL\" \"$LEADCONDUIT_MOCK_URL\"";
    let output = run(&["run", "--tls", "--", "bash", "-c", script], folder.path());
    let text = out(&output);
    let (body, urls) = text.split_once('\n').unwrap_or_else(|| panic!("{text} {}", err(&output)));
    let user: Value = serde_json::from_str(body).unwrap();
    assert_eq!(user["first_name"], "Jane");
    let (api, control) = urls.split_once(' ').unwrap();
    assert_eq!((api.replace("https:", "http:"), &api[..6]), (control.to_owned(), "https:"));
}

/// What `openssl` makes, from arguments with the folder as the current one.
fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", err(&output));
}

#[test]
fn own_certificates_are_trusted_as_such() {
    let folder = tempfile::tempdir().unwrap();
    openssl(
        folder.path(),
        "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=x -addext basicConstraints=CA:FALSE",
    );
    let (cert, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let mut command = Command::new(BINARY);
    command.args(["serve", "--port", "0", "--tls-cert"]).arg(&cert).arg("--tls-key").arg(&key);
    // As many tools write it.
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let serving = Serving::spawn(command);
    assert_eq!(run(&["health", "--url", &serving.https_url], folder.path()).status.code(), Some(1));
    let log = serving.log_until("let it trust your own certificate in ");
    let warning = format!("{0}: other users can read the private key; run: chmod 600 {0}", key.display());
    assert!(log.contains(&warning), "{log}");
    assert!(log.contains("let it trust your own certificate in ") && !log.contains("ca env"), "{log}");
}

#[test]
fn unusable_roots_of_own_commands_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    openssl(
        path,
        "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=x -addext subjectAltName=IP:127.0.0.1",
    );
    let mut command = Command::new(BINARY);
    command
        .args(["serve", "--port", "0", "--tls-cert"])
        .arg(path.join("c.pem"))
        .arg("--tls-key")
        .arg(path.join("k.pem"));
    let serving = Serving::spawn(command);
    for (file, code, part) in [
        ("k.pem", 3, "k.pem: has no certificate in PEM format; SSL_CERT_FILE names this file"),
        ("none.pem", 3, "none.pem: cannot be read: No such file or directory; SSL_CERT_FILE names this file"),
        ("c.pem", 1, "its certificate is that of an authority (CA:TRUE)"),
    ] {
        let mut command = Command::new(BINARY);
        command.args(["health", "--url", &serving.https_url, "--tls-dir"]).arg(path.join("authority"));
        let output = command.env("SSL_CERT_FILE", path.join(file)).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{file}: {}", err(&output));
        assert!(err(&output).contains(part) && !err(&output).contains("--tls-key"), "{file}: {}", err(&output));
    }
}

#[test]
fn a_folder_without_tls_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(BINARY);
    command.args(["run", "--fail-on", "never", "--tls-dir"]).arg(folder.path()).args(["--", "true"]);
    let output = command.output().unwrap();
    assert!(err(&output).contains("--tls-dir has no effect without --tls"), "{}", err(&output));
}

#[test]
fn failed_handshakes_are_logged_with_their_cause() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let address = serving.url.strip_prefix("http://").unwrap();
    for arguments in ["-tls1_1 -cipher ALL@SECLEVEL=0", "-tls1_2 -cipher AES128-SHA", "-alpn foo"] {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", address]).args(arguments.split(' ')).stdin(Stdio::null());
        assert!(!command.output().unwrap().status.success(), "{arguments}");
    }
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.write_all(b"\x16\x03\x01\x00\x10garbage, garbage").unwrap();
    let _ = socket.read_to_end(&mut Vec::new());
    let log = serving.log_until("it has sent what is not TLS");
    for cause in
        ["TLS 1.2 at least is needed", "no cipher suite or key exchange", "(ALPN)", "it has sent what is not TLS"]
    {
        let line = log.lines().find(|line| line.contains(cause)).unwrap_or_else(|| panic!("{cause}: {log}"));
        assert!(line.contains("WARN") && line.contains("127.0.0.1:"), "{line}");
    }
}

#[test]
fn causes_of_refused_client_certificates_are_logged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("server.ext"), "extendedKeyUsage=serverAuth").unwrap();
    std::fs::write(path.join("client.ext"), "extendedKeyUsage=clientAuth").unwrap();
    openssl(path, "req -x509 -newkey rsa:2048 -nodes -keyout ca-k.pem -out ca.pem -subj /CN=ca");
    openssl(path, "req -x509 -newkey rsa:2048 -nodes -keyout other-k.pem -out other.pem -subj /CN=other");
    openssl(path, "req -newkey rsa:2048 -nodes -keyout k.pem -out c.csr -subj /CN=client");
    let rows = [
        ("ca", "", "X.509 v3"),
        ("ca", " -extfile server.ext", "its extendedKeyUsage is not clientAuth"),
        ("ca", " -extfile client.ext -days -1", "it has expired"),
        ("other", " -extfile client.ext", "no authority in the file has signed it"),
    ];
    let authority = path.join("authority");
    let serving = Serving::start(&authority, &["--tls-client-ca", path.join("ca.pem").to_str().unwrap()]);
    for (issuer, extra, _) in rows {
        let sign = format!("x509 -req -in c.csr -CA {issuer}.pem -CAkey {issuer}-k.pem -CAcreateserial -out c.pem");
        openssl(path, &format!("{sign}{extra}"));
        let mut curl = Command::new("curl");
        curl.args(["--disable", "--noproxy", "*", "-sS", "--cacert"]).arg(authority.join("ca.pem"));
        curl.arg("--cert").arg(path.join("c.pem")).arg("--key").arg(path.join("k.pem")).arg(&serving.https_url);
        assert!(!curl.output().unwrap().status.success(), "{extra}");
    }
    let log = serving.log_until(rows.last().unwrap().2);
    for (_, _, cause) in rows {
        assert!(log.contains(cause), "{cause}: {log}");
    }
}

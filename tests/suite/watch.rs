//! `--watch`: changed files are loaded, invalid ones are not, and the state of sandboxes is kept.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use http::Method;
use leadconduit_mock::MockServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{JANE, JANE_ID, Mock, wait_until};

/// A scenario whose rule marks responses to `GET /user` with a letter and the number of requests that it has counted.
fn marking(name: &str, letter: &str, rest: &str) -> String {
    format!(
        "version: 1\nname: {name}\ndescription: A story.\nextends: healthy\n{rest}rules:\n  - name: mark\n    \
         when: {{ operation: get_user }}\n    then: {{ headers: {{ X-Mark: '{letter} {{{{ call }}}}' }} }}\n"
    )
}

/// A folder of scenario files, and a server that watches it.
struct WatchedFolder {
    folder: TempDir,
    mock: Mock,
}

impl WatchedFolder {
    fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mock = start_watching(folder.path());
        Self { folder, mock }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
    }

    /// Writes a file, and waits until the files are loaded.
    fn change(&self, name: &str, text: &str) {
        let before = self.health()["last_read"].clone();
        self.write(name, text);
        self.wait_for("the change is loaded", || {
            let health = self.health();
            health["last_read"] != before && health.get("error").is_none()
        });
    }

    /// Waits until health reports an error that contains all of these words.
    fn wait_for_error(&self, words: &[&str]) -> String {
        self.wait_for(&format!("an error with {words:?}"), || {
            let error = self.error();
            words.iter().all(|word| error.contains(word))
        });
        self.error()
    }

    fn wait_for(&self, what: &str, holds: impl Fn() -> bool) {
        wait_until(what, holds, || self.health().to_string());
    }

    fn health(&self) -> Value {
        self.mock.get("/__admin/health").expect(200).json()["watch"].clone()
    }

    fn error(&self) -> String {
        self.health()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The mark that the rule sets in a sandbox.
    fn mark(&self, sandbox: &str) -> String {
        mark(&self.mock, sandbox)
    }

    fn use_scenario(&self, sandbox: &str, scenario: &str) {
        self.mock.put(&format!("/__sandbox/{sandbox}/__admin/scenario"), &json!({"name": scenario})).expect(200);
    }
}

fn start_watching(path: &Path) -> Mock {
    let builder = MockServer::builder().scenarios(path).scenario("own");
    Mock::start(builder.configure(|settings| settings.watch = true))
}

fn mark(mock: &Mock, sandbox: &str) -> String {
    mock.get(&format!("/__sandbox/{sandbox}/user")).expect(200).header("x-mark").unwrap_or("none").to_owned()
}

/// Waits for a mark with this letter and any count.
fn wait_for_mark(mock: &Mock, letter: &str) {
    wait_until(letter, || mark(mock, "default").starts_with(letter), || mark(mock, "default"));
}

#[test]
fn a_changed_file_replaces_the_rules_and_keeps_the_state() {
    let watched = WatchedFolder::start(&[("own.yaml", &marking("own", "a", ""))]);
    assert_eq!(watched.health().get("error"), None, "`watch` is reported from the start");
    let frozen = watched.mock.put("/__admin/clock", &json!({"freeze": "2026-01-15T09:00:00Z"})).expect(200).json();
    let set = json!({"ui_state": {"has_seen_free_account_modal": true}});
    watched.mock.put(&format!("/user/{JANE_ID}"), &set).expect(200);
    watched.mock.post("/__admin/snapshots/mine", &Value::Null).expect(201);
    let fault = json!({"when": {"operation": "get_account"}, "then": {"headers": {"X-Fault": "{{ call }}"}}});
    watched.mock.post("/__admin/faults", &fault).expect(201);
    assert_eq!(watched.mock.get("/account").header("x-fault"), Some("1"));
    let user = watched.mock.get("/user").text;
    assert_eq!(watched.mark("default"), "a 2");
    let mut events = watched.mock.socket();
    events.write_all(b"GET /__admin/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut received = String::new();
    read_until(&mut events, &mut received, "text/event-stream");

    watched.change("own.yaml", &marking("own", "b", ""));

    assert_eq!(watched.mark("default"), "b 1", "the counts of the new rules start at 0");
    assert_eq!(watched.mock.get("/user").text, user);
    assert_eq!(watched.mock.get("/__admin/clock").json(), frozen);
    assert_eq!(watched.mock.get("/account").header("x-fault"), Some("2"), "faults and their counts are kept");
    assert_eq!(watched.mock.get("/__admin/snapshots").json()["meta"]["total"], 1);
    read_until(
        &mut events,
        &mut received,
        "event: switch\ndata: {\"scenario\":\"own\",\"keep_world\":true,\"sandbox\":\"default\"}\n\n",
    );
    watched.mock.post("/__admin/snapshots/mine/restore", &Value::Null).expect(200);
    assert_eq!(watched.mark("default"), "b 1", "a snapshot restores its state, with the rules of the current files");
    assert_eq!(watched.mock.get("/user").text, user);
}

fn read_until(socket: &mut std::net::TcpStream, received: &mut String, words: &str) {
    let mut chunk = [0; 4096];
    while !received.contains(words) {
        let length = socket.read(&mut chunk).unwrap();
        assert!(length > 0, "{received}");
        received.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
}

#[test]
fn invalid_files_change_nothing_until_they_are_fixed() {
    let watched = WatchedFolder::start(&[("own.yaml", &marking("own", "a", ""))]);
    assert_eq!(watched.mark("default"), "a 1");
    watched.write("own.yaml", &marking("own", "b", "sso: { status: dwn }\n"));
    let error = watched.wait_for_error(&["own.yaml:5:"]);
    assert!(
        error.contains("dwn") && !error.contains('\n'),
        "the error is one line, without lines of the file: {error}"
    );
    // All or nothing: a valid file beside an invalid one is not loaded either.
    let before = watched.health()["last_read"].clone();
    watched.write("more.yaml", &marking("more", "m", ""));
    watched.wait_for("another read of the files", || watched.health()["last_read"] != before);
    watched.wait_for_error(&["own.yaml:5:"]);
    assert_eq!(watched.mark("default"), "a 2");
    watched.mock.put("/__admin/scenario", &json!({"name": "more"})).expect(404);
    watched.change("own.yaml", &marking("own", "c", ""));
    assert_eq!(watched.mark("default"), "c 1");
    watched.use_scenario("a", "more");
    assert_eq!(watched.mark("a"), "m 1");
}

#[test]
fn only_sandboxes_that_use_a_changed_scenario_are_reloaded() {
    let base = "version: 1\nname: base\ndescription: d\nextends: healthy\n";
    let child = marking("child", "c", "").replace("healthy", "base");
    let own = marking("own", "a", "");
    let watched = WatchedFolder::start(&[("own.yaml", &own), ("base.yaml", base), ("child.yaml", &child)]);
    watched.use_scenario("child", "child");
    assert_eq!(
        (watched.mark("default"), watched.mark("child"), watched.mark("new")),
        ("a 1".into(), "c 1".into(), "a 1".into())
    );
    watched.change("own.yaml", &marking("own", "b", ""));
    assert_eq!((watched.mark("default"), watched.mark("child")), ("b 1".into(), "c 2".into()));
    assert_eq!((watched.mark("new"), watched.mark("newer")), ("b 1".into(), "b 1".into()));
    // A change of the base scenario changes the scenarios that extend it.
    watched.change("base.yaml", &format!("{base}sso: {{ status: down }}\n"));
    assert_eq!((watched.mark("default"), watched.mark("child")), ("b 2".into(), "c 1".into()));
    let degraded = watched.mock.get("/__sandbox/child/connections").expect(200);
    assert_eq!(degraded.header("x-connections-degraded"), Some("true"));
}

#[test]
fn a_reset_uses_the_changed_world() {
    let world = |name: &str| {
        format!("world: {{ accounts: [ {{ account: {{ id: 5fd4371e940df5a34a3888b2, name: {name} }} }} ] }}\n")
    };
    let watched = WatchedFolder::start(&[("own.yaml", &marking("own", "a", &world("Old")))]);
    let name = |sandbox: &str| watched.mock.get(&format!("/__sandbox/{sandbox}/account")).json()["name"].clone();
    assert_eq!(name("default"), "Old");
    watched.change("own.yaml", &marking("own", "a", &world("New")));
    assert_eq!((name("default"), name("other")), (json!("Old"), json!("New")));
    watched.mock.post("/__admin/reset", &Value::Null).expect(200);
    assert_eq!(name("default"), "New");
}

#[test]
fn an_sso_status_set_by_a_rule_is_kept_until_the_file_changes_it() {
    let rest = |letter: &str, sso: &str| {
        let rule = "  - when: { operation: get_account }\n    then: { sso: { status: down } }\n";
        marking("own", letter, sso) + rule
    };
    let watched = WatchedFolder::start(&[("own.yaml", &rest("a", ""))]);
    let degraded = || watched.mock.get("/connections").expect(200).header("x-connections-degraded") == Some("true");
    assert!(!degraded());
    watched.mock.get("/account").expect(200);
    assert!(degraded(), "the rule has set the status of the service");
    watched.change("own.yaml", &rest("b", ""));
    assert!(degraded(), "the status in the file is unchanged");
    watched.change("own.yaml", &rest("b", "sso: { status: slow, latency: { type: fixed, ms: 1 } }\n"));
    assert!(!degraded(), "the status in the file has changed");
}

#[test]
fn a_scenario_in_use_cannot_be_removed() {
    let more = marking("more", "m", "");
    let watched = WatchedFolder::start(&[("own.yaml", &marking("own", "a", "")), ("more.yaml", &more)]);
    watched.use_scenario("a", "more");
    assert_eq!(watched.mark("a"), "m 1");
    std::fs::remove_file(watched.file("more.yaml")).unwrap();
    watched.write("own.yaml", &marking("own", "b", ""));
    watched.wait_for_error(&["`more`", "`a`"]);
    assert_eq!((watched.mark("a"), watched.mark("default")), ("m 2".into(), "a 1".into()), "nothing has changed");
    // As soon as no sandbox uses the scenario the files are loaded, without another change.
    watched.use_scenario("a", "healthy");
    watched.wait_for("the files are loaded", || watched.health().get("error").is_none());
    assert_eq!(watched.mark("default"), "b 1");
    std::fs::remove_file(watched.file("own.yaml")).unwrap();
    watched.wait_for_error(&["`own`", "new sandboxes start with it"]);
}

#[test]
fn a_folder_can_be_removed_and_created_again() {
    let watched = WatchedFolder::start(&[("own.yaml", &marking("own", "a", ""))]);
    std::fs::remove_dir_all(watched.folder.path()).unwrap();
    watched.wait_for_error(&["cannot be read"]);
    assert_eq!(watched.mark("default"), "a 1");
    std::fs::create_dir(watched.folder.path()).unwrap();
    watched.change("own.yaml", &marking("own", "b", ""));
    assert_eq!(watched.mark("default"), "b 1");
}

#[test]
fn a_single_file_can_be_watched_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (file, new) = (folder.path().join("own.yaml"), folder.path().join("new"));
    std::fs::write(&file, marking("own", "a", "")).unwrap();
    let mock = start_watching(&file);
    wait_for_mark(&mock, "a");
    // Editors replace a file in this way.
    std::fs::write(&new, marking("own", "b", "")).unwrap();
    std::fs::rename(&new, &file).unwrap();
    wait_for_mark(&mock, "b");
}

#[test]
fn a_symbolic_link_can_be_replaced() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // The layout of a ConfigMap in Kubernetes: the file is a link through `..data`, a link that is replaced.
    for letter in ["a", "b"] {
        std::fs::create_dir(at(&format!("..{letter}"))).unwrap();
        std::fs::write(at(&format!("..{letter}/own.yaml")), marking("own", letter, "")).unwrap();
    }
    symlink("..a", at("..data")).unwrap();
    symlink("..data/own.yaml", at("own.yaml")).unwrap();
    let mock = start_watching(folder.path());
    wait_for_mark(&mock, "a");
    symlink("..b", at("..data_tmp")).unwrap();
    std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
    wait_for_mark(&mock, "b");
}

#[test]
fn editor_lock_files_are_ignored() {
    let watched = WatchedFolder::start(&[("own.yaml", &marking("own", "a", ""))]);
    std::os::unix::fs::symlink("somebody@nowhere.1", watched.file(".#own.yaml")).unwrap();
    watched.change("own.yaml", &marking("own", "b", ""));
    assert_eq!(watched.mark("default"), "b 1");
}

#[test]
fn without_watch_files_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.yaml");
    std::fs::write(&file, marking("own", "a", "")).unwrap();
    let mock = Mock::start(MockServer::builder().scenarios(folder.path()).scenario("own"));
    std::fs::write(&file, "nonsense").unwrap();
    assert_eq!(mock.call(JANE, Method::GET, "/__admin/health", None).json().get("watch"), None);
    mock.post("/__admin/reset", &Value::Null).expect(200);
    assert_eq!(mark(&mock, "default"), "a 1");
}

//! `--watch`: changed files take effect, bad ones do not, and what is in use is kept.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use http::Method;
use leadconduit_mock::MockServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{JANE, JANE_ID, Mock, wait_until};

/// A scenario whose rule marks replies to `GET /user`: with a letter, and with how many requests it has counted.
fn marking(name: &str, letter: &str, rest: &str) -> String {
    format!(
        "version: 1\nname: {name}\ndescription: A story.\nextends: healthy\n{rest}rules:\n  - name: mark\n    \
         when: {{ operation: get_user }}\n    then: {{ headers: {{ X-Mark: '{letter} {{{{ call }}}}' }} }}\n"
    )
}

/// A folder of scenario files, and a server that watches it.
struct ReloadStatus {
    folder: TempDir,
    mock: Mock,
}

impl ReloadStatus {
    fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mock = watching(folder.path());
        Self { folder, mock }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
    }

    /// Writes a file and waits until the files are read and taken.
    fn change(&self, name: &str, text: &str) {
        let before = self.health()["last_read"].clone();
        self.write(name, text);
        self.until("the change is taken", || {
            let health = self.health();
            health["last_read"] != before && health.get("error").is_none()
        });
    }

    /// Waits until health tells of an error with all of these words.
    fn until_error(&self, words: &[&str]) -> String {
        self.until(&format!("an error with {words:?}"), || {
            let error = self.error();
            words.iter().all(|word| error.contains(word))
        });
        self.error()
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        wait_until(what, holds, || self.health().to_string());
    }

    fn health(&self) -> Value {
        self.mock.get("/__admin/health").expect(200).json()["watch"].clone()
    }

    fn error(&self) -> String {
        self.health()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// What the rule says in a sandbox.
    fn mark(&self, sandbox: &str) -> String {
        mark(&self.mock, sandbox)
    }

    fn play(&self, sandbox: &str, scenario: &str) {
        self.mock.put(&format!("/__sandbox/{sandbox}/__admin/scenario"), &json!({"name": scenario})).expect(200);
    }
}

fn watching(path: &Path) -> Mock {
    let builder = MockServer::builder().scenarios(path).scenario("own");
    Mock::start(builder.configure(|settings| settings.watch = true))
}

fn mark(mock: &Mock, sandbox: &str) -> String {
    mock.get(&format!("/__sandbox/{sandbox}/user")).expect(200).header("x-mark").unwrap_or("none").to_owned()
}

/// Waits for a mark that begins with a letter, whatever it has counted.
fn until_marked(mock: &Mock, letter: &str) {
    wait_until(letter, || mark(mock, "default").starts_with(letter), || mark(mock, "default"));
}

#[test]
fn a_changed_file_replaces_the_rules_and_keeps_the_state() {
    let it = ReloadStatus::start(&[("own.yaml", &marking("own", "a", ""))]);
    assert_eq!(it.health().get("error"), None, "watching is told from the start");
    let frozen = it.mock.put("/__admin/clock", &json!({"freeze": "2026-01-15T09:00:00Z"})).expect(200).json();
    let set = json!({"ui_state": {"has_seen_free_account_modal": true}});
    it.mock.put(&format!("/user/{JANE_ID}"), &set).expect(200);
    it.mock.post("/__admin/snapshots/mine", &Value::Null).expect(201);
    let fault = json!({"when": {"operation": "get_account"}, "then": {"headers": {"X-Fault": "{{ call }}"}}});
    it.mock.post("/__admin/faults", &fault).expect(201);
    assert_eq!(it.mock.get("/account").header("x-fault"), Some("1"));
    let user = it.mock.get("/user").text;
    assert_eq!(it.mark("default"), "a 2");
    let mut events = it.mock.socket();
    events.write_all(b"GET /__admin/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut heard = String::new();
    hear(&mut events, &mut heard, "text/event-stream");

    it.change("own.yaml", &marking("own", "b", ""));

    assert_eq!(it.mark("default"), "b 1", "the new rules count from their beginning");
    assert_eq!(it.mock.get("/user").text, user);
    assert_eq!(it.mock.get("/__admin/clock").json(), frozen);
    assert_eq!(it.mock.get("/account").header("x-fault"), Some("2"), "faults stay, with what they have counted");
    assert_eq!(it.mock.get("/__admin/snapshots").json()["meta"]["total"], 1);
    hear(
        &mut events,
        &mut heard,
        "event: switch\ndata: {\"scenario\":\"own\",\"keep_world\":true,\"sandbox\":\"default\"}\n\n",
    );
    it.mock.post("/__admin/snapshots/mine/restore", &Value::Null).expect(200);
    assert_eq!(it.mark("default"), "b 1", "a snapshot goes back to its state, and plays the files as they are");
    assert_eq!(it.mock.get("/user").text, user);
}

fn hear(socket: &mut std::net::TcpStream, heard: &mut String, words: &str) {
    let mut chunk = [0; 4096];
    while !heard.contains(words) {
        let length = socket.read(&mut chunk).unwrap();
        assert!(length > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
}

#[test]
fn invalid_files_change_nothing_until_they_are_fixed() {
    let it = ReloadStatus::start(&[("own.yaml", &marking("own", "a", ""))]);
    assert_eq!(it.mark("default"), "a 1");
    it.write("own.yaml", &marking("own", "b", "sso: { status: dwn }\n"));
    let error = it.until_error(&["own.yaml:5:"]);
    assert!(error.contains("dwn") && !error.contains('\n'), "one line, and none of the file's: {error}");
    // All or nothing: a good file beside a bad one waits too.
    let before = it.health()["last_read"].clone();
    it.write("more.yaml", &marking("more", "m", ""));
    it.until("another look at the files", || it.health()["last_read"] != before);
    it.until_error(&["own.yaml:5:"]);
    assert_eq!(it.mark("default"), "a 2");
    it.mock.put("/__admin/scenario", &json!({"name": "more"})).expect(404);
    it.change("own.yaml", &marking("own", "c", ""));
    assert_eq!(it.mark("default"), "c 1");
    it.play("a", "more");
    assert_eq!(it.mark("a"), "m 1");
}

#[test]
fn only_sandboxes_that_use_a_changed_scenario_are_reloaded() {
    let base = "version: 1\nname: base\ndescription: d\nextends: healthy\n";
    let child = marking("child", "c", "").replace("healthy", "base");
    let own = marking("own", "a", "");
    let it = ReloadStatus::start(&[("own.yaml", &own), ("base.yaml", base), ("child.yaml", &child)]);
    it.play("child", "child");
    assert_eq!((it.mark("default"), it.mark("child"), it.mark("new")), ("a 1".into(), "c 1".into(), "a 1".into()));
    it.change("own.yaml", &marking("own", "b", ""));
    assert_eq!((it.mark("default"), it.mark("child")), ("b 1".into(), "c 2".into()));
    assert_eq!((it.mark("new"), it.mark("newer")), ("b 1".into(), "b 1".into()));
    // What a scenario starts from is a part of it.
    it.change("base.yaml", &format!("{base}sso: {{ status: down }}\n"));
    assert_eq!((it.mark("default"), it.mark("child")), ("b 2".into(), "c 1".into()));
    let degraded = it.mock.get("/__sandbox/child/connections").expect(200);
    assert_eq!(degraded.header("x-connections-degraded"), Some("true"));
}

#[test]
fn a_reset_uses_the_changed_world() {
    let world = |name: &str| {
        format!("world: {{ accounts: [ {{ account: {{ id: 5fd4371e940df5a34a3888b2, name: {name} }} }} ] }}\n")
    };
    let it = ReloadStatus::start(&[("own.yaml", &marking("own", "a", &world("Old")))]);
    let name = |sandbox: &str| it.mock.get(&format!("/__sandbox/{sandbox}/account")).json()["name"].clone();
    assert_eq!(name("default"), "Old");
    it.change("own.yaml", &marking("own", "a", &world("New")));
    assert_eq!((name("default"), name("other")), (json!("Old"), json!("New")));
    it.mock.post("/__admin/reset", &Value::Null).expect(200);
    assert_eq!(name("default"), "New");
}

#[test]
fn an_sso_status_set_by_a_rule_is_kept_until_the_file_changes_it() {
    let rest = |letter: &str, sso: &str| {
        let rule = "  - when: { operation: get_account }\n    then: { sso: { status: down } }\n";
        marking("own", letter, sso) + rule
    };
    let it = ReloadStatus::start(&[("own.yaml", &rest("a", ""))]);
    let degraded = || it.mock.get("/connections").expect(200).header("x-connections-degraded") == Some("true");
    assert!(!degraded());
    it.mock.get("/account").expect(200);
    assert!(degraded(), "the rule has let the service fail");
    it.change("own.yaml", &rest("b", ""));
    assert!(degraded(), "the file says about it what it said");
    it.change("own.yaml", &rest("b", "sso: { status: slow, latency: { type: fixed, ms: 1 } }\n"));
    assert!(!degraded(), "the file says otherwise now");
}

#[test]
fn a_scenario_in_use_cannot_be_removed() {
    let more = marking("more", "m", "");
    let it = ReloadStatus::start(&[("own.yaml", &marking("own", "a", "")), ("more.yaml", &more)]);
    it.play("a", "more");
    assert_eq!(it.mark("a"), "m 1");
    std::fs::remove_file(it.file("more.yaml")).unwrap();
    it.write("own.yaml", &marking("own", "b", ""));
    it.until_error(&["`more`", "`a`"]);
    assert_eq!((it.mark("a"), it.mark("default")), ("m 2".into(), "a 1".into()), "nothing has changed");
    // As soon as nobody plays it the files are taken, without another change.
    it.play("a", "healthy");
    it.until("the files are taken", || it.health().get("error").is_none());
    assert_eq!(it.mark("default"), "b 1");
    std::fs::remove_file(it.file("own.yaml")).unwrap();
    it.until_error(&["`own`", "new sandboxes start with it"]);
}

#[test]
fn a_folder_can_be_removed_and_created_again() {
    let it = ReloadStatus::start(&[("own.yaml", &marking("own", "a", ""))]);
    std::fs::remove_dir_all(it.folder.path()).unwrap();
    it.until_error(&["cannot be read"]);
    assert_eq!(it.mark("default"), "a 1");
    std::fs::create_dir(it.folder.path()).unwrap();
    it.change("own.yaml", &marking("own", "b", ""));
    assert_eq!(it.mark("default"), "b 1");
}

#[test]
fn a_single_file_can_be_watched_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (file, new) = (folder.path().join("own.yaml"), folder.path().join("new"));
    std::fs::write(&file, marking("own", "a", "")).unwrap();
    let mock = watching(&file);
    until_marked(&mock, "a");
    // As editors do it.
    std::fs::write(&new, marking("own", "b", "")).unwrap();
    std::fs::rename(&new, &file).unwrap();
    until_marked(&mock, "b");
}

#[test]
fn a_symbolic_link_can_be_replaced() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // As Kubernetes lays out a ConfigMap: the file is a link through `..data`, which is a link that is swapped.
    for letter in ["a", "b"] {
        std::fs::create_dir(at(&format!("..{letter}"))).unwrap();
        std::fs::write(at(&format!("..{letter}/own.yaml")), marking("own", letter, "")).unwrap();
    }
    symlink("..a", at("..data")).unwrap();
    symlink("..data/own.yaml", at("own.yaml")).unwrap();
    let mock = watching(folder.path());
    until_marked(&mock, "a");
    symlink("..b", at("..data_tmp")).unwrap();
    std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
    until_marked(&mock, "b");
}

#[test]
fn editor_lock_files_are_ignored() {
    let it = ReloadStatus::start(&[("own.yaml", &marking("own", "a", ""))]);
    std::os::unix::fs::symlink("somebody@nowhere.1", it.file(".#own.yaml")).unwrap();
    it.change("own.yaml", &marking("own", "b", ""));
    assert_eq!(it.mark("default"), "b 1");
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

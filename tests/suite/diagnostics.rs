//! Diagnostics of invalid scenario files: file, line, column, the source line, and a hint.

use std::sync::Arc;

use leadconduit_mock::internals::{Contract, Library};

const HEAD: &str = "version: 1\nname: mine\ndescription: A story.\n";

fn diagnose(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    std::fs::write(&file, text).unwrap();
    let contract = Arc::new(Contract::built_in().unwrap());
    let mut library = Library::built_in(contract).unwrap();
    let text = match library.read(&file) {
        Err(diagnostics) => diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"),
        Ok(warnings) if !warnings.is_empty() => {
            warnings.iter().map(|warning| format!("warning: {warning}")).collect::<Vec<_>>().join("\n\n")
        }
        Ok(_) => "(nothing)".to_owned(),
    };
    text.replace(&folder.path().display().to_string(), "FOLDER")
}

/// A rule, in flow style on one line.
fn rule(rule: &str) -> String {
    format!("{HEAD}extends: healthy\nrules:\n  - {rule}\n")
}

fn account(rest: &str) -> String {
    format!("{HEAD}extends: healthy\nworld:\n  accounts:\n    - account: {{ id: 5fd4371e940df5a34a3888b2 }}\n{rest}")
}

#[test]
fn scenario_errors_have_a_position_and_a_hint() {
    let credential = "      credentials:\n        - id: 5ff33b53940df5a34a3888ff\n          name: N\n          type: user\n          \
                      package: p\n          username: u\n";
    let rows: Vec<(&str, String)> = vec![
        ("an empty file", String::new()),
        ("not a map", "- 1\n".to_owned()),
        ("a list that is indented with a tab", format!("{HEAD}rules:\n\t- then: {{ delay: 5 }}\n")),
        ("a description with a colon", HEAD.replace("A story.", "A story: no quotes")),
        ("a single sign-on service that is a text", format!("{HEAD}sso: down\n")),
        ("a misspelt property of a recipient", account("      recipients:\n        - { id: a, outcom: success }\n")),
        (
            "an unknown property of a recipient",
            account("      recipients:\n        - { id: a, outcome: success, zzzzzz: 1 }\n"),
        ),
        ("a tab", "version: 1\n\tname: x\n".to_owned()),
        ("an open bracket", format!("{HEAD}examples: [\n")),
        ("an unknown key", format!("{HEAD}extend: healthy\n")),
        ("an unknown key without a similar one", format!("{HEAD}zzzzzz: 1\n")),
        ("another version", HEAD.replace("version: 1", "version: 2")),
        ("no version", HEAD.replace("version: 1\n", "")),
        ("no description", HEAD.replace("description: A story.\n", "")),
        ("a name with a blank", HEAD.replace("mine", "my own")),
        ("a name that is taken", HEAD.replace("mine", "healthy")),
        ("a parent that does not exist", format!("{HEAD}extends: helthy\n")),
        ("an unknown parent without a similar one", format!("{HEAD}extends: zzz\n")),
        ("a scenario that extends itself", format!("{HEAD}extends: mine\n")),
        ("an unknown status", format!("{HEAD}sso: {{ status: dwn }}\n")),
        ("a seed that is text", format!("{HEAD}seed: seven\n")),
        ("an invalid clock", format!("{HEAD}clock: noon\n")),
        ("a duplicate key", format!("{HEAD}seed: 1\nseed: 2\n")),
        ("a duplicate key in a document", account("      credentials:\n        - { id: a, id: b }\n")),
        (
            "an invalid pattern in a recipient's rules",
            account(
                "      recipients:\n        - id: a\n          outcome: success\n          rule_set:\n            \
                 op: and\n            rules: [{ lhv: lead.email, op: matches pattern, rhv: '(' }]\n",
            ),
        ),
        (
            "an unknown helper in a recipient's reason",
            account(
                "      recipients:\n        - { id: a, outcome: failure, reason: 'Not {{upercase lead.state}}' }\n",
            ),
        ),
        ("an unknown collection", account("      credentails: []\n")),
        ("a document without a required property", account(credential)),
        (
            "a malformed id",
            account(&format!("{credential}          password: p\n").replace("5ff33b53940df5a34a3888ff", "5ff3")),
        ),
        (
            "an id that YAML parses as a number",
            account(
                "      entities:\n        - id: 123456789012345678901234\n          name: N\n          module_ids: []\n          source: seller\n          recipient: null\n",
            ),
        ),
        (
            "an id that is used twice",
            account(&format!(
                "{credential}          password: p\n        - id: 5ff33b53940df5a34a3888ff\n          name: M\n          type: user\n          package: p\n          username: u\n          password: p\n"
            )),
        ),
        (
            "an unknown enum value",
            account(
                "      entities:\n        - { id: 5ff33b53940df5a34a3888ff, name: N, module_ids: [], source: seler, recipient: null }\n",
            ),
        ),
        (
            "an onboard with an unknown connection",
            account(
                "      onboards:\n        - { id: 5ff33b53940df5a34a3888ff, invitation_id: 64b8f0f5e4b0c3a1d5e6f7a8, connection_id: 5d9a4c421d011c553e00000f }\n",
            ),
        ),
        (
            "a flow with an unknown entity",
            account(
                "      flows:\n        - id: 5ff33b53940df5a34a3888ff\n          name: F\n          enabled: true\n          fields: []\n          steps: []\n          sources:\n            - entity: { id: 5d9a4b10940df5a34a3888cc, name: X }\n              integration: { module_id: leadconduit-default.inbound }\n",
            ),
        ),
        (
            "a key of an unknown user",
            format!(
                "{HEAD}extends: healthy\nworld:\n  keys:\n    - {{ key: k, account: 5fd4371e940df5a34a3888b2, user: 5fd438f91f0d12766e2bfee6 }}\n"
            ),
        ),
        (
            "settings of an unknown user",
            account("      user_settings:\n        - { id: 5ff33b53940df5a34a3888ff, notifications: {} }\n"),
        ),
        (
            "a connection that the SSO service does not have",
            account(
                "      connections:\n        - id: 5d9a4c421d011c553e00000f\n          external_id: 5d9a4c421d011c553e00000e\n          relationship_type: seller\n          connected_account: { id: 5d9a4b10940df5a34a3888c1, sso_id: 5d9a4b0f542ea0521e2a45c1, name: S }\n          created_at: now\n          updated_at: now\n",
            ),
        ),
        (
            "an invalid time",
            account("      connections:\n        - { id: 5d9a4c421d011c553e000001, updated_at: soon }\n"),
        ),
        ("a count that is text", account("      generate: { credentials: many }\n")),
        ("a count of an unknown collection", account("      generate: { conections: 3 }\n")),
        (
            "an example without `reply`",
            format!("{HEAD}examples:\n  - name: half\n    request: {{ method: GET, path: /user }}\n"),
        ),
        (
            "an example with a request and steps",
            format!(
                "{HEAD}examples:\n  - name: both\n    request: {{ method: GET, path: /user }}\n    reply: {{ status: 200 }}\n    steps:\n      - request: {{ method: GET, path: /user }}\n        reply: {{ status: 200 }}\n"
            ),
        ),
        (
            "an unknown method",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GTE, path: /user }}\n    reply: {{ status: 200 }}\n"
            ),
        ),
        (
            "a path without a slash",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GET, path: user }}\n    reply: {{ status: 200 }}\n"
            ),
        ),
        (
            "an invalid status",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GET, path: /user }}\n    reply: {{ status: ok }}\n"
            ),
        ),
        (
            "an unknown expectation",
            format!(
                "{HEAD}examples:\n  - name: x\n    request: {{ method: GET, path: /user }}\n    reply: {{ status: 200, body: {{ lenght: 2 }} }}\n"
            ),
        ),
        ("a YAML tag", account("      credentials:\n        - !secret { id: x }\n")),
    ];
    let messages: Vec<String> = rows.iter().map(|(what, text)| format!("# {what}\n{}", diagnose(text))).collect();
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn rule_errors_have_a_position_and_a_hint() {
    let error = "body: { error: e }";
    let rows: Vec<(&str, String)> = vec![
        // The structure of a rule.
        ("a rule without an effect", rule("{ then: {} }")),
        ("`then` that is a list", rule("{ then: [{ status: 503 }, { delay: 5 }] }")),
        ("a status in quotes", rule("{ when: { operation: get_user }, then: { status: '503' } }")),
        ("a condition that is a text", rule("{ when: get_user, then: { delay: 5 } }")),
        ("a rule without `then`", rule("{ name: r, when: { method: GET } }")),
        ("`then` and `steps`", rule("{ then: { delay: 5 }, steps: [{ delay: 6 }] }")),
        ("an empty list of steps", rule("{ steps: [] }")),
        ("an unknown key in a rule", rule("{ wen: { method: GET }, then: { delay: 5 } }")),
        ("an unknown key in `when`", rule("{ when: { operatoin: get_user }, then: { delay: 5 } }")),
        ("an unknown key in `then`", rule("{ then: { statsu: 503 } }")),
        ("a name that is used twice", rule("{ name: a, then: { delay: 5 } }\n  - { name: a, then: { delay: 6 } }")),
        ("a name that is a list", rule("{ name: [a], then: { delay: 5 } }")),
        ("a gate that is not a boolean", rule("{ gate: maybe, then: { delay: 5 } }")),
        ("rules that are not a list", format!("{HEAD}extends: healthy\nrules: {{ name: a }}\n")),
        // The schedule.
        ("a probability above 1", rule("{ probability: 1.5, then: { delay: 5 } }")),
        ("a probability below 0, in `then`", rule("{ then: { delay: 5, probability: -0.1 } }")),
        ("a probability in words", rule("{ probability: often, then: { delay: 5 } }")),
        ("`times` twice", rule("{ times: 1, then: { delay: 5, times: 2 } }")),
        ("`probability` twice", rule("{ probability: 0.5, then: { delay: 5, probability: 0.5 } }")),
        ("`times` below 0", rule("{ times: -1, then: { delay: 5 } }")),
        ("a rule that never applies", rule("{ times: 0, then: { delay: 5 } }")),
        ("an empty list of operations", rule("{ when: { operation: [] }, then: { delay: 5 } }")),
        ("work done with a response", rule("{ then: { status: 503, fault: HANG, work: done } }")),
        ("a step with `times: 0`", rule("{ steps: [{ delay: 5 }, { delay: 6, times: 0 }] }")),
        ("a key of the whole rule, in a step", rule("{ steps: [{ delay: 5, after: 1 }] }")),
        ("`repeat` without steps", rule("{ repeat: true, then: { delay: 5 } }")),
        // The matcher.
        ("an unknown operation", rule("{ when: { operation: lst_connections }, then: { delay: 5 } }")),
        ("an unknown operation in a list", rule("{ when: { operation: [get_user, zzz] }, then: { delay: 5 } }")),
        ("an operation that is a number", rule("{ when: { operation: 5 }, then: { delay: 5 } }")),
        ("an unknown method in a rule", rule("{ when: { method: [GET, PSOT] }, then: { delay: 5 } }")),
        ("a method in small letters", rule("{ when: { method: get }, then: { delay: 5 } }")),
        ("a path without a slash in a rule", rule("{ when: { path: connections }, then: { delay: 5 } }")),
        ("a path with an open brace", rule("{ when: { path: '/flows/{id' }, then: { delay: 5 } }")),
        ("a query that is a list", rule("{ when: { query: { q: [a] } }, then: { delay: 5 } }")),
        ("an unknown text matcher", rule("{ when: { query: { q: { contain: a } } }, then: { delay: 5 } }")),
        ("an invalid regular expression", rule("{ when: { query: { q: { matches: 'a(b' } } }, then: { delay: 5 } }")),
        (
            "an invalid regular expression inside `not`",
            rule("{ when: { headers: { x-a: { not: { matches: '[z-a]' } } } }, then: { delay: 5 } }"),
        ),
        (
            "a regular expression with look-around",
            rule("{ when: { body: { matches: { /a: '(?=x)' } } }, then: { delay: 5 } }"),
        ),
        ("an invalid header name in `when`", rule("{ when: { headers: { 'x a': b } }, then: { delay: 5 } }")),
        ("an invalid JSON pointer", rule("{ when: { body: { at: { connection_id: 5 } } }, then: { delay: 5 } }")),
        (
            "an invalid JSON pointer in `matches`",
            rule("{ when: { body: { matches: { email: a } } }, then: { delay: 5 } }"),
        ),
        ("an invalid JSON Schema", rule("{ when: { body: { schema: { type: strng } } }, then: { delay: 5 } }")),
        ("an unknown key in `caller`", rule("{ when: { caller: { acount: a } }, then: { delay: 5 } }")),
        ("`call: 0`", rule("{ when: { call: 0 }, then: { delay: 5 } }")),
        ("a range of calls in the wrong order", rule("{ when: { call: { from: 5, to: 2 } }, then: { delay: 5 } }")),
        ("an invalid call", rule("{ when: { call: second }, then: { delay: 5 } }")),
        ("an invalid time in `clock`", rule("{ when: { clock: { from: noon } }, then: { delay: 5 } }")),
        ("an invalid duration in `clock`", rule("{ when: { clock: { until: now + soon } }, then: { delay: 5 } }")),
        ("a rate without `within`", rule("{ when: { rate: { calls: 5 } }, then: { delay: 5 } }")),
        ("a rate with an invalid duration", rule("{ when: { rate: { calls: 5, within: soon } }, then: { delay: 5 } }")),
        ("a rate with a duration of zero", rule("{ when: { rate: { calls: 5, within: 0s } }, then: { delay: 5 } }")),
        (
            "a rate with an unknown `per`",
            rule("{ when: { rate: { calls: 5, within: 1s, per: user } }, then: { delay: 5 } }"),
        ),
        // The response.
        ("a status below 200", rule("{ then: { status: 99 } }")),
        ("a status that is too large", rule("{ then: { status: 70000 } }")),
        (
            "a status that the operation does not have",
            rule(&format!("{{ when: {{ operation: get_user }}, then: {{ status: 404, {error} }} }}")),
        ),
        ("a status that no operation has", rule(&format!("{{ then: {{ status: 418, {error} }} }}"))),
        (
            "a response that breaks the contract",
            rule("{ when: { operation: get_user }, then: { body: { id: 5, first_name: F } } }"),
        ),
        ("an invalid error body", rule("{ when: { operation: get_user }, then: { status: 503, body: { eror: e } } }")),
        (
            "an invalid error body, on a path without an operation",
            rule("{ gate: true, when: { path: /x }, then: { status: 503, body: {} } }"),
        ),
        ("an unknown example", rule("{ when: { operation: list_connections }, then: { example: documentd } }")),
        (
            "an example of another status",
            rule("{ when: { operation: list_connections }, then: { status: 400, example: documented } }"),
        ),
        ("an example without an operation", rule("{ then: { example: documentd } }")),
        ("a path without an operation", rule("{ when: { path: /conections }, then: { example: documented } }")),
        (
            "an example on a path without an operation",
            rule("{ gate: true, when: { path: /x }, then: { example: documented } }"),
        ),
        (
            "a body and an example",
            rule("{ when: { operation: list_connections }, then: { body: [], example: documented } }"),
        ),
        ("a header that the server sets", rule("{ then: { headers: { content-length: '5' } } }")),
        ("an invalid header name", rule("{ then: { headers: { 'x y': a } } }")),
        ("a header with a line break", rule(r#"{ then: { headers: { x-a: "a\nb" } } }"#)),
        ("a header that is a list", rule("{ then: { headers: { Retry-After: [5] } } }")),
        ("an unknown test", rule("{ then: { headers: { x-a: '{% if call is evn %}a{% endif %}' } } }")),
        // Templates.
        (
            "a template with an unknown variable",
            rule("{ gate: true, then: { status: 503, body: { error: '{{ reqest.path }}' } } }"),
        ),
        (
            "a template with an unknown variable without a similar one",
            rule("{ gate: true, then: { status: 503, body: { error: '{{ zzz }}' } } }"),
        ),
        ("an unclosed template", rule("{ gate: true, then: { status: 503, body: { error: 'a {{ request.path' } } }")),
        ("a template that ends early", rule("{ then: { headers: { x-a: '{{ request. }}' } } }")),
        ("an unknown filter", rule("{ then: { headers: { x-a: '{{ request.path | uper }}' } } }")),
        ("an `if` without end", rule("{ then: { headers: { x-a: '{% if call %}a' } } }")),
        // Delays and faults.
        ("an unknown fault", rule("{ then: { fault: CONNECTION_RESET } }")),
        ("work without a fault", rule("{ then: { delay: 5, work: skipped } }")),
        ("an unknown `work`", rule("{ then: { fault: HANG, work: half } }")),
        ("a delay that is text", rule("{ then: { delay: long } }")),
        ("a delay below 0", rule("{ then: { delay: -5 } }")),
        ("a delay that is too long", rule("{ then: { delay: 300001 } }")),
        ("an unknown type of delay", rule("{ then: { delay: { type: unifrom, lower_ms: 1, upper_ms: 2 } } }")),
        ("a uniform delay without an upper bound", rule("{ then: { delay: { type: uniform, lower_ms: 1 } } }")),
        (
            "a uniform delay with swapped bounds",
            rule("{ then: { delay: { type: uniform, lower_ms: 2, upper_ms: 1 } } }"),
        ),
        ("a key of another type of delay", rule("{ then: { delay: { ms: 5, sigma: 1 } } }")),
        ("a `sigma` that is too large", rule("{ then: { delay: { type: lognormal, median_ms: 5, sigma: 11 } } }")),
        ("a drip without chunks", rule("{ then: { drip: { chunks: 0, over_ms: 5 } } }")),
        ("an incomplete drip", rule("{ then: { drip: { chunks: 5 } } }")),
        ("slow headers that take too long", rule("{ then: { slow_headers: { chunks: 5, over_ms: 300001 } } }")),
        // The world and the single-sign-on service.
        (
            "a latency of a service that is down",
            format!("{HEAD}extends: healthy\nsso: {{ status: down, latency: 5 }}\n"),
        ),
        ("operations of a service that is up", format!("{HEAD}extends: healthy\nsso: {{ operations: [get_user] }}\n")),
        ("partial without operations", format!("{HEAD}extends: healthy\nsso: {{ status: partial }}\n")),
        (
            "partial with an unknown operation",
            format!("{HEAD}extends: healthy\nsso: {{ status: partial, operations: [get_user, lst_connections] }}\n"),
        ),
        (
            "flapping with both `calls` and `seconds`",
            rule(
                "{ then: { sso: { status: flapping, flapping: { calls: { up: 1, down: 1 }, seconds: { up: 1, down: 1 } } } } }",
            ),
        ),
        (
            "flapping without a down phase",
            rule("{ then: { sso: { status: flapping, flapping: { calls: { up: 1, down: 0 } } } } }"),
        ),
        ("an unknown SSO status, in a rule", rule("{ then: { sso: { status: dwn } } }")),
        (
            "partial with an unknown operation, in a rule",
            rule("{ then: { sso: { status: partial, operations: [lst_connections] } } }"),
        ),
        (
            "a change that breaks a model",
            rule(
                "{ then: { world: { accounts: [{ account: { id: 5fd4371e940df5a34a3888b2 }, connections: [{ id: 5d9a4c421d011c553e000001, relationship_type: sellr }] }] } } }",
            ),
        ),
        (
            "a new document that is incomplete, in the second step",
            rule(
                "{ steps: [{}, { world: { accounts: [{ account: { id: 5fd4371e940df5a34a3888b2 }, credentials: [{ id: 5ff33b53940df5a34a3888ff, name: N }] }] } }] }",
            ),
        ),
        (
            "a key of an unknown user, in a rule",
            rule(
                "{ then: { world: { keys: [{ key: k, account: 5fd4371e940df5a34a3888b2, user: 5fd438f91f0d12766e2bfee6 }] } } }",
            ),
        ),
        (
            "a document of the SSO service that breaks its model",
            rule("{ then: { sso: { accounts: [{ id: 68f1c2d0940df5a34a3888c4, name: 5 }] } } }"),
        ),
        // Examples.
        (
            "an unknown fault in an example",
            format!(
                "{HEAD}extends: healthy\nexamples:\n  - name: x\n    request: {{ method: GET, path: /user }}\n    reply: {{ status: 200, fault: HANGS }}\n"
            ),
        ),
    ];
    let messages: Vec<String> = rows.iter().map(|(what, text)| format!("# {what}\n{}", diagnose(text))).collect();
    assert!(messages.iter().all(|message| !message.contains("(nothing)")), "{}", messages.join("\n\n"));
    insta::assert_snapshot!(messages.join("\n\n"));
}

/// A flow of an account with more properties and steps, in flow style on one line each.
fn flow(properties: &str, steps: &[&str]) -> String {
    let mut text = account("");
    text += "      lists:\n        - { id: dnc, name: DNC }\n      flows:\n        - id: 66b2c1de940df5a34a388a11\n          \
             name: Own\n          enabled: true\n          fields: [first_name, email, state]\n          created_at: \
             2024-08-07T00:00:00.000Z\n          updated_at: 2024-08-07T00:00:00.000Z\n          sources:\n            - \
             id: aa0001\n              enabled: true\n              entity: { id: 5d9a4b10940df5a34a3888c1, name: Summit }\n              \
             integration: { module_id: leadconduit-default.inbound }\n";
    text += &format!("          {properties}\n          steps:\n");
    for step in steps {
        text += &format!("            - {step}\n");
    }
    text
}

/// A recipient step with more properties and mappings.
fn step(properties: &str, module: &str, mappings: &str) -> String {
    let entity = "entity: { id: 64b8f2a0940df5a34a3888c2, name: B }";
    format!(
        "{{ id: bb0001, type: recipient, {properties}{entity}, integration: {{ module_id: {module}, mappings: [{mappings}] }} }}"
    )
}

/// Typos that the file format cannot reject as such.
#[test]
fn misspelt_names_in_documents_get_a_suggestion() {
    let out = "leadconduit-default.outbound";
    let list = "leadconduit-suppressionlist.outbound.query_item";
    let url = r#"{ property: url, value: "http://h/{{lead.emial}}" }"#;
    let plain = step("", out, "");
    let with_recipient = |recipient: &str| {
        flow("level: 1", &[&plain]).replace("level: 1\n", "ping_enabled: false\n")
            + "      recipients:\n        - "
            + recipient
            + "\n"
    };
    let filter = |reason: &str, lhv: &str| {
        format!(
            "{{ id: bb0004, type: filter, enabled: true, outcome: failure, reason: '{reason}', rule_set: {{ op: and, rules: [{{ lhv: {lhv}, op: is equal to, rhv: TX }}] }} }}"
        )
    };
    let of = |step: &str| flow("ping_enabled: false", &[step]);
    let rows: Vec<(&str, String, &str)> = vec![
        (
            "a property that the flow has already",
            account("      flows:\n        - { id: 64b8f0f5e4b0c3a1d5e6f7ab, nmae: X }\n"),
            "did you mean `name`?",
        ),
        ("a property of a step", of(&step("enabeld: false, ", out, "")), "did you mean `enabled`?"),
        (
            "a property of a mapping",
            of(&step("", out, "{ property: url, value: x, vlaue: y }")),
            "did you mean `value`?",
        ),
        (
            "warning: a property of an account",
            account("").replace("3888b2 }", "3888b2, naem: X }"),
            "did you mean `name`?",
        ),
        ("warning: a field in a template", of(&step("", out, url)), "did you mean `lead.email`?"),
        ("warning: a field in a reason", of(&filter("not {{lead.stat}}", "lead.state")), "did you mean `lead.state`?"),
        ("warning: a field in a rule", of(&filter("no", "lead.sttae")), "did you mean `lead.state`?"),
        ("warning: a former field", of(&filter("no", "lead.email_2")), "did you mean `lead.work_email`?"),
        ("warning: a variable in a rule", of(&filter("no", "laed.state")), "did you mean `lead`?"),
        (
            "warning: a list of a step",
            of(&step("", list, "{ property: list_names, value: dcn }")),
            "did you mean `dnc`?",
        ),
        (
            "warning: a list without a similar one",
            of(&step("", list, "{ property: list_name, value: customers }")),
            "add it under `lists:`, as `{ id: customers, name: customers }`",
        ),
        (
            "warning: the list of a check",
            flow("list_checks: { dnc: { list_name: dcn, value: '{{lead.email}}' } }", &[])
                .replace("steps:\n", "steps: []\n"),
            "did you mean `dnc`?",
        ),
        (
            "warning: the flow of a recipient",
            with_recipient("{ id: a, outcome: failure, flow_id: 66b2c1de940df5a34a388a12 }"),
            "did you mean `66b2c1de940df5a34a388a11`?",
        ),
        (
            "warning: the step of a recipient",
            with_recipient("{ id: a, outcome: failure, step_id: bb0002 }"),
            "did you mean `bb0001`?",
        ),
        (
            "warning: two steps of a recipient",
            with_recipient("{ id: a, outcome: failure, flow_id: 64b8f0f5e4b0c3a1d5e6f7ab, step_id: bb0001 }"),
            "has all of these properties",
        ),
        (
            "warning: a field in the response of a recipient",
            with_recipient("{ id: a, response: { status: 200, body: '{{lead.emial}}' } }"),
            "did you mean `lead.email`?",
        ),
        (
            "the id of an entry",
            flow("ping_enabled: false", &[&plain])
                + "      list_entries:\n        - { id: dcn/x, list_name: dcn, value: a@b.example, added_at: 2024-08-07T00:00:00.000Z }\n",
            "`dcn` is not declared: did you mean `dnc`? then write `id: dnc/a@b.example`",
        ),
        (
            "a step of a rule",
            rule("{ name: x, when: { operation: list_connections }, steps: [{ sttaus: 503 }] }"),
            "did you mean `status`?",
        ),
    ];
    let mut wrong = Vec::new();
    for (what, text, hint) in rows {
        let diagnostics = diagnose(&text);
        let diagnostics_of_one = diagnostics.replace("\n    ", " ");
        if what.starts_with("warning: ") != diagnostics.starts_with("warning: ")
            || !diagnostics_of_one.contains(hint)
            || !diagnostics.contains("FOLDER/mine.yaml:")
        {
            wrong.push(format!("# {what}: {hint}\n{diagnostics}\n\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn names_that_can_be_right_are_not_reported() {
    let out = "leadconduit-default.outbound";
    let add = "leadconduit-suppressionlist.outbound.add_item";
    let query = "leadconduit-suppressionlist.outbound.query_item";
    let texts = [
        account("").replace("3888b2 }", "3888b2, something_else: X }"),
        flow(
            "ping_enabled: false",
            &[&step(
                "",
                out,
                r#"{ property: a, value: "{{lead.email}} {{lead.id}} {{lead.email.normal}} {{lead.company.name}} {{lead.company}} {{lead.loan.amount.valid}} {{outbound.reason}} {{loan.x}}" }"#,
            )],
        ),
        flow("ping_enabled: false", &[&step("", query, "{ property: list_names, value: 'DNC, {{lead.state}}' }")]),
        flow(
            "ping_enabled: false",
            &[
                &step("", add, "{ property: list_name, value: customers }"),
                &step("", query, "{ property: list_name, value: Customers }").replace("bb0001", "bb0002"),
            ],
        ),
        flow("ping_enabled: false", &[&step("", out, "")])
            + "      recipients:\n        - { id: a, outcome: failure, step_id: BB0001, flow_id: 66b2c1de940df5a34a388a11 }\n",
        flow("ping_enabled: false", &[&step("", out, "")])
            + "      generate: { flows: 1 }\n      recipients:\n        - { id: a, outcome: failure, step_id: bb0007 }\n",
    ];
    for text in texts {
        assert_eq!(diagnose(&text), "(nothing)", "{text}");
    }
}

#[test]
fn all_errors_of_a_file_are_reported() {
    let text = account("      entities:\n        - { id: x, name: N }\n        - { id: y, name: 5 }\n");
    let diagnostics = diagnose(&text);
    assert!(diagnostics.matches("FOLDER/mine.yaml:").count() >= 4, "{diagnostics}");
}

#[test]
fn an_unknown_time_zone_of_an_account_is_an_error() {
    let with_zone = |zone: &str| account("").replace("3888b2 }", &format!("3888b2, time_zone: {zone} }}"));
    let sso = format!(
        "{HEAD}extends: healthy\nsso:\n  accounts:\n    - {{ id: 5fd4371e940df5a34a3888b2, time_zone: denver }}\n"
    );
    for (text, hint) in [(with_zone("America/Chicgo"), "America/Chicago"), (sso, "America/Denver")] {
        let diagnostic = diagnose(&text);
        assert!(diagnostic.starts_with("FOLDER/mine.yaml:7:"), "{diagnostic}");
        assert!(diagnostic.contains("is not a time zone of the tz database"), "{diagnostic}");
        assert!(diagnostic.contains(&format!("did you mean {hint}?")), "{diagnostic}");
    }
    assert_eq!(diagnose(&with_zone("US/Pacific")), "(nothing)");
}

#[test]
fn too_large_files_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.yaml");
    std::fs::File::create(&file).unwrap().set_len(17 * 1024 * 1024).unwrap();
    let mut library = Library::built_in(Arc::new(Contract::built_in().unwrap())).unwrap();
    let diagnostic = library.read(&file).unwrap_err()[0].to_string();
    assert!(diagnostic.contains("more than the limit of 16777216"), "{diagnostic}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]

    #[test]
    fn malformed_files_return_diagnostics(cut in 0usize..3000, at in 0usize..3000, with in "\\PC") {
        static LIBRARY: std::sync::OnceLock<Library> = std::sync::OnceLock::new();
        let _ = LIBRARY.get_or_init(|| Library::built_in(Arc::new(Contract::built_in().unwrap())).unwrap());
        let text = include_str!("../../scenarios/missed-invitation.yaml").replace("missed-invitation", "damaged");
        let mut characters: Vec<char> = text.chars().collect();
        let position = at % characters.len();
        characters[position] = with.chars().next().unwrap();
        characters.truncate(characters.len() - cut % characters.len());
        let source = contract_files::yaml::Source::new("damaged.yaml", characters.into_iter().collect::<String>());
        if let Err(diagnostic) = source.parse::<leadconduit_mock::scenario_file::ScenarioFile>() {
            let _ = diagnostic.to_string();
        }
    }
}

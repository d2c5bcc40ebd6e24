//! `fault`: adds, lists and removes faults of a sandbox.

use std::path::{Path, PathBuf};

use clap::builder::{BoolishValueParser, NonEmptyStringValueParser, PossibleValuesParser};
use clap::{Args, Subcommand};
use contract_files::yaml::Source;
use http::Method;
use serde_json::{Map, Value, json};

use super::target::{Printed, TargetArgs, read_input, segment, text_of};
use crate::cli::error::CliError;
use crate::cli::output::table;
use crate::http::wire_fault::WireFault;
use crate::scenario::language::RuleSpec;

const PATH: &str = "/__admin/faults";

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct FaultArgs {
    #[command(subcommand)]
    action: FaultAction,
}

#[derive(Clone, Debug, Subcommand)]
enum FaultAction {
    /// Add a fault, from options or from a rule in a file
    Add(Box<AddArgs>),
    /// List the faults of a sandbox
    List {
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Remove a fault
    Remove {
        /// The id of the fault, as `fault add` and `fault list` show it
        #[arg(required_unless_present = "all", conflicts_with = "all", value_parser = NonEmptyStringValueParser::new())]
        id: Option<String>,
        /// Remove all faults of the sandbox
        #[arg(long, env = "LEADCONDUIT_MOCK_ALL", value_parser = BoolishValueParser::new())]
        all: bool,
        #[command(flatten)]
        target: TargetArgs,
    },
}

/// A name and a value.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: String,
}

/// A text is not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the name, a colon and the value, such as 'Retry-After: 2'")]
pub(super) struct InvalidHeader;

pub(super) fn parse_header(text: &str) -> Result<Header, InvalidHeader> {
    let (name, value) = text.split_once(':').ok_or(InvalidHeader)?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() { Err(InvalidHeader) } else { Ok(Header { name: name.to_owned(), value: value.to_owned() }) }
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example: the next two repairs fail
  leadconduit-mock fault add --operation repair_connection --status 503 --times 2
A rule of a scenario file, which can do more:
  leadconduit-mock fault add rule.yaml")]
struct AddArgs {
    /// A rule as JSON or YAML, as in scenario files; - reads standard input; the options are left out then
    #[arg(value_name = "FILE", conflicts_with_all = ["name", "operation", "method", "path", "status", "body", "header",
          "delay", "fault", "times", "after", "probability", "ttl", "gate"])]
    file: Option<PathBuf>,
    /// The name in logs and in X-Mock-Fault
    #[arg(long, value_name = "NAME", env = "LEADCONDUIT_MOCK_NAME")]
    name: Option<String>,
    /// Requests of these operations; repeat it, or separate ids by commas
    #[arg(long, value_name = "ID", value_delimiter = ',', env = "LEADCONDUIT_MOCK_OPERATION")]
    operation: Vec<String>,
    /// Requests with these methods
    #[arg(long, value_name = "METHOD", value_delimiter = ',', env = "LEADCONDUIT_MOCK_METHOD")]
    method: Vec<String>,
    /// Requests with this path, such as /flows/{id}
    #[arg(long, value_name = "PATH", env = "LEADCONDUIT_MOCK_PATH")]
    path: Vec<String>,
    /// Respond with this status
    #[arg(long, value_name = "STATUS", env = "LEADCONDUIT_MOCK_STATUS")]
    status: Option<u16>,
    /// The body of the response: JSON, or else a text
    #[arg(long, value_name = "BODY", env = "LEADCONDUIT_MOCK_BODY")]
    body: Option<String>,
    /// A header of the response; repeat it for others
    #[arg(long, short = 'H', value_name = "NAME: VALUE", env = "LEADCONDUIT_MOCK_HEADER", value_parser = parse_header)]
    header: Vec<Header>,
    /// Delay the response
    #[arg(long, value_name = "DURATION", env = "LEADCONDUIT_MOCK_DELAY")]
    delay: Option<String>,
    /// Break the connection
    #[arg(long, value_name = "FAULT", env = "LEADCONDUIT_MOCK_FAULT", ignore_case = true,
          value_parser = PossibleValuesParser::new(WireFault::ALL.map(|(name, _)| name)))]
    fault: Option<String>,
    /// Apply to this number of requests
    #[arg(long, value_name = "COUNT", env = "LEADCONDUIT_MOCK_TIMES")]
    times: Option<u64>,
    /// Let this number of requests pass first
    #[arg(long, value_name = "COUNT", env = "LEADCONDUIT_MOCK_AFTER")]
    after: Option<u64>,
    /// Apply to a request with this probability, from 0 to 1
    #[arg(long, value_name = "PROBABILITY", value_parser = parse_probability, env = "LEADCONDUIT_MOCK_PROBABILITY")]
    probability: Option<f64>,
    /// End after this time on the sandbox's clock
    #[arg(long, value_name = "DURATION", env = "LEADCONDUIT_MOCK_TTL")]
    ttl: Option<String>,
    /// Apply before routing and authentication, like a proxy in front of LeadConduit
    #[arg(long, env = "LEADCONDUIT_MOCK_GATE", value_parser = BoolishValueParser::new())]
    gate: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, thiserror::Error)]
#[error("write a number from 0 to 1, such as 0.2")]
struct InvalidProbability;

fn parse_probability(text: &str) -> Result<f64, InvalidProbability> {
    text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number)).ok_or(InvalidProbability)
}

pub(in crate::cli) fn run(args: &FaultArgs) -> Result<(), CliError> {
    match &args.action {
        FaultAction::Add(args) => add(args),
        FaultAction::List { target } => {
            target.require_sandbox()?;
            let (response, list) = target.send(Method::GET, PATH, None)?;
            let rows: Vec<Vec<String>> = list["faults"].as_array().into_iter().flatten().map(row).collect();
            let text = if rows.is_empty() {
                format!("sandbox {} has no faults\n", target.sandbox_of(&response))
            } else {
                let header = ["id", "matched", "applied", "fault"].map(str::to_owned).to_vec();
                table(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
            };
            target.print(&Printed { text, json: list })
        }
        FaultAction::Remove { id: Some(id), target, .. } => {
            target.require_sandbox()?;
            target.send(Method::DELETE, &format!("{PATH}/{}", segment(id)), None)?;
            target.print(&Printed { text: format!("fault {id} was removed\n"), json: json!({"removed": id}) })
        }
        FaultAction::Remove { id: None, target, .. } => {
            target.note_new_sandbox();
            let (response, _) = target.send(Method::DELETE, PATH, None)?;
            let text = format!("all faults of sandbox {} were removed\n", target.sandbox_of(&response));
            target.print(&Printed { text, json: json!({"removed": "*"}) })
        }
    }
}

fn add(args: &AddArgs) -> Result<(), CliError> {
    let rule = match &args.file {
        Some(file) => read_rule(file)?,
        None => args.rule()?,
    };
    args.target.note_new_sandbox();
    let sent = args.target.send(Method::POST, PATH, Some(rule));
    let (response, fault) = sent.map_err(|error| match (&args.file, error) {
        // What the server rejects is in the file, not on the command line.
        (Some(file), CliError::Usage(message)) => CliError::File(format!("{}: {message}", file.display())),
        (_, error) => error,
    })?;
    let id = text_of(&fault, "id");
    let sandbox = args.target.sandbox_of(&response);
    let text = format!("{id} was added to sandbox {sandbox}: {}\n", describe(&fault));
    args.target.print(&Printed { text, json: fault })
}

/// Reads a rule, so that its mistakes are shown with their position in the file.
fn read_rule(file: &Path) -> Result<Value, CliError> {
    let fail = |diagnostic: contract_files::yaml::Diagnostic| CliError::File(diagnostic.to_string());
    let source = if file.as_os_str() == "-" { read_input()? } else { Source::read(file).map_err(fail)? };
    RuleSpec::parse(&source).map_err(fail)?;
    source.parse_json_or_yaml().map_err(fail)
}

impl AddArgs {
    /// The rule that the options describe.
    ///
    /// # Errors
    /// No option says what happens.
    fn rule(&self) -> Result<Value, CliError> {
        let mut when = Map::new();
        for (key, values) in [("operation", &self.operation), ("method", &self.method), ("path", &self.path)] {
            if !values.is_empty() {
                when.insert(key.to_owned(), json!(values));
            }
        }
        let mut then = Map::new();
        let mut insert = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                then.insert(key.to_owned(), value);
            }
        };
        insert("status", self.status.map(Value::from));
        insert(
            "body",
            self.body.as_ref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())),
        );
        insert("delay", self.delay.as_deref().map(duration));
        insert("fault", self.fault.as_ref().map(|name| name.to_ascii_uppercase().into()));
        if !self.header.is_empty() {
            let headers: Map<String, Value> =
                self.header.iter().map(|one| (one.name.clone(), one.value.as_str().into())).collect();
            insert("headers", Some(headers.into()));
        }
        if then.is_empty() {
            let message = "write what happens: --status, --body, --header, --delay or --fault; or a file with a rule";
            return Err(CliError::Usage(message.to_owned()));
        }
        let mut rule = Map::new();
        let mut insert = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                rule.insert(key.to_owned(), value);
            }
        };
        insert("name", self.name.as_deref().map(Value::from));
        insert("gate", self.gate.then(|| true.into()));
        insert("when", (!when.is_empty()).then(|| when.into()));
        insert("then", Some(then.into()));
        insert("times", self.times.map(Value::from));
        insert("after", self.after.map(Value::from));
        insert("probability", self.probability.map(Value::from));
        insert("ttl", self.ttl.as_deref().map(duration));
        Ok(rule.into())
    }
}

/// A duration as the control API takes it: a number of milliseconds, or a text.
fn duration(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| text.into(), Value::from)
}

fn row(fault: &Value) -> Vec<String> {
    let number = |name: &str| fault[name].as_u64().unwrap_or(0).to_string();
    vec![text_of(fault, "id"), number("matched"), number("applied"), describe(fault)]
}

/// What a fault does, in one line: `repair_connection: status 503; times 2`.
fn describe(fault: &Value) -> String {
    let rule = &fault["rule"];
    let mut parts = Vec::new();
    let name = text_of(rule, "name");
    if !name.is_empty() {
        parts.push(format!("`{name}`"));
    }
    let conditions = rule["when"].as_object().into_iter().flatten().map(|(key, value)| match key.as_str() {
        "operation" | "method" | "path" => list(value),
        other => format!("{other} {}", compact(value)),
    });
    let conditions: Vec<String> = conditions.collect();
    let subject = if conditions.is_empty() { "all requests".to_owned() } else { conditions.join(" ") };
    let effects = rule["then"].as_object().into_iter().flatten().map(|(key, value)| match key.as_str() {
        "fault" => compact(value),
        _ => format!("{key} {}", compact(value)),
    });
    let mut effects: Vec<String> = effects.collect();
    if let Some(steps) = rule["steps"].as_array().filter(|steps| !steps.is_empty()) {
        effects.push(format!("{} steps", steps.len()));
    }
    parts.push(format!("{subject}: {}", effects.join(", ")));
    for key in ["gate", "times", "after", "probability", "succeed_first", "repeat", "ttl", "ttl_ms", "ttl_from"] {
        if let Some(value) = rule.get(key).filter(|value| !value.is_null() && **value != Value::Bool(false)) {
            parts.push(if *value == Value::Bool(true) { key.to_owned() } else { format!("{key} {}", compact(value)) });
        }
    }
    match (fault["active"].as_bool(), fault["ends_at"].as_str()) {
        (Some(false), _) => parts.push("ended".to_owned()),
        (_, Some(end)) => parts.push(format!("until {end}")),
        _ => {}
    }
    parts.join("; ").chars().filter(|c| !c.is_control()).collect()
}

/// `a, b`.
fn list(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(compact).collect::<Vec<_>>().join(", "),
        one => compact(one),
    }
}

/// The longest value that is shown whole, in characters.
const VALUE_CHARS_MAX: usize = 60;

/// A value in one line: a text without quotes, everything else as JSON.
fn compact(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    text.chars().take(VALUE_CHARS_MAX - 3).chain("...".chars()).collect()
}

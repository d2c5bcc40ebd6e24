//! The first screen of `serve`: the settings, API keys, and commands to paste.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;

use clap::ValueEnum as _;

use super::log::LogFormat;
use super::output::styled_table;
use super::style::{ColorMode, DIM, HEADING, INFO, PLAIN, WARNING, color_mode, message, styled};
use super::tls::trust_command;
use crate::app::bootstrap::LoadedApp;
use crate::config::intercept::{InterceptSettings, OtherHosts};
use crate::config::settings::{DEFAULT_SCENARIO, Settings};
use crate::config::tls::{TlsCertificate, VENDOR_HOSTS};
use crate::control::Access;
use crate::leadconduit::operations::Trigger;
use crate::leadconduit::state::{Collection, World};
use crate::server::CA_CERTIFICATE;
use crate::support::clock::uptime;
use crate::support::document::{items, text};
use crate::support::own_address::reachable;

/// The text of the banner when deliveries are enabled.
const DELIVERIES: &str = "steps with a url on this machine are called";

/// Prints the banner, or logs a few lines in its place if the log is JSON.
pub(super) fn print_banner(
    app: &LoadedApp,
    settings: &Settings,
    address: SocketAddr,
    https_url: Option<&str>,
    format: LogFormat,
) {
    let url = &format!("http://{address}");
    if format == LogFormat::Human {
        let mut out = std::io::stderr();
        let _ = write!(out, "{}", banner(app, settings, address, https_url, color_mode(&out)));
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!("leadconduit-mock {version} serves the scenario {} on {url}", app.scenario.name);
    for (name, value) in https_rows(settings, https_url) {
        tracing::info!("{name}: {value}");
    }
    if app.pipeline.policy.access.is_closed() {
        tracing::warn!("{}", control_line(&app.pipeline.policy.access, settings, &app.scenario.name, url).trim());
    }
    if settings.delivery.is_enabled {
        tracing::info!("deliveries: {DELIVERIES}");
    }
    if let Some(intercept) = settings.intercept {
        tracing::info!("proxy: {}", proxy_line(&app.pipeline.policy.access, intercept, url));
    }
    for warning in &app.warnings {
        tracing::warn!("{warning}");
    }
}

/// The address of the console, as a browser on this machine takes it.
fn console_line(access: &Access, address: SocketAddr) -> String {
    let token = if access.requires_token() { "; it asks for the token" } else { "" };
    format!("http://{}/__admin/ui/ (open it in a browser{token})", reachable(address))
}

/// How clients use the HTTPS proxy, and what it does with other hosts.
fn proxy_line(access: &Access, intercept: InterceptSettings, url: &str) -> String {
    if access.is_closed() {
        return "closed: this address can be reached by others; open it with --admin-token TOKEN".to_owned();
    }
    // The token itself is never shown.
    let proxy = if access.requires_token() { url.replacen("://", "://proxy:TOKEN@", 1) } else { url.to_owned() };
    let others = match intercept.other_hosts {
        OtherHosts::Refuse => "other hosts are refused",
        OtherHosts::Tunnel => "other hosts are tunnelled",
    };
    format!("HTTPS_PROXY={proxy} sends https://{} here; {others}", VENDOR_HOSTS[0])
}

/// The first screen: the settings, API keys, and commands to paste.
fn banner(
    app: &LoadedApp,
    settings: &Settings,
    address: SocketAddr,
    https_url: Option<&str>,
    color_mode: ColorMode,
) -> String {
    let url = &format!("http://{address}");
    let state = &app.pipeline.state;
    let contract = &state.contract;
    let world = state.world();
    let heading = |text: &str| styled(color_mode, HEADING, text.to_owned());
    let label = |text: &str| styled(color_mode, DIM, text.to_owned());
    let title = styled(color_mode, HEADING, "leadconduit-mock");
    let mut text = format!("{title} {}, ready in {} ms\n\n", env!("CARGO_PKG_VERSION"), uptime().as_millis());
    let scenarios = state.library().list().len();
    let requests = settings.requests.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let row = |name: &str, value: String| vec![format!("  {name}"), value];
    let mut settings_rows = vec![
        row("contract", format!("{} operations, {} schemas", contract.operations.len(), contract.count_schemas())),
        row("scenario", format!("{} (of {scenarios}; `leadconduit-mock scenarios` lists them)", app.scenario.name)),
        row("settings", format!("seed {}, clock {}, requests {requests}", app.seed, app.clock)),
    ];
    if !app.pipeline.policy.access.is_closed() {
        settings_rows.push(row("console", console_line(&app.pipeline.policy.access, address)));
    }
    settings_rows.extend(https_rows(settings, https_url).into_iter().map(|(name, value)| row(name, value)));
    let proxy = settings.intercept.map(|intercept| proxy_line(&app.pipeline.policy.access, intercept, url));
    settings_rows.extend(proxy.map(|value| row("proxy", value)));
    text.push_str(&styled_table(&settings_rows, &[DIM, PLAIN], color_mode, None));
    let _ = writeln!(text, "\n  {}", heading("Keys (HTTP Basic; any user name, the key is the password):"));
    let first = app.scenario.default_key();
    text.push_str(&styled_table(&key_rows(&world, first), &[INFO, PLAIN], color_mode, None));
    if settings.triggers {
        let _ = writeln!(text, "\n  {}", heading("Magic e-mail domains of leads (--no-triggers disables them):"));
        let rows = Trigger::ALL.iter().map(|(domain, _, what)| row(&format!("  @{domain}"), (*what).to_owned()));
        text.push_str(&styled_table(&rows.collect::<Vec<_>>(), &[INFO, PLAIN], color_mode, None));
    }
    if settings.delivery.is_enabled {
        let _ = writeln!(text, "\n  {} {DELIVERIES}", label("Deliveries:"));
    }
    let key = first.unwrap_or("KEY");
    let _ = writeln!(text, "\n  {}  curl -i -u API:{key} {url}/connections", label("Try:"));
    if let Some(path) = submission_path(&world) {
        let _ = writeln!(text, "  {} curl -i -d email=joe@example.com -d state=TX {url}{path}", label("Lead:"));
    }
    let control = control_line(&app.pipeline.policy.access, settings, &app.scenario.name, url);
    let _ = match control.strip_prefix("  Use:") {
        Some(rest) => writeln!(text, "  {}{rest}\n", label("Use:")),
        None => writeln!(text, "{}\n", styled(color_mode, WARNING, control)),
    };
    for warning in &app.warnings {
        let _ = writeln!(text, "{}\n", message(color_mode, "warning", &warning.to_string()));
    }
    text
}

/// The HTTPS URL, the certificate, and how clients trust it; nothing without HTTPS.
fn https_rows(settings: &Settings, https_url: Option<&str>) -> Vec<(&'static str, String)> {
    let (Some(tls), Some(url)) = (&settings.tls, https_url) else { return Vec::new() };
    let mut rows = vec![("https", url.to_owned())];
    match &tls.certificate {
        TlsCertificate::Files(files) => {
            rows.push(("certificate", format!("{} (trust your own certificate)", files.cert.display())));
        }
        TlsCertificate::Generated { directory, .. } => {
            let file = directory.join(CA_CERTIFICATE);
            rows.push(("authority", format!("{} (trust it: `{}`)", file.display(), trust_command(directory))));
        }
    }
    if let Some(file) = &tls.client_ca {
        rows.push(("clients", format!("need a certificate of {}", file.display())));
    }
    rows
}

/// A command that uses the control API; or, if the control API is closed, how to open it.
fn control_line(access: &Access, settings: &Settings, current: &str, url: &str) -> String {
    if access.is_closed() {
        let host = settings.host;
        let (what, them) = match settings.intercept {
            Some(_) => ("control API and the proxy of --intercept are", "them"),
            None => ("control API is", "it"),
        };
        return format!(
            "  The {what} closed: {host} can be reached by others. Open {them} with --admin-token TOKEN, or in a container \
             with --env LEADCONDUIT_MOCK_ADMIN_TOKEN=TOKEN."
        );
    }
    // The token itself is never shown.
    let token = if access.requires_token() { "-H 'Authorization: Bearer TOKEN' " } else { "" };
    let other = if current == DEFAULT_SCENARIO { "sso-outage" } else { DEFAULT_SCENARIO };
    format!("  Use:  curl -X PUT {token}{url}/__admin/scenario -d '{{\"name\":\"{other}\"}}'")
}

/// The path to submit leads to the first enabled source of the first enabled flow.
fn submission_path(world: &World) -> Option<String> {
    let flows = world.accounts().flat_map(|(_, account)| account.all(Collection::Flows).values());
    let mut enabled = flows.filter(|flow| flow.flag("enabled"));
    enabled.find_map(|flow| {
        let source =
            items(flow.value(), "sources").iter().find(|source| source.get("enabled") != Some(&false.into()))?;
        Some(format!("/flows/{}/sources/{}/submit", flow.text("id")?, text(&source["entity"], "id")))
    })
}

/// A row for every API key and its owner; `first` is at the top.
fn key_rows(world: &World, first: Option<&str>) -> Vec<Vec<String>> {
    let row = |key: &str| {
        let caller = world.caller(key)?;
        let account = world.account(&caller.account)?;
        let user = account.get(Collection::Users, &caller.user)?;
        let mut owner = format!("{} {}", text(user.value(), "first_name"), text(user.value(), "last_name"));
        if account.document().text("api_key") == Some(key) {
            owner = format!("the account's own key, as {owner}");
        }
        let role = match (caller.is_superuser(), caller.is_user_admin()) {
            (true, _) => ", superuser",
            (false, true) => ", user admin",
            (false, false) => "",
        };
        let account = text(account.document().value(), "name").to_owned();
        Some(vec![format!("  {key}"), format!("{owner} ({account}{role})")])
    };
    let mut keys: Vec<&str> = world.keys().map(|(key, _)| key).collect();
    keys.sort_by_key(|key| Some(*key) != first);
    keys.into_iter().filter_map(row).collect()
}

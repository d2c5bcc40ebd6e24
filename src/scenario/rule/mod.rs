//! Rules, checked and ready: which requests they are for ([`when`]), whether it is a request's turn ([`play`]), and
//! what is said then ([`says`]).

pub mod matcher;
pub mod respond;
pub mod schedule;
mod template;

use std::sync::Arc;

use http::{HeaderName, StatusCode};

use super::language::{DripPart, Per, RulePart, SsoPart, ThenPart, Work, WorldPart};
use crate::contract::Contract;
use crate::http::message::{Drip, WireFault};
use crate::leadconduit::state::sso::SsoStatus;
use crate::support::clock::{SignedDuration, Timestamp, duration};
use crate::support::delay::{DELAY_MS_MAX, Delay};
use contract_files::pointer::escape;
use contract_files::yaml::KEY;
pub use matcher::Asked;
use matcher::{Mistake, When};
pub use respond::GENERAL;
use respond::ResponseSpec;

/// How many pieces a reply is cut into at most.
const CHUNKS_MAX: u32 = 1000;

/// How many rules, and how many steps of one, there may be.
pub const RULES_MAX: usize = 1000;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Whether it speaks before LeadConduit looks at the request.
    pub gate: bool,
    when: When,
    call: Option<super::language::Calls>,
    rate: Option<Rate>,
    turns: Turns,
    steps: Vec<Step>,
    repeat: bool,
}

/// When it is a matching request's turn.
#[derive(Clone, Copy, Debug)]
struct Turns {
    probability: f64,
    times: Option<u64>,
    after: u64,
    succeed_first: u64,
    ttl: Option<SignedDuration>,
}

/// A limit on how many requests there may be.
#[derive(Clone, Copy, Debug)]
struct Rate {
    calls: u64,
    within: SignedDuration,
    per_key: bool,
}

/// What happens to one request.
#[derive(Debug)]
pub struct Step {
    /// For how many requests; `None` for all that come.
    times: Option<u64>,
    says: Option<ResponseSpec>,
    /// Added to the reply, whoever makes it.
    headers: Vec<(HeaderName, String)>,
    delay: Option<Delay>,
    slow_headers: Option<Drip>,
    drip: Option<Drip>,
    fault: Option<WireFault>,
    /// Whether the operation is left out although nothing is said in its place.
    skips_work: bool,
    /// What becomes of the world first.
    pub change: Option<Box<WorldChange>>,
    /// Whether the reply may break the contract.
    pub intentionally_invalid: bool,
}

/// What becomes of the world.
#[derive(Debug)]
pub struct WorldChange {
    /// Keys, accounts and what they own.
    pub world: WorldPart,
    /// What the single-sign-on service knows.
    pub sso: SsoPart,
    /// Its health, when that changes.
    pub health: Option<SsoStatus>,
}

/// Whose word is taken for it that a rule is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationMode {
    /// Nobody's: its replies are held against the contract.
    Nobody,
    /// The tests': it is part of the binary.
    Tested,
}

impl Rule {
    /// Checks a rule and makes it ready. `number` names it when it has no name. Each mistake has a pointer into it.
    pub fn new(
        part: &RulePart,
        number: usize,
        contract: &Contract,
        trust: ValidationMode,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes: Vec<Mistake> = Vec::new();
        let when = When::new(&part.when, contract).unwrap_or_else(|found| {
            mistakes.extend(found.into_iter().map(|(at, message, hint)| (format!("/when{at}"), message, hint)));
            When::default()
        });
        let rate = part.when.rate.as_ref().and_then(|rate| {
            let within = duration(&rate.within).filter(SignedDuration::is_positive);
            if within.is_none() {
                let message = format!("`{}` is no span of time: write one such as 10s or 1m", rate.within);
                mistakes.push(("/when/rate/within".to_owned(), message, None));
            }
            Some(Rate { calls: rate.calls, within: within?, per_key: rate.per != Some(Per::Sandbox) })
        });
        let turns = turns(part, &mut mistakes);
        let parts = match (&part.then, part.steps.as_slice()) {
            (Some(then), []) => std::slice::from_ref(then),
            (None, steps @ [_, ..]) if steps.len() <= RULES_MAX => steps,
            _ => {
                let message = format!("a rule has either `then`, or `steps`: 1 to {RULES_MAX} of them");
                mistakes.push((String::new(), message, None));
                &[]
            }
        };
        let single = part.then.is_some();
        if single && part.repeat {
            mistakes.push(("/repeat".to_owned(), "only `steps` can repeat".to_owned(), None));
        }
        let mut rule = Self {
            name: part.name.clone().unwrap_or_else(|| format!("rule {number}")),
            gate: part.gate,
            when,
            call: part.when.call,
            rate,
            turns,
            steps: Vec::new(),
            repeat: part.repeat,
        };
        for (at, then) in parts.iter().enumerate() {
            let place = if single { "/then".to_owned() } else { format!("/steps/{at}") };
            let mut found = Vec::new();
            let step = Step::new(then, single, contract, &mut found);
            if found.is_empty() && trust == ValidationMode::Nobody {
                rule.hold_against(contract, &step, &mut found);
            }
            mistakes.extend(found.into_iter().map(|(at, message, hint)| (format!("{place}{at}"), message, hint)));
            rule.steps.push(step);
        }
        if mistakes.is_empty() { Ok(rule) } else { Err(mistakes) }
    }

    /// When it ends, if it came to life at `began`.
    #[must_use]
    pub fn ends(&self, began: Timestamp) -> Option<Timestamp> {
        self.turns.ttl.and_then(|ttl| began.checked_add(ttl).ok())
    }

    /// What its steps do to the world.
    pub fn changes(&self) -> impl Iterator<Item = (usize, &WorldChange)> {
        self.steps.iter().enumerate().filter_map(|(at, step)| step.change.as_deref().map(|change| (at, change)))
    }
}

/// When it is a request's turn: said beside `then`, or in it.
fn turns(part: &RulePart, mistakes: &mut Vec<Mistake>) -> Turns {
    let none = ThenPart::default();
    let then = part.then.as_ref().unwrap_or(&none);
    let mut pick = |name: &str, outer: Option<u64>, inner: Option<u64>| {
        if outer.is_some() && inner.is_some() {
            let message = format!("`{name}` is given beside `then` and in it: give it once");
            mistakes.push((format!("/then/{name}"), message, None));
        }
        outer.or(inner)
    };
    let times = pick("times", part.times, then.times);
    let after = pick("after", part.after, then.after).unwrap_or(0);
    let succeed_first = pick("succeed_first", part.succeed_first, then.succeed_first).unwrap_or(0);
    let ttl_ms = pick("ttl_ms", part.ttl_ms, then.ttl_ms);
    if times == Some(0) {
        let place = if part.times.is_some() { "/times" } else { "/then/times" };
        mistakes.push((place.to_owned(), "a rule speaks 1 time or more".to_owned(), None));
    }
    if part.probability.is_some() && then.probability.is_some() {
        let message = "`probability` is given beside `then` and in it: give it once".to_owned();
        mistakes.push(("/then/probability".to_owned(), message, None));
    }
    let place = if part.probability.is_some() { "/probability" } else { "/then/probability" };
    let probability = part.probability.or(then.probability).unwrap_or(1.0);
    if !(0.0..=1.0).contains(&probability) {
        mistakes.push((place.to_owned(), "a probability is a number from 0 to 1".to_owned(), None));
    }
    let ttl = ttl_ms.map(|ms| SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)));
    Turns { probability, times, after, succeed_first, ttl }
}

impl Step {
    fn new(then: &ThenPart, single: bool, contract: &Contract, mistakes: &mut Vec<Mistake>) -> Self {
        let mut tell = |at: &str, message: String| mistakes.push((at.to_owned(), message, None));
        if !single {
            for (name, given) in [
                ("probability", then.probability.is_some()),
                ("after", then.after.is_some()),
                ("succeed_first", then.succeed_first.is_some()),
                ("ttl_ms", then.ttl_ms.is_some()),
            ] {
                if given {
                    tell(&format!("/{name}"), format!("`{name}` is of the whole rule: write it beside `steps`"));
                }
            }
            if then.times == Some(0) {
                tell("/times", "a step is for 1 request or more".to_owned());
            }
        }
        if let Some(status) = then.status.filter(|status| !(200..=599).contains(status)) {
            tell("/status", format!("{status} is no status of a reply: write one from 200 to 599"));
        }
        let mut headers = Vec::new();
        for (name, value) in &then.headers {
            let at = format!("/headers/{}", escape(name));
            let key = format!("{at}{KEY}");
            match name.parse::<HeaderName>() {
                Ok(parsed) if respond::OURS.contains(&parsed.as_str()) => {
                    tell(&key, format!("{name} is set by the server; a fault can break it"));
                }
                Ok(parsed) if value.chars().any(char::is_control) => {
                    tell(&at, format!("{parsed} has a character that no header can have"));
                }
                Ok(parsed) => headers.push((parsed, value.clone())),
                Err(_) => tell(&key, format!("`{name}` is no name of a header")),
            }
        }
        let slow_headers = drip("/slow_headers", then.slow_headers, &mut tell);
        let drip = drip("/drip", then.drip, &mut tell);
        let answers = then.status.is_some() || then.body.is_some() || then.example.is_some();
        if then.work.is_some() && (then.fault.is_none() || answers) {
            tell("/work", "`work` belongs to a `fault` that breaks the operation's own reply".to_owned());
        }
        let health = then.sso.as_ref().and_then(|sso| {
            sso.health().unwrap_or_else(|(at, message)| {
                tell(&format!("/sso{at}"), message);
                None
            })
        });
        for (at, id) in then.sso.iter().flat_map(|sso| sso.operations.iter().enumerate()) {
            if let Some((message, hint)) = no_operation(contract, id) {
                mistakes.push((format!("/sso/operations/{at}"), message, Some(hint)));
            }
        }
        let mut tell = |at: &str, message: String| mistakes.push((at.to_owned(), message, None));
        let mut found = Vec::new();
        for value in then.body.iter().map(|body| &body.0) {
            template::mistakes(value, "/body", &mut found);
        }
        for (name, value) in &then.headers {
            let text = serde_json::Value::String(value.clone());
            template::mistakes(&text, &format!("/headers/{}", escape(name)), &mut found);
        }
        for (at, message) in found {
            tell(&at, message);
        }
        let says = ResponseSpec::new(then, mistakes);
        let change = (then.sso.is_some() || then.world.is_some()).then(|| {
            let (world, sso) = (then.world.clone().unwrap_or_default(), then.sso.clone().unwrap_or_default());
            Box::new(WorldChange { world, sso, health })
        });
        let step = Self {
            times: if single { None } else { Some(then.times.unwrap_or(1)) },
            says,
            headers,
            delay: then.delay,
            slow_headers,
            drip,
            fault: then.fault,
            skips_work: then.work == Some(Work::Skipped),
            change,
            intentionally_invalid: then.intentionally_invalid,
        };
        if step.does_nothing() && single && mistakes.is_empty() {
            let hint = "write `status`, `body`, `example`, `headers`, `delay`, `drip`, `fault`, `sso` or `world`";
            mistakes.push((String::new(), "this does nothing".to_owned(), Some(hint.to_owned())));
        }
        step
    }

    /// A step may do nothing: the request passes, and is counted.
    fn does_nothing(&self) -> bool {
        self.says.is_none()
            && self.headers.is_empty()
            && self.delay.is_none()
            && self.slow_headers.is_none()
            && self.drip.is_none()
            && self.fault.is_none()
            && self.change.is_none()
    }
}

fn drip(at: &str, part: Option<DripPart>, tell: &mut impl FnMut(&str, String)) -> Option<Drip> {
    let DripPart { chunks, over_ms } = part?;
    if !(1..=CHUNKS_MAX).contains(&chunks) {
        tell(&format!("{at}/chunks"), format!("there are 1 to {CHUNKS_MAX} pieces"));
    }
    if over_ms > DELAY_MS_MAX {
        tell(&format!("{at}/over_ms"), format!("it takes {DELAY_MS_MAX} ms at most"));
    }
    Some(Drip { chunks, over_ms })
}

/// Words and a hint when the contract has no such operation.
pub fn no_operation(contract: &Contract, id: &str) -> Option<(String, String)> {
    if contract.operation(id).is_some() {
        return None;
    }
    let ids = contract.operations.iter().map(|operation| operation.id.as_str());
    let hint = contract_files::yaml::nearest(id, ids).map_or_else(
        || "`leadconduit-mock operations` lists them".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some((format!("there is no operation `{id}`"), hint))
}

/// Rules in the order in which they are asked.
pub type RuleList = Vec<Arc<Rule>>;

/// A status as a number from 200 to 599 that a reply can have.
fn status_of(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

//! Every limit of the tool: sizes, counts and timeouts.
//!
//! [`Limits`] holds those that flags and the embedding API can change. The constants are fixed. Limits that are behaviour
//! of the simulated service or of the scenario language are part of those modules; those that bound memory and time for
//! any input are here, except those of JSON texts and YAML files, which are below this module.

mod tunnel;

use std::time::Duration;

pub(crate) use tunnel::{TUNNEL_ADDRESSES_MAX, TUNNEL_BUFFER_BYTES, TunnelLimits};

/// The limits that settings can change. Bytes and milliseconds are in the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest request body.
    pub body_bytes_max: usize,
    /// The largest request body of the control API, which accepts the state of a whole sandbox.
    pub control_bytes_max: usize,
    /// The largest request head: request line and headers.
    pub head_bytes_max: usize,
    /// Timeout for reading a request head.
    pub head_wait_ms_max: u64,
    /// Timeout for reading a request body.
    pub body_wait_ms_max: u64,
    /// Concurrent connections; further ones wait in the backlog of the listening socket.
    pub connections_max: usize,
    /// How long running requests can continue after the server begins to stop.
    pub drain_ms_max: u64,
    /// Concurrent sandboxes. The least recently used one is removed first, those that were only read before those that were
    /// written to or addressed by a control call.
    pub sandboxes_max: usize,
    /// Concurrent sandboxes that only requests without a known API key have used.
    pub sandboxes_unauthenticated_max: usize,
    /// How long a sandbox can stay unused before it is removed.
    pub sandbox_idle_ms_max: u64,
    /// How long the fault `HANG` keeps a connection open.
    pub hang_ms_max: u64,
    /// The largest value of `X-Mock-Violations`.
    pub violations_bytes_max: usize,
    /// Exchanges in the journal of one sandbox; the oldest are removed first, and 0 disables the journal.
    pub journal_entries_max: usize,
    /// Bytes in the journal of one sandbox.
    pub journal_bytes_max: usize,
    /// Bytes in the journals of all sandboxes together. Each sandbox can always use its even share.
    pub journal_total_bytes_max: usize,
    /// How much of each body is recorded in the journal.
    pub journal_body_bytes_max: usize,
    /// Timeout for one attempt of a delivery, including its response.
    pub deliver_timeout_ms: u64,
    /// How often a failed delivery is retried.
    pub deliver_retries: u32,
    /// Concurrent deliveries; further ones wait for up to `deliver_timeout_ms`.
    pub deliver_calls_max: usize,
    /// Deliveries that can wait until another one ends; a further one fails at once.
    pub deliver_waiting_max: usize,
    /// The largest response to a delivery; a larger one is an error.
    pub deliver_body_bytes_max: usize,
    /// Documents in the world of one sandbox, changelogs excluded.
    pub documents_max: usize,
    /// The serialised size of the documents in the world of one sandbox, changelogs excluded.
    pub document_bytes_max: usize,
    /// The serialised size of the documents that were written, in all sandboxes and snapshots together. A document that
    /// several of them share counts once.
    pub document_total_bytes_max: usize,
    /// The serialised size of the changelogs in one sandbox; the oldest are evicted first.
    pub changelog_bytes_max: usize,
    /// The serialised size of the changelogs of all sandboxes together. Each can always use its even share.
    pub changelog_total_bytes_max: usize,
    /// The size of the events of all sandboxes together. Each can always use its even share.
    pub event_total_bytes_max: usize,
    /// The size of the cached responses of all sandboxes together.
    pub response_cache_total_bytes_max: usize,
    /// Snapshots of all sandboxes together.
    pub snapshots_total_max: usize,
    /// How much processor time one request, or one call of the control API, can use. Waiting does not count.
    pub compute_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            control_bytes_max: 32 * 1024 * 1024,
            head_bytes_max: 64 * 1024,
            head_wait_ms_max: 30_000,
            body_wait_ms_max: 30_000,
            connections_max: 10_000,
            drain_ms_max: 5_000,
            sandboxes_max: 10_000,
            sandboxes_unauthenticated_max: 1_000,
            sandbox_idle_ms_max: 60 * 60 * 1000,
            hang_ms_max: 5 * 60 * 1000,
            violations_bytes_max: 4 * 1024,
            journal_entries_max: 10_000,
            journal_bytes_max: 32 * 1024 * 1024,
            journal_total_bytes_max: 256 * 1024 * 1024,
            journal_body_bytes_max: 64 * 1024,
            deliver_timeout_ms: 10_000,
            deliver_retries: 2,
            deliver_calls_max: 32,
            deliver_waiting_max: 1_000,
            deliver_body_bytes_max: 1024 * 1024,
            documents_max: 100_000,
            document_bytes_max: 64 * 1024 * 1024,
            document_total_bytes_max: 512 * 1024 * 1024,
            changelog_bytes_max: 32 * 1024 * 1024,
            changelog_total_bytes_max: 128 * 1024 * 1024,
            event_total_bytes_max: 512 * 1024 * 1024,
            response_cache_total_bytes_max: 64 * 1024 * 1024,
            snapshots_total_max: 1_000,
            compute_ms_max: 5_000,
        }
    }
}

// Bounds of settings.

/// The largest `deliver_timeout_ms`.
pub const DELIVER_TIMEOUT_MS_MAX: u64 = 60_000;

/// The largest `deliver_retries`.
pub const DELIVER_RETRIES_MAX: u32 = 5;

/// The largest `connections_max`, within the bound of the semaphore that counts connections.
pub const CONNECTIONS_MAX: usize = 1_000_000;

/// The smallest `head_bytes_max`: hyper panics on smaller buffers.
pub const HEAD_BYTES_MIN: usize = 8192;

// `run`.

/// How long the command of `run` gets to end after SIGTERM, when its time is up.
pub(crate) const RUN_KILL_AFTER: Duration = Duration::from_secs(5);

/// How long processes that the command of `run` has left behind get to end after SIGTERM.
pub(crate) const RUN_LEFTOVER_GRACE: Duration = Duration::from_secs(2);

/// The lines of a body that `explain` shows.
pub(crate) const EXPLAINED_BODY_LINES_MAX: usize = 20;

/// Signals that wait to be passed on to the command of `run`.
pub(crate) const RUN_SIGNALS_MAX: usize = 16;

/// The number of annotations: GitHub Actions shows ten errors of a step.
pub(crate) const GITHUB_ANNOTATIONS_MAX: usize = 10;

/// The rows of each table of a job summary, which can have 1 MiB.
pub(crate) const GITHUB_SUMMARY_ROWS_MAX: usize = 100;

// The server.

/// How long accepting pauses after an error such as no free file descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Timeout for a single write to a socket.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest request target, which is the limit of the library for URLs.
pub(crate) const TARGET_BYTES_MAX: usize = 65_534;

/// The number of headers of a request. Another number would cost an allocation for each request.
pub(crate) const HEADERS_MAX: usize = 100;

/// How much of a rejected head is read, so that the client receives the response.
pub(crate) const REJECTED_HEAD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The longest header line of a rejected head in which `Origin` is found.
pub(crate) const ORIGIN_BYTES_MAX: usize = 512;

/// How much of a body that is too large is read and discarded, so that the client receives the response.
pub(crate) const DISCARDED_BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The smallest response that is compressed: smaller ones fit into a packet or two.
pub(crate) const GZIP_BYTES_MIN: usize = 1024;

/// How long a closed connection waits for the client to close its side.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// How often the first bytes of a connection are looked at while they could be the preface of HTTP/2: for 1 s.
pub(crate) const PROTOCOL_LOOKS_MAX: u32 = 100;

/// See [`PROTOCOL_LOOKS_MAX`].
pub(crate) const PROTOCOL_LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Concurrent streams of one HTTP/2 connection.
pub(crate) const HTTP2_STREAMS_MAX: u32 = 100;

/// How much larger than its limit the head of an HTTP/2 request can be and still get a problem document.
/// The HTTP/2 library responds to a larger one itself, with a bare 431; the page of problems says so.
pub(crate) const HTTP2_HEAD_EXCESS_BYTES: usize = 192 * 1024;

/// How long an HTTP/2 client has to confirm that it is there.
pub(crate) const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The pause between the last bytes of a truncated HTTP/2 response and the reset of its stream.
pub(crate) const HTTP2_RESET_PAUSE: Duration = Duration::from_millis(10);

/// Interval between keep-alive comments in an event stream.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// The same after the client has closed its sending side: a client that has disconnected looks the same until a write
/// fails.
pub(crate) const HALF_CLOSED_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);

// The control API.

/// The largest state of a sandbox as a document, exported and imported: what can be exported can be imported again.
/// `control_bytes_max` applies to the import if it is larger.
pub(crate) const STATE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The largest `wait` of a verification.
pub(crate) const VERIFY_WAIT_MS_MAX: u64 = 60_000;

// Inputs that become larger when they are parsed.

/// Values of one lead: members, items and the empty items before them. A form of 36 kB can name 8 million.
pub(crate) const LEAD_VALUES_MAX: usize = 10_000;

// Templates of rules.

/// The longest source text of a template.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 256 * 1024;

/// Words, numbers, texts and signs of a template.
pub(crate) const TEMPLATE_TOKENS_MAX: usize = 20_000;

/// Operators, filters and brackets in one `{{ }}` or `{% %}`. The stack that the engine uses grows with each of them.
pub(crate) const TEMPLATE_OPERATORS_MAX: usize = 200;

/// Nested blocks of a template.
pub(crate) const TEMPLATE_BLOCKS_MAX: usize = 32;

/// `elif` in one template. The engine nests them.
pub(crate) const TEMPLATE_ELIF_MAX: usize = 64;

/// Instructions of the template engine for one template.
pub(crate) const TEMPLATE_FUEL_MAX: u64 = 50_000;

/// The longest text that a template can render.
pub(crate) const TEMPLATE_TEXT_BYTES_MAX: usize = 256 * 1024;

/// What a template can write into its text and into blocks that it assigns or filters.
pub(crate) const TEMPLATE_EMITTED_BYTES_MAX: usize = 1024 * 1024;

/// The largest value inside a template: its text, and 16 bytes for each item.
pub(crate) const TEMPLATE_VALUE_BYTES_MAX: usize = 1024 * 1024;

/// The deepest nesting of a value inside a template.
pub(crate) const TEMPLATE_VALUE_DEPTH_MAX: usize = 64;

/// What all filters and operators of one template read and write.
pub(crate) const TEMPLATE_WORK_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The largest number that a filter takes for a width or a count.
pub(crate) const TEMPLATE_NUMBER_MAX: i64 = 10_000;

/// The largest JSON value of a body that is one expression.
pub(crate) const TEMPLATE_JSON_BYTES_MAX: usize = 8 * 1024 * 1024;

// Request patterns and rules.

/// Problems that are reported for one request pattern or one list of expectations.
pub(crate) const PATTERN_DIAGNOSTICS_MAX: usize = 5;

/// Compiled regular expressions of one request pattern, or of the rules of one scenario.
pub(crate) const REGEX_TOTAL_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Values of a JSON Schema in a rule or request pattern, with its references followed.
pub(crate) const SCHEMA_VALUES_MAX: usize = 10_000;

/// Patterns of such a schema.
pub(crate) const SCHEMA_PATTERNS_MAX: usize = 64;

/// One compiled pattern of such a schema.
pub(crate) const SCHEMA_REGEX_BYTES_MAX: usize = 256 * 1024;

/// Compiled regular expressions of one rule.
pub(crate) const REGEX_RULE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One compiled regular expression.
pub(crate) const REGEX_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The state cache of one regular expression, on each thread that uses it.
pub(crate) const REGEX_CACHE_BYTES_MAX: usize = 128 * 1024;

// Generated documents.

/// Documents that `generate` adds to a world.
pub(crate) const GENERATED_DOCUMENTS_MAX: u32 = 50_000;

/// Leads of the generated histories of a world.
pub(crate) const GENERATED_LEADS_MAX: u32 = 200_000;

/// Events of the generated histories of a world. A lead takes 16 bytes with all its events.
pub(crate) const GENERATED_EVENTS_MAX: u32 = 1_000_000;

// The generated certificate authority.

/// How long the certificate of the authority is valid.
pub(crate) const CA_DAYS: i32 = 10 * 365;

/// How long the certificate of a server is valid. Some clients accept at most 398 days.
pub(crate) const SERVER_CERTIFICATE_DAYS: i32 = 397;

/// The certificate of the authority is renewed when it ends sooner than this, so that it outlives those that it signs.
pub(crate) const CA_RENEWAL_DAYS: i32 = SERVER_CERTIFICATE_DAYS + 3;

/// The largest file of certificates or of a key.
pub(crate) const PEM_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How often a process looks whether another one has created the authority, and the pause between two looks: 10 s.
pub(crate) const CA_LOCK_ATTEMPTS_MAX: u32 = 500;

/// See [`CA_LOCK_ATTEMPTS_MAX`].
pub(crate) const CA_LOCK_PAUSE: Duration = Duration::from_millis(20);

// Event streams.

/// Events that a subscriber can lag behind before it is disconnected.
pub(crate) const EVENT_LAG_MAX: usize = 16 * 1024;

/// The time between two writes of an event stream. The first event after a pause is sent at once.
pub(crate) const EVENT_BATCH_INTERVAL: Duration = Duration::from_millis(25);

/// The same after a large batch, when thousands of events arrive per second: each write wakes the server and the client.
pub(crate) const EVENT_BATCH_INTERVAL_BUSY: Duration = Duration::from_millis(100);

/// Bytes of events that are written together. A sixteenth of it is a large batch.
pub(crate) const EVENT_BATCH_BYTES: usize = 256 * 1024;

/// Bytes of events that wait for the slowest subscriber of one stream.
pub(crate) const EVENT_STREAM_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The same for all streams of a server together.
pub(crate) const EVENT_TOTAL_BYTES_MAX: usize = 32 * 1024 * 1024;

// Reload of scenario files.

/// How often the scenario files are compared with those in use.
pub(crate) const RELOAD_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Changes that are closer together than this cause one reload.
pub(crate) const RELOAD_DEBOUNCE: Duration = Duration::from_millis(200);

// Deliveries.

/// How many deliveries of a mock can lead to one another. A flow whose recipient is its own submission URL would go on
/// without an end.
pub const DELIVERY_DEPTH_MAX: u8 = 4;

// Long computations.

/// How long a request can compute on a thread that serves connections; then it starts again on a thread for long
/// computations.
pub(crate) const INLINE_COMPUTATION: Duration = Duration::from_millis(5);

/// Threads for long computations of requests, and at least one for each processor.
pub(crate) const COMPUTE_THREADS_MIN: usize = 4;

/// Threads for calls of the control API, so that long computations of requests do not delay them.
pub(crate) const CONTROL_THREADS: usize = 4;

/// Long computations that can wait for a thread; a further one gets a 503 problem.
pub(crate) const COMPUTATIONS_WAITING_MAX: usize = 1_000;

/// How often a lead is processed on a copy of its sandbox before it is processed with the sandbox locked.
pub(crate) const PREPARATIONS_MAX: usize = 3;

/// Copies of a sandbox's world that are kept for the next leads, for as many leads at the same time.
pub(crate) const LEAD_COPIES_MAX: usize = 4;

/// Object ids that are reserved for a lead while it is processed on a copy: one for the lead, one for each attempt of a
/// step, and one for the end. A lead that needs more is processed with the sandbox locked.
pub(crate) const IDS_RESERVED: u32 = 32;

/// How often a long write starts again because its sandbox was written to meanwhile.
pub(crate) const LONG_WRITE_RERUNS_MAX: usize = 100;

// Subcommands that call a running server.

/// The largest response that is read, other than a report.
pub(crate) const CLIENT_RESPONSE_BYTES_MAX: usize = 1024 * 1024;

/// The largest report that is read. Counters in reports are bounded, so reports stay far below it.
pub(crate) const REPORT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Timeout of `health`.
pub(crate) const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Timeout of `use` and `reset`. The server may have to load a scenario and build its world.
pub(crate) const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout of `report`. The server adds up the counters of every sandbox, next to what else the machine does.
pub(crate) const REPORT_TIMEOUT: Duration = Duration::from_mins(2);

/// Timeout of `tail` for the head of the response.
pub(crate) const TAIL_TIMEOUT: Duration = Duration::from_secs(10);

/// After how long without a byte `tail` gives up: more than three keep-alive intervals.
pub(crate) const TAIL_SILENCE: Duration = Duration::from_secs(50);

/// The longest line of an event stream.
pub(crate) const TAIL_LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

// The subcommand `leads`.

/// The largest `--count`.
pub(crate) const LEADS_MAX: u64 = 1_000_000;

/// The largest `--concurrency`.
pub(crate) const LEADS_CONCURRENCY_MAX: u64 = 64;

/// Timeout of one submission. A fault of the mock may delay a response.
pub(crate) const LEADS_TIMEOUT: Duration = Duration::from_secs(30);

/// How long running submissions can continue after an interrupt.
pub(crate) const LEADS_DRAIN: Duration = Duration::from_secs(2);

/// After how many consecutive submissions without a response `--submit` gives up.
pub(crate) const LEADS_NO_RESPONSE_MAX: u64 = 100;

/// Distinct reasons that are counted for each outcome; a server may invent a new one for every lead.
pub(crate) const LEADS_REASONS_MAX: usize = 1_000;

/// Reasons that the summary lists for each outcome.
pub(crate) const LEADS_REASONS_SHOWN: usize = 5;

/// How much of a reason is kept.
pub(crate) const LEADS_REASON_CHARS_MAX: usize = 120;

/// Flows, sources or fields that a message lists.
pub(crate) const LEADS_LISTED_MAX: usize = 30;

// The log.

/// Lines that can wait to be written; the length of a line about an exchange is bounded.
pub(crate) const LOG_QUEUE_LINES_MAX: usize = 8192;

/// How long the writer collects lines between two writes, so that a busy server does not wake it for each line.
pub(crate) const LOG_FLUSH_INTERVAL: Duration = Duration::from_millis(2);

/// How long the end of the process waits for the last lines.
pub(crate) const LOG_DRAIN_MS_MAX: u32 = 500;

/// Columns of a method, as wide as OPTIONS; longer ones are cut.
pub(crate) const LOG_METHOD_COLUMNS: usize = 7;

/// Columns of an operation; the few longer names are cut, so that the columns behind them stay aligned.
pub(crate) const LOG_OPERATION_COLUMNS: usize = 25;

/// How much of the outcome of a lead a line shows.
pub(crate) const LOG_OUTCOME_CHARS_MAX: usize = 20;

/// How much of a path with its query a line shows.
pub(crate) const LOG_PATH_CHARS_MAX: usize = 160;

/// Violations that are listed below a line.
pub(crate) const LOG_VIOLATIONS_MAX: usize = 10;

/// How much of a violation, or of the effect of a rule, a line shows.
pub(crate) const LOG_TEXT_CHARS_MAX: usize = 300;

/// How much of a name or time a line shows.
pub(crate) const LOG_NAME_CHARS_MAX: usize = 100;

/// How much of the sandbox's name a line shows; longer names are not valid.
pub(crate) const LOG_SANDBOX_CHARS_MAX: usize = 64;

/// How much of an event of an unknown type a line shows.
pub(crate) const LOG_DATA_CHARS_MAX: usize = 1000;

/// Differences that the comparison of two exchanges lists.
pub(crate) const COMPARED_DIFFERENCES_MAX: usize = 500;

/// Steps that the trace of a lead lists.
pub(crate) const TRACE_STEPS_MAX: usize = 1000;

/// Heads of recent requests that a thread remembers, so that the same headers are searched for secrets once.
pub(crate) const RECENT_HEADS_MAX: usize = 8;

/// The longest head that is remembered, in bytes.
pub(crate) const RECENT_HEAD_BYTES_MAX: usize = 4 * 1024;

/// Templates of response heads that a thread remembers: of about as many operations and statuses as a test suite uses.
pub(crate) const HEAD_TEMPLATES_MAX: usize = 64;

// Services beside LeadConduit.

/// Entries on the lists of an account; a further value is rejected.
pub(crate) const LIST_ENTRIES_MAX: usize = 200_000;

/// Values that one call of the list service adds or deletes, times the lists that it names.
pub(crate) const LIST_CALL_ITEMS_MAX: usize = 10_000;

/// The longest value that a list stores, in bytes; a longer one is rejected.
pub(crate) const LIST_VALUE_BYTES_MAX: usize = 1_000;

/// Certificates that an account keeps as retained, besides declared ones; a further one is retained, but not remembered.
pub(crate) const RETAINED_CERTIFICATES_MAX: usize = 10_000;

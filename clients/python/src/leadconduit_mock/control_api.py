"""The JSON documents of the control API.

Generated from schemas/admin/openapi.yaml by `python scripts/generate_types.py`. Do not edit.
SHA-256 of that file: 4f69b4b3403f22eecd6dd6eec75edda22a25307674c8589c7204d29e5e4128d4
"""

from __future__ import annotations
from typing import Any, Literal, NotRequired, TypeAlias
from typing import TypedDict


Name: TypeAlias = str
"""
The name of a sandbox or snapshot.
"""


class Problem(TypedDict):
    """
    An error of the mock (RFC 9457). It can have more properties, depending on the problem.
    """

    type: str
    """
    A reference to the page that explains this kind of problem, on the same server.
    """
    title: str
    """
    The kind of problem; the same text for all of its occurrences.
    """
    status: int
    """
    The status of the response.
    """
    detail: str
    """
    What is wrong in this request, and what to do instead.
    """


class DiagnosticsProblem(Problem):
    """
    A problem that lists all errors of the body.
    """

    diagnostics: NotRequired[list[str]]
    """
    One text per error, with line and column.
    """


class Meta(TypedDict):
    """
    Metadata of a list.
    """

    total: int
    """
    The number of items.
    """


class Usage(TypedDict):
    count: NotRequired[int]
    """
    How many exist.
    """
    count_max: NotRequired[int]
    """
    How many can exist.
    """
    bytes: NotRequired[int]
    """
    Their memory.
    """
    bytes_max: NotRequired[int]
    """
    The maximum of their memory.
    """
    running: NotRequired[int]
    """
    How many are running.
    """
    running_max: NotRequired[int]
    """
    How many can run at the same time.
    """
    waiting: NotRequired[int]
    """
    How many are in the queue.
    """
    waiting_max: NotRequired[int]
    """
    How many can be in the queue.
    """


class Watch(TypedDict):
    """
    The last reload of scenario files. Absent without `--watch`.
    """

    last_read: str
    """
    The time of the last reload, on the clock of the machine.
    """
    error: NotRequired[str]
    """
    Why the last reload failed. Absent when it succeeded.
    """


class Health(TypedDict):
    """
    The state of a server that is ready.
    """

    status: Literal["healthy"]
    """
    A constant.
    """
    version: str
    """
    The version of the server.
    """
    operations: int
    """
    The number of operations of LeadConduit that the mock serves.
    """
    scenario: str
    """
    The scenario of the sandbox.
    """
    usage: dict[str, Usage]
    """
    What the server uses of its limits, by resource. Sandboxes and snapshots have `count` and `count_max`; documents, changelogs, events, cached responses and journals have `count`, `bytes` and `bytes_max`; deliveries, long computations and control calls have `running`, `running_max`, `waiting` and `waiting_max`.
    """
    watch: NotRequired[Watch]
    """
    The last reload of scenario files. Absent without `--watch`.
    """


class Version(TypedDict):
    """
    Name and version.
    """

    name: Literal["leadconduit-mock"]
    """
    A constant.
    """
    version: str
    """
    The version of the server.
    """


class Document(TypedDict):
    """
    An OpenAPI 3.1 document.
    """

    openapi: str
    """
    The version of OpenAPI.
    """
    info: dict[str, Any]
    """
    Title and version of the API.
    """
    paths: dict[str, Any]
    """
    The paths with their operations.
    """


class Scenario(TypedDict):
    """
    The start of a world and its behaviour.
    """

    name: str
    """
    The name of the scenario.
    """
    description: str
    """
    What the scenario demonstrates.
    """
    extends: NotRequired[str]
    """
    The scenario that it extends, if any.
    """
    built_in: bool
    """
    True for scenarios that come with the server, false for those of `--scenarios`.
    """


class Rule(TypedDict):
    name: str
    """
    The name of the rule.
    """
    matched: int
    """
    How many requests it matched.
    """
    applied: int
    """
    How many requests it was applied to.
    """
    active: bool
    """
    False once it has ended, because its time or its number of requests is used up.
    """
    ends_at: NotRequired[str]
    """
    When it ends. Absent for a rule without an end.
    """


class SsoHealth(TypedDict):
    """
    The health of the single sign-on service, as in scenario files.
    """

    status: Literal["up", "down", "slow", "flapping", "partial"]
    """
    Whether calls to it succeed.
    """
    latency: NotRequired[int | str | dict[str, Any]]
    """
    With `slow`: the delay of each call in milliseconds, or its distribution.
    """
    flapping: NotRequired[dict[str, Any]]
    """
    With `flapping`: how many `calls` or `seconds` are `up` and then `down`.
    """
    operations: NotRequired[list[str]]
    """
    With `partial`: the operations whose calls fail.
    """
    ends_at: NotRequired[str]
    """
    When it ends by itself, on the clock of the sandbox. Absent without an end.
    """


SsoChange = TypedDict(
    "SsoChange",
    {
        "status": Literal["up", "down", "slow", "flapping", "partial"],
        "latency": NotRequired[int | str | dict[str, Any]],
        "flapping": NotRequired[dict[str, Any]],
        "operations": NotRequired[list[str]],
        "for": NotRequired[int | str],
    },
)


class StoredDocument(TypedDict):
    """
    A document of the state.
    """

    id: str
    """
    The id of the document.
    """
    account: str | None
    """
    The account that has it; `null` for entries of the single sign-on service.
    """
    document: dict[str, Any]
    """
    The document.
    """


class DocumentList(TypedDict):
    """
    Documents of a collection.
    """

    documents: list[StoredDocument]
    """
    The documents, by account and id.
    """
    meta: Meta


class NewSandbox(TypedDict):
    """
    A sandbox to create.
    """

    scenario: NotRequired[str]
    """
    The scenario that it starts with.
    """


class EntityReference(TypedDict):
    """
    A reference to an entity; `null` when the events have none.
    """

    id: NotRequired[str | None]
    """
    The id.
    """
    name: NotRequired[str | None]
    """
    The name.
    """


class Step(TypedDict):
    event: str
    """
    The id of the event.
    """
    started_at: str | None
    """
    The start of the step.
    """
    type: str
    """
    The type of the event.
    """
    outcome: str
    """
    The outcome of the step.
    """
    reason: NotRequired[str]
    """
    The reason of the outcome.
    """
    step_id: NotRequired[str]
    """
    The id of the step in the flow.
    """
    ms: NotRequired[float]
    """
    The duration in milliseconds.
    """
    recipient: NotRequired[EntityReference | None]


class LeadTrace(TypedDict):
    """
    A lead with the steps of its flow.
    """

    lead: str
    """
    The id of the lead.
    """
    account: EntityReference | None
    flow: EntityReference | None
    source: EntityReference | None
    submission: dict[str, Any] | None
    """
    Time and address of the submission.
    """
    outcome: str | None
    """
    The outcome of the source event; `null` before it.
    """
    reason: str | None
    """
    The reason of the source event.
    """
    decided_by: dict[str, Any] | None
    """
    What decided, with `kind`, `id` and `description`; `null` when the journal has no submission of it.
    """
    exchange: int | None
    """
    The number of the submission in the journal, if it is still there.
    """
    steps: list[Step]
    """
    The events of the lead in their order. Besides these properties, a step has those of its event: costs, `rule_set` of a filter, `transactions` of a recipient.
    """
    meta: Meta


class Lead(TypedDict):
    """
    Outcome and reason of a submission or ping.
    """

    outcome: NotRequired[str]
    """
    The outcome.
    """
    reason: NotRequired[str]
    """
    The reason.
    """


class AppliedRule(TypedDict):
    rule: str
    """
    The name of the rule.
    """
    effects: list[str]
    """
    Its effects.
    """


class Difference(TypedDict):
    location: str
    """
    RFC 6901 pointer into the exchange.
    """
    first: NotRequired[Any]
    """
    The value in the first exchange.
    """
    second: NotRequired[Any]
    """
    The value in the second exchange.
    """


class ScenarioList(TypedDict):
    """
    Scenarios.
    """

    scenarios: list[Scenario]
    """
    The scenarios, in display order.
    """
    meta: Meta


class ScenarioChoice(TypedDict):
    """
    The scenario to switch to.
    """

    name: str
    """
    The name of the scenario.
    """
    keep_world: NotRequired[bool]
    """
    True to keep world, clock and faults, and to change only conditions and rules.
    """


class Cleared(TypedDict):
    """
    What was cleared.
    """

    exchanges: int
    """
    The exchanges in the journal.
    """
    dropped: int
    """
    The exchanges that the journal had dropped before.
    """
    counted: int
    """
    The exchanges in the counts of coverage.
    """


class Journal(TypedDict):
    """
    The journal.
    """

    entries: int
    """
    The number of exchanges.
    """
    dropped: int
    """
    The number of exchanges that were dropped because of the limits.
    """


class Start(TypedDict):
    """
    What the server started with, and new sandboxes start with.
    """

    scenario: str
    """
    The scenario.
    """
    clock: str
    """
    `real`, or the time of a frozen clock.
    """


class Clock(TypedDict):
    """
    The clock of a sandbox.
    """

    now: str
    """
    The current time of the clock.
    """
    mode: Literal["real", "frozen"]
    """
    Running or frozen.
    """
    offset_ms: int
    """
    Milliseconds ahead of the clock of the machine; 0 when frozen.
    """


class ClockChange(TypedDict):
    """
    A change of the clock; exactly one of these.
    """

    freeze: NotRequired[Literal[True] | str]
    """
    Freeze it, at the current time (`true`) or at a given time.
    """
    advance: NotRequired[int | str]
    """
    Advance it by a duration: milliseconds as a number, or text such as `90s`, `1h30m` or `14d`. A day has 24 hours.
    """
    resume: NotRequired[Literal[True]]
    """
    Resume it from its current time.
    """
    reset: NotRequired[Literal[True]]
    """
    Set the clock of the server's start, which is the real time without `--clock`.
    """


class Rule1(TypedDict):
    """
    Which requests get another response than the ordinary one, and which. `when`, `then` and `steps` are those of rules in scenarios; schemas/scenario.schema.json describes them.
    """

    name: NotRequired[str]
    """
    The name in the header `X-Mock-Fault` when it is applied.
    """
    gate: NotRequired[bool]
    """
    True to evaluate it before authentication, as a gateway would.
    """
    when: NotRequired[dict[str, Any]]
    """
    The requests that it matches. The default is all.
    """
    then: NotRequired[dict[str, Any]]
    """
    The response or wire fault.
    """
    steps: NotRequired[list[dict[str, Any]]]
    """
    A sequence of `then` objects, one per matching request.
    """
    repeat: NotRequired[bool]
    """
    True to start over after the last step.
    """
    probability: NotRequired[float]
    """
    The probability that it is applied when it matches, decided by the seed.
    """
    times: NotRequired[int]
    """
    The largest number of requests that it is applied to.
    """
    after: NotRequired[int]
    """
    The number of matching requests before it is first applied.
    """
    succeed_first: NotRequired[int]
    """
    The number of matching requests of each caller before it is first applied.
    """
    ttl: NotRequired[int | str]
    """
    The time after which it ends, as a number of milliseconds or a text such as `30s`.
    """
    ttl_ms: NotRequired[int | str]
    """
    Another name of `ttl`.
    """
    ttl_from: NotRequired[Literal["start", "first_match"]]
    """
    When the time of `ttl` begins. The default is `start`, when the fault is added.
    """


class Fault(TypedDict):
    """
    A rule that was added to a sandbox.
    """

    id: str
    """
    The id of the fault.
    """
    rule: Rule1
    matched: int
    """
    How many requests it matched.
    """
    applied: int
    """
    How many requests it was applied to.
    """
    active: bool
    """
    False once it is not applied to any later request, because its time, its number of requests or its steps have ended. It stays listed, with its counts, until it is removed.
    """
    ends_at: NotRequired[str]
    """
    When it ends. Absent without `ttl` or `for`, and before the first match with `ttl_from: first_match` or `for`.
    """


class FaultList(TypedDict):
    """
    Faults.
    """

    faults: list[Fault]
    """
    The faults, in the order in which they are evaluated.
    """
    meta: Meta


class Snapshot(TypedDict):
    """
    A named copy of the state of a sandbox.
    """

    name: Name
    scenario: str
    """
    The scenario of the sandbox.
    """
    now: str
    """
    The time on its clock.
    """


class SnapshotList(TypedDict):
    """
    Snapshots.
    """

    snapshots: list[Snapshot]
    """
    The items, sorted by name.
    """
    meta: Meta


class Ids(TypedDict):
    """
    The generator of document ids.
    """

    process: str
    """
    The five bytes in the middle of each id, in hexadecimal.
    """
    counter: int
    """
    The last three bytes of the next id.
    """


class SsoTemporary(TypedDict):
    """
    The health of the single sign-on service for a limited time; `sso` has the health after it.
    """

    until: str
    """
    The end, by the sandbox's clock.
    """
    sso: dict[str, Any]
    """
    The health, as in `sso`, with `status`.
    """


Count: TypeAlias = int
"""
A number of occurrences.
"""


Evidence: TypeAlias = Literal["documented", "observed", "inferred"]
"""
The evidence. Absent when it is undocumented.
"""


class Covered(TypedDict):
    """
    A number of covered units, and their total.
    """

    covered: int
    """
    The units that were exercised.
    """
    total: int
    """
    All units.
    """


class Scenario1(TypedDict):
    scenario: str
    """
    The name of the scenario.
    """
    built_in: bool
    """
    True for scenarios that come with the mock.
    """
    count: Count


class UnmatchedItem(TypedDict):
    method: str
    """
    The method.
    """
    path: str
    """
    The path, without `/__sandbox/NAME`.
    """
    count: Count


class Effect(TypedDict):
    effect: str
    """
    The effect without its numbers, such as `status`, `delay` or the name of a fault.
    """
    count: Count


class CoverageSummary(TypedDict):
    """
    The totals. A unit is a documented status below 500, a query parameter, or a body field that clients send; 100 % means all of them.
    """

    percent: float
    """
    The share of covered units in percent, truncated after one decimal.
    """
    units: Covered
    operations: Covered
    statuses: Covered
    parameters: Covered
    fields: Covered
    documented: Covered
    observed: Covered
    inferred: Covered
    violations: int
    """
    The number of violations of all kinds.
    """
    unmatched: int
    """
    The number of requests without an operation.
    """


class LeadOutcome(TypedDict):
    outcome: str
    """
    Such as `success` or `failure`.
    """
    count: Count


class NotCollectedItem(TypedDict):
    location: str
    """
    A pointer into the request.
    """
    code: Literal["not_collected"]
    """
    The code, as in `X-Mock-Violations`.
    """
    message: str
    """
    The first message. It names the nearest field.
    """
    count: Count


class CoverageStatus(TypedDict):
    status: int
    """
    The status.
    """
    evidence: NotRequired[Evidence]
    count: Count


CoverageStatuses: TypeAlias = list[CoverageStatus]
"""
Statuses. Those from 500 on are not units.
"""


class CoverageParameter(TypedDict):
    name: str
    """
    The name of the parameter.
    """
    evidence: NotRequired[Evidence]
    count: Count


CoverageParameters: TypeAlias = list[CoverageParameter]
"""
Query parameters.
"""


class CoverageField(TypedDict):
    pointer: str
    """
    An RFC 6901 pointer, with `*` for list items and arbitrary names.
    """
    evidence: NotRequired[Evidence]
    count: Count


CoverageFields: TypeAlias = list[CoverageField]
"""
Body fields.
"""


class CoverageLeft(TypedDict):
    """
    The units of an operation that were not exercised.
    """

    operation: str
    """
    The `operationId`.
    """
    statuses: list[int]
    """
    Statuses.
    """
    parameters: list[str]
    """
    Query parameters.
    """
    fields: list[str]
    """
    Body fields.
    """


class First(TypedDict):
    """
    The first request with it.
    """

    sandbox: str
    """
    The name of the sandbox.
    """
    request: int
    """
    The number of the request in the sandbox, as in `X-Mock-Request-Id`.
    """


class CoverageViolation(TypedDict):
    """
    One kind of violation.
    """

    operation: NotRequired[str]
    """
    The `operationId`. Absent without an operation.
    """
    location: str
    """
    An RFC 6901 pointer into the request, with `*` for positions in lists.
    """
    code: str
    """
    The code of the rule that was broken.
    """
    message: str
    """
    The message of the first occurrence.
    """
    rejected: bool
    """
    Whether the request was rejected for it.
    """
    count: Count
    first: First
    """
    The first request with it.
    """


class Key(TypedDict):
    """
    An API key.
    """

    key: str
    """
    The key.
    """
    account: str
    """
    The id of the account.
    """
    user: str
    """
    The id of the user.
    """


AllowEmpty: TypeAlias = bool
"""
Whether an expectation can be passed when no exchange is in the examined range.
"""


class VerifiedRequest(TypedDict):
    """
    A WireMock request pattern: `method`, `url`, `urlPattern`, `urlPath`, `urlPathPattern`, `urlPathTemplate`, `pathParameters`, `queryParameters`, `headers`, `cookies`, `bodyPatterns`. Matchers are `equalTo`, `contains`, `doesNotContain`, `matches`, `doesNotMatch`, `absent`, `equalToJson`, `matchesJsonPath` (RFC 9535), `matchesJsonSchema`, `not`, `and`, `or`, and for several values `includes` and `hasExactly`. Additional keys are `operation`, `status`, `violations` and `caller`. Secrets are not recorded, so they cannot be matched.
    """


OneOrMoreOperations: TypeAlias = str | list[str]
"""
One or more ids of operations.
"""


OneOrMoreStatuses: TypeAlias = int | list[int]
"""
One or more response statuses.
"""


After: TypeAlias = int
"""
The number of a request, as in `X-Mock-Request-Id`. Only later requests count.
"""


Since: TypeAlias = str
"""
A time on the clock of the sandbox. Only requests at or after it count.
"""


class Difference1(TypedDict):
    """
    One difference.
    """

    what: str
    """
    The part of the request or response.
    """
    expected: str
    """
    What it should be.
    """
    found: str
    """
    What it is.
    """
    distance: float
    """
    The distance between the two.
    """


class NearExchange(TypedDict):
    """
    An exchange near to an expected one.
    """

    number: int
    """
    The number of the request.
    """
    method: str
    """
    The method.
    """
    url: str
    """
    Path and query.
    """
    operation: str | None
    """
    The `operationId`; `null` without an operation.
    """
    status: int
    """
    The status of the response.
    """
    distance: float
    """
    The distance from the expected exchange; 1 has nothing in common.
    """
    differences: list[Difference1]
    """
    The differences.
    """


HeaderMap: TypeAlias = dict[str, str | list[str]]
"""
Headers by name, each with its value, or with a list of its values.
"""


class QueryParams(TypedDict):
    """
    A query parameter.
    """

    key: str
    """
    The name of the parameter.
    """
    values: list[str]
    """
    The values of the parameter.
    """


RequestId: TypeAlias = str
"""
The number of the request in its sandbox as a UUID; 0 for described requests.
"""


WireFault: TypeAlias = Literal[
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "CONNECTION_RESET_BY_PEER",
    "TRUNCATED_BODY",
    "HANG",
]
"""
A wire fault.
"""


class BodySize(TypedDict):
    """
    The size of a body.
    """

    bytes: int
    """
    The length of the body.
    """
    truncated: bool
    """
    Whether only its beginning is recorded (`--journal-body-bytes-max`).
    """


class Violation(TypedDict):
    """
    A violation of the contract.
    """

    location: str
    """
    RFC 6901 pointer into the request, such as `/body/name`.
    """
    code: str
    """
    The code of the rule that was broken, such as `required`.
    """
    message: str
    """
    The violation as a sentence.
    """


class DecidedBy(TypedDict):
    """
    The part of the flow that decided.
    """

    kind: Literal[
        "completed",
        "disabled_flow",
        "trigger",
        "hours_of_operation",
        "flow_criteria",
        "source_criteria",
        "cap",
        "filter",
        "pings_disabled",
        "ping_limit",
        "no_price",
    ]
    """
    The kind of part.
    """
    id: str | None
    """
    The id of the flow, source, cap or step.
    """
    description: str
    """
    The decision as a sentence, with the comparisons that decided.
    """


class LeadDecision(TypedDict):
    """
    What the lead handler decided about a submission or ping; `null` for every other request.
    """

    outcome: Literal["success", "failure", "error"]
    """
    The outcome.
    """
    reason: str
    """
    The reason; empty without one.
    """
    decided_by: DecidedBy
    """
    The part of the flow that decided.
    """
    steps: list[str]
    """
    The filters and recipients that the lead reached, each with its result.
    """


class ResponseDefinition(TypedDict):
    """
    The intended response.
    """

    status: int
    """
    The status.
    """
    headers: HeaderMap
    body: str
    """
    The recorded part of the body, as text.
    """
    fromConfiguredStub: bool
    """
    The same as `wasMatched`.
    """
    fault: NotRequired[WireFault]
    fixedDelayMilliseconds: NotRequired[int]
    """
    The added delay in milliseconds. Absent without a delay.
    """


class Response(TypedDict):
    """
    The response before wire faults.
    """

    status: int
    """
    The status.
    """
    headers: HeaderMap
    bodyAsBase64: str
    """
    The recorded part of the body, in Base64.
    """
    body: str
    """
    The recorded part of the body, as text.
    """
    fault: NotRequired[WireFault]


class Timing(TypedDict):
    """
    Durations in whole milliseconds.
    """

    addedDelay: int
    """
    The added delay.
    """
    processTime: int
    """
    The processing time.
    """
    responseSendTime: Literal[0]
    """
    Not measured.
    """
    serveTime: int
    """
    The same as `processTime`.
    """
    totalTime: int
    """
    The sum of processing time and delay.
    """


class Caller(TypedDict):
    """
    The caller; `null` when the API key is missing or unknown.
    """

    account: str
    """
    The id of the account.
    """
    user: str
    """
    The id of the user.
    """


class AppliedRule1(TypedDict):
    """
    An applied rule.
    """

    rule: str
    """
    The name of the rule.
    """
    effects: list[str]
    """
    The effects, such as `status=503` or `delay=250`.
    """


class Bodies(TypedDict):
    """
    The sizes of the bodies, and whether they are recorded completely.
    """

    request: BodySize
    response: BodySize


RequestJournalDisabled: TypeAlias = bool
"""
Whether the journal is disabled (`--journal-entries-max 0`).
"""


class Meta1(TypedDict):
    """
    Metadata of the list.
    """

    total: int
    """
    The number of exchanges that match the filters, before `limit`, `before` and `after` apply.
    """
    dropped: int
    """
    The number of exchanges that the journal dropped because of its limits since it was last cleared.
    """
    next: NotRequired[int]
    """
    The value of `before` for the next page. Absent on the last page.
    """


class RequestCount(TypedDict):
    """
    A number of requests.
    """

    count: int
    """
    The number of requests; -1 when it is not known.
    """
    undecided: NotRequired[int]
    """
    The number of requests that could not be compared, because their body is recorded in part only or the compared value is a secret. Absent for 0.
    """
    dropped: NotRequired[int]
    """
    The number of exchanges that the journal dropped. Absent for 0.
    """
    requestJournalDisabled: RequestJournalDisabled


class RequestPattern(TypedDict):
    """
    A WireMock request pattern: `method`, `url` or `urlPattern` or `urlPath` or `urlPathPattern`, `queryParameters`, `headers`, `formParameters`, `bodyPatterns`. Absent keys match everything. Patterns of JSON also match the values of a form and of XML; `matchesXPath` and `equalToXml` match XML.
    """


class DescribedRequest1(TypedDict):
    """
    A described request. Unknown properties are ignored, so a journal entry can be sent as it is.
    """

    url: str
    """
    Path and query.
    """
    absoluteUrl: NotRequired[str]
    """
    The absolute URL, used when `url` is absent.
    """
    method: NotRequired[str]
    """
    The method; any method when absent or `ANY`.
    """
    headers: NotRequired[dict[str, Any]]
    """
    Headers by name, each a string or an array of strings.
    """
    body: NotRequired[str]
    """
    The body.
    """
    bodyAsBase64: NotRequired[str]
    """
    The body in Base64, used when `body` is absent.
    """


class DescribedRequest2(TypedDict):
    """
    A described request. Unknown properties are ignored, so a journal entry can be sent as it is.
    """

    url: NotRequired[str]
    """
    Path and query.
    """
    absoluteUrl: str
    """
    The absolute URL, used when `url` is absent.
    """
    method: NotRequired[str]
    """
    The method; any method when absent or `ANY`.
    """
    headers: NotRequired[dict[str, Any]]
    """
    Headers by name, each a string or an array of strings.
    """
    body: NotRequired[str]
    """
    The body.
    """
    bodyAsBase64: NotRequired[str]
    """
    The body in Base64, used when `body` is absent.
    """


DescribedRequest: TypeAlias = DescribedRequest1 | DescribedRequest2
"""
A described request. Unknown properties are ignored, so a journal entry can be sent as it is.
"""


class MatchResult(TypedDict):
    """
    The distance of a near miss.
    """

    distance: float
    """
    0 for a match, 1 when everything differs.
    """


class Difference2(TypedDict):
    """
    One difference.
    """

    what: str
    """
    The compared part, such as `method` or `path`.
    """
    expected: str | None
    """
    The expected value; `null` when none is expected.
    """
    found: str | None
    """
    The found value; `null` when there is none.
    """


class Request(TypedDict):
    """
    The requests of the operation.
    """

    method: str
    """
    The method.
    """
    urlPathTemplate: str
    """
    The path, with `{name}` for parameters.
    """


class Response1(TypedDict):
    """
    The response in case of success.
    """

    status: int
    """
    The status.
    """


class StubMapping(TypedDict):
    """
    The operation in the format of a WireMock stub mapping.
    """

    id: str
    """
    An id, which WireMock clients require.
    """
    uuid: str
    """
    The same id.
    """
    name: str
    """
    The `operationId`.
    """
    request: Request
    """
    The requests of the operation.
    """
    response: Response1
    """
    The response in case of success.
    """


class ExplainRequest1(TypedDict):
    """
    A request, or the number of an exchange.
    """

    method: str
    """
    The method.
    """
    path: str
    """
    Path and query.
    """
    key: NotRequired[str]
    """
    The API key. By default, the request has no credentials.
    """
    headers: NotRequired[dict[str, str]]
    """
    The headers.
    """
    body: NotRequired[Any]
    """
    The body, sent as JSON; a string is sent as it is.
    """


class ExplainRequest2(TypedDict):
    """
    A request, or the number of an exchange.
    """

    exchange: int | str
    """
    The number of the request in its sandbox (`X-Mock-Request-Id`), or its id.
    """


ExplainRequest: TypeAlias = ExplainRequest1 | ExplainRequest2
"""
A request, or the number of an exchange.
"""


class Request1(TypedDict):
    """
    The request.
    """

    method: str
    """
    The method.
    """
    url: str
    """
    Path and query.
    """


class Caller1(TypedDict):
    """
    The owner of the API key; `null` when the key is missing or unknown.
    """

    account: str
    """
    The id of the account.
    """
    user: str
    """
    The id of the user.
    """


class Operation(TypedDict):
    """
    The operation that the request matches.
    """

    id: str
    """
    The operationId.
    """
    method: str
    """
    The method.
    """
    path: str
    """
    The path pattern.
    """
    summary: str
    """
    The summary of the operation.
    """
    evidence: Literal["documented", "observed", "inferred"]
    """
    The evidence.
    """


class Nearest(TypedDict):
    """
    For an unmatched request, the nearest operation, or the nearest call of the control API.
    """

    operation: NotRequired[str]
    """
    The operationId.
    """
    method: str
    """
    The method.
    """
    path: str
    """
    The path pattern.
    """
    difference: NotRequired[str | None]
    """
    The first difference.
    """


class Violation1(TypedDict):
    location: str
    """
    An RFC 6901 pointer into the request.
    """
    code: str
    """
    The code of the rule that is broken.
    """
    message: str
    """
    The violation as a sentence.
    """


class AppliedRule2(TypedDict):
    rule: str
    """
    The name of the rule.
    """
    effects: list[str]
    """
    The effects.
    """


class Reply(TypedDict):
    """
    The response.
    """

    status: int
    """
    The status.
    """
    headers: dict[str, str]
    """
    The headers.
    """
    body: Any
    """
    The body; a string when it is not JSON.
    """


class Explanation(TypedDict):
    """
    How the response to a request comes about.
    """

    exchange: int
    """
    The number that the request has, or would have, in its sandbox.
    """
    sandbox: str
    """
    The name of the sandbox.
    """
    scenario: str | None
    """
    The scenario of the sandbox.
    """
    request: Request1
    """
    The request.
    """
    caller: Caller1 | None
    """
    The owner of the API key; `null` when the key is missing or unknown.
    """
    operation: Operation | None
    """
    The operation that the request matches.
    """
    nearest: Nearest | None
    """
    For an unmatched request, the nearest operation, or the nearest call of the control API.
    """
    lead: LeadDecision | None
    violations: list[Violation1]
    """
    The violations of the contract, and findings that break none (`not_collected`).
    """
    applied_rules: list[AppliedRule2]
    """
    The rules and faults that are applied.
    """
    wire_fault: str | None
    """
    The wire fault, if any.
    """
    delay_ms: int
    """
    The added delay in milliseconds.
    """
    reply: Reply
    """
    The response.
    """
    reasons: list[str]
    """
    The steps that lead to the response, as sentences.
    """
    curl: str
    """
    A curl command that sends the request again; it reads the API key from `$LEADCONDUIT_API_KEY`.
    """
    snippet: str
    """
    A scenario in which the request gets this response, with an example that checks it.
    """


class SelectedScenario(Scenario):
    """
    The scenario of a sandbox, with its current effects.
    """

    since: str
    """
    When it was selected, on the clock of the sandbox.
    """
    sso: SsoHealth
    rules: list[Rule]
    """
    The rules of the scenario.
    """


class Summary(TypedDict):
    """
    An exchange without headers and bodies, as in the event `exchange`.
    """

    id: int
    """
    The number of the request in its sandbox.
    """
    at: str
    """
    The time of the request, on the clock of the sandbox.
    """
    method: str
    """
    The method.
    """
    path: str
    """
    The path.
    """
    query: str | None
    """
    The query without its question mark.
    """
    operation: str | None
    """
    The operation.
    """
    status: int
    """
    The status of the response.
    """
    scenario: str | None
    """
    The scenario of the sandbox.
    """
    unmatched: bool
    """
    Whether no operation, rule or part of the mock answered it.
    """
    took_us: int
    """
    The processing time in microseconds.
    """
    delay_ms: int
    """
    The added delay in milliseconds.
    """
    wire_fault: WireFault | None
    """
    How the connection was broken, if it was.
    """
    lead: Lead | None
    """
    Outcome and reason of a submission or ping.
    """
    violations: list[Violation]
    """
    How the request broke the contract, and findings that break no contract.
    """
    applied_rules: list[AppliedRule]
    """
    The rules and faults that were applied.
    """
    sandbox: Name


class Comparison(TypedDict):
    """
    The differences between two exchanges.
    """

    first: Summary
    second: Summary
    equal: bool
    """
    Whether nothing differs.
    """
    differences: list[Difference]
    """
    The values that differ. The side that does not have the value has no property.
    """
    further: int
    """
    How many differences are not listed.
    """


class Sandbox(TypedDict):
    """
    An isolated world.
    """

    name: Name
    scenario: str
    """
    The scenario that it uses.
    """
    scenario_since: str
    """
    When the scenario was selected, on the clock of the sandbox.
    """
    sso: Literal["up", "down", "slow", "flapping", "partial"]
    """
    The health of the single sign-on service.
    """
    sso_ends_at: NotRequired[str]
    """
    When that health ends by itself. Absent without an end.
    """
    rules: int
    """
    The number of rules of the scenario.
    """
    journal: Journal
    """
    The journal.
    """
    clock: Clock
    requests: int
    """
    The number of requests since its start.
    """
    faults: int
    """
    The number of its faults.
    """
    snapshots: list[Name]
    """
    The names of its snapshots.
    """
    idle_ms: int
    """
    Milliseconds since its last use, on the clock of the machine; 0 in responses about the own sandbox.
    """


class SandboxList(TypedDict):
    """
    Sandboxes.
    """

    start: Start
    """
    What the server started with, and new sandboxes start with.
    """
    sandboxes: list[Sandbox]
    """
    The items, sorted by name.
    """
    meta: Meta


class World(TypedDict):
    """
    LeadConduit's own documents.
    """

    keys: list[Key]
    """
    The API keys.
    """
    accounts: list[dict[str, Any]]
    """
    The accounts with their documents.
    """


class State(TypedDict):
    """
    The state of a sandbox. It contains API keys and credentials in clear text.
    """

    version: Literal[1]
    """
    The version of this format.
    """
    scenario: NotRequired[str]
    """
    The scenario of the sandbox, for information. Importing a state does not change the scenario.
    """
    clock: str
    """
    `real`, `real + PT90S`, `real - PT90S`, or the time at which it is frozen.
    """
    seed: int
    """
    The seed of generated data and random choices.
    """
    random_streams: int
    """
    The number of random choices so far.
    """
    ids: Ids
    """
    The generator of document ids.
    """
    sso_calls: int
    """
    The number of calls to the single sign-on service, for `flapping`.
    """
    sso_since: str
    """
    The start of the periods of a flapping service.
    """
    sso_temporary: NotRequired[SsoTemporary]
    """
    The health of the single sign-on service for a limited time; `sso` has the health after it.
    """
    world: World
    """
    LeadConduit's own documents.
    """
    sso: dict[str, Any]
    """
    The data and status of the single sign-on service.
    """


class Undocumented(TypedDict):
    """
    What clients sent, or rules and faults returned, without documentation.
    """

    not_collected: NotRequired[list[NotCollectedItem]]
    """
    Parameters of leads that no field of the flow collects; absent without any.
    """
    statuses: CoverageStatuses
    parameters: CoverageParameters
    fields: CoverageFields


class CoverageOperation(TypedDict):
    """
    The coverage of one operation.
    """

    operation: str
    """
    The `operationId`.
    """
    method: str
    """
    The method.
    """
    path: str
    """
    The path pattern.
    """
    evidence: Evidence
    calls: int
    """
    The number of requests.
    """
    statuses: CoverageStatuses
    parameters: CoverageParameters
    fields: CoverageFields
    lead_outcomes: NotRequired[list[LeadOutcome]]
    """
    The outcomes of submissions and pings; absent without any.
    """
    undocumented: Undocumented
    """
    What clients sent, or rules and faults returned, without documentation.
    """


class VerifiedStep(TypedDict):
    """
    The exchange of a step.
    """

    operation: NotRequired[OneOrMoreOperations]
    request: NotRequired[VerifiedRequest]
    status: NotRequired[OneOrMoreStatuses]


class JudgedExpectation(TypedDict):
    """
    The result of one expectation.
    """

    name: str
    """
    The name of the expectation.
    """
    passed: bool
    """
    Whether the expectation is met for certain.
    """
    outcome: Literal["passed", "failed", "inconclusive"]
    """
    The outcome; `inconclusive` when it is based on no exchange, or the recorded ones do not decide it.
    """
    expected: str
    """
    What was expected.
    """
    found: str
    """
    What was found.
    """
    exchanges: int
    """
    The number of exchanges in the range of the expectation, whether they match or not.
    """
    matched: list[int]
    """
    The numbers of the exchanges concerned, oldest first.
    """
    differences: list[str]
    """
    The differences from the expectation, one line each.
    """
    nearest: list[NearExchange]
    """
    The exchanges nearest to a missing one.
    """


class LoggedRequest(TypedDict):
    """
    A request in the format of WireMock. Secrets are replaced by `***`.
    """

    id: RequestId
    url: str
    """
    Path and query, without `/__sandbox/NAME`.
    """
    absoluteUrl: NotRequired[str]
    """
    The URL with the host that the client sent. Absent without `Host`.
    """
    method: str
    """
    The method.
    """
    clientIp: Literal["127.0.0.1"]
    """
    A constant; the journal does not record addresses.
    """
    scheme: Literal["http", "https"]
    """
    The scheme of the server.
    """
    host: NotRequired[str]
    """
    The host that the client sent. Absent without `Host`.
    """
    port: NotRequired[int]
    """
    The port that the client sent. Absent without `Host`.
    """
    headers: HeaderMap
    cookies: dict[str, Any]
    """
    Always empty, because cookies are secrets.
    """
    browserProxyRequest: Literal[False]
    """
    A constant; the mock is not a proxy.
    """
    loggedDate: int
    """
    The time on the clock of the sandbox, in milliseconds since 1970.
    """
    loggedDateString: str
    """
    The same time in RFC 3339.
    """
    queryParams: dict[str, QueryParams]
    """
    The query parameters by name.
    """
    bodyAsBase64: str
    """
    The recorded part of the body, in Base64.
    """
    body: str
    """
    The recorded part of the body, as text.
    """
    protocol: str
    """
    The version of HTTP, such as `HTTP/1.1`.
    """


class ServeEvent(TypedDict):
    """
    A request and its response in the format of WireMock. `number` and the properties after it are specific to the mock.
    """

    id: RequestId
    request: LoggedRequest
    responseDefinition: ResponseDefinition
    """
    The intended response.
    """
    response: Response
    """
    The response before wire faults.
    """
    wasMatched: bool
    """
    Whether an operation, a rule or the mock itself answered the request.
    """
    timing: Timing
    """
    Durations in whole milliseconds.
    """
    number: int
    """
    The number of the request in the sandbox, as in `X-Mock-Request-Id`; 0 when the request selected none.
    """
    sandbox: Name
    scenario: str | None
    """
    The scenario of the sandbox; `null` when the request selected none.
    """
    operation: str | None
    """
    The `operationId`; `null` without an operation.
    """
    evidence: Literal["documented", "observed", "inferred"] | None
    """
    The evidence for this status of the operation; `null` without an operation.
    """
    caller: Caller | None
    """
    The caller; `null` when the API key is missing or unknown.
    """
    lead: LeadDecision | None
    violations: list[Violation]
    """
    The violations of the contract.
    """
    applied_rules: list[AppliedRule1]
    """
    The rules that were applied.
    """
    wire_fault: WireFault | None
    """
    The wire fault, if any.
    """
    delay_ms: int
    """
    The added delay in milliseconds.
    """
    took_us: int
    """
    The processing time in microseconds, on the clock of the machine.
    """
    bodies: Bodies
    """
    The sizes of the bodies, and whether they are recorded completely.
    """


class ServeEventList(TypedDict):
    """
    Exchanges.
    """

    requests: list[ServeEvent]
    """
    The exchanges, newest first.
    """
    meta: Meta1
    """
    Metadata of the list.
    """
    requestJournalDisabled: RequestJournalDisabled


class SummaryList(TypedDict):
    """
    Exchanges without headers and bodies.
    """

    requests: list[Summary]
    """
    The exchanges, newest first.
    """
    meta: Meta1
    """
    Metadata of the list.
    """
    requestJournalDisabled: RequestJournalDisabled


class RemovedEventList(TypedDict):
    """
    Removed exchanges.
    """

    serveEvents: list[ServeEvent]
    """
    The exchanges, oldest first.
    """
    requestJournalDisabled: RequestJournalDisabled


class LoggedRequestList(TypedDict):
    """
    Requests.
    """

    requests: list[LoggedRequest]
    """
    The requests, in the order that the operation documents.
    """
    requestJournalDisabled: RequestJournalDisabled


class NearMiss(TypedDict):
    """
    A request and an operation near to it.
    """

    request: LoggedRequest
    stubMapping: StubMapping
    """
    The operation in the format of a WireMock stub mapping.
    """
    matchResult: MatchResult
    operation: str
    """
    The `operationId`.
    """
    difference: str | None
    """
    The first difference as a sentence; `null` for a match.
    """
    differences: list[Difference2]
    """
    The differences in the path from left to right, then in the method.
    """


class NearMissList(TypedDict):
    """
    Requests with their nearest operations.
    """

    nearMisses: list[NearMiss]
    """
    The near misses. For each request, nearest first.
    """
    requestJournalDisabled: RequestJournalDisabled


class NearMiss1(TypedDict):
    """
    A request and its differences from the pattern.
    """

    request: LoggedRequest
    requestPattern: RequestPattern
    matchResult: MatchResult
    difference: str | None
    """
    The first difference as a sentence; `null` for a match.
    """
    differences: list[Difference2]
    """
    The differences.
    """


class PatternNearMissList(TypedDict):
    """
    The requests nearest to a pattern.
    """

    nearMisses: list[NearMiss1]
    """
    The near misses, nearest first.
    """
    requestJournalDisabled: RequestJournalDisabled


class Replay(TypedDict):
    """
    A request that was sent again.
    """

    replayed: int
    """
    The number of the first request.
    """
    exchange: ServeEvent
    notes: list[str]
    """
    What differs from the first request.
    """


class ResetSandbox(Sandbox):
    """
    A sandbox after a reset.
    """

    cleared: Cleared
    """
    What was cleared.
    """


class Coverage(TypedDict):
    """
    What clients have exercised, and how they broke the contract. Lists are sorted, and there are no times.
    """

    version: Literal[1]
    """
    The version of this format.
    """
    mock: str
    """
    The version of the mock that counted; several are separated by commas.
    """
    sandbox: str
    """
    The name of the sandbox; `*` for all.
    """
    selection: NotRequired[str]
    """
    The operations to which the document is limited; absent for all of them.
    """
    summary: CoverageSummary
    operations: list[CoverageOperation]
    """
    Every operation of the contract, by path and method.
    """
    left: list[CoverageLeft]
    """
    The units that were not exercised, by operation.
    """
    scenarios: list[Scenario1]
    """
    Every scenario by name, with its number of requests.
    """
    violations: list[CoverageViolation]
    """
    The violations of the contract, by kind.
    """
    unmatched: list[UnmatchedItem]
    """
    Requests without an operation.
    """
    effects: list[Effect]
    """
    The effects of rules and faults.
    """
    exchanges: int
    """
    The number of requests.
    """
    violating: int
    """
    The number of requests that broke the contract.
    """
    handled_by_mock: int
    """
    How many of the requests are CORS preflights, or what browsers request on their own.
    """
    compared: NotRequired[int]
    """
    How many of the requests were compared with the contract: not those without a valid key, and not those to which a rule responded before. Absent in reports that do not say it.
    """
    overflow: int
    """
    The number of violations, paths and parameters beyond the limits.
    """


class Repaired(TypedDict):
    """
    A rejected request whose cause was fixed.
    """

    operation: NotRequired[OneOrMoreOperations]
    request: NotRequired[VerifiedRequest]
    status: NotRequired[OneOrMoreStatuses]
    by: NotRequired[VerifiedStep]


class Expectation(TypedDict):
    """
    A count of exchanges, an `order`, `repaired`, `no_violations` or `no_unmatched`.
    """

    name: NotRequired[str]
    """
    The name in the verdict. The default is a description of the expectation.
    """
    allow_empty: NotRequired[AllowEmpty]
    operation: NotRequired[OneOrMoreOperations]
    request: NotRequired[VerifiedRequest]
    status: NotRequired[OneOrMoreStatuses]
    exactly: NotRequired[int]
    """
    The exact number of exchanges.
    """
    at_least: NotRequired[int]
    """
    The smallest number of exchanges. The default is 1.
    """
    at_most: NotRequired[int]
    """
    The largest number of exchanges.
    """
    never: NotRequired[Literal[True]]
    """
    No exchange matches.
    """
    order: NotRequired[list[VerifiedStep]]
    """
    The steps, in order.
    """
    strict: NotRequired[bool]
    """
    True to allow no other exchanges between the steps.
    """
    repaired: NotRequired[Repaired]
    """
    A rejected request whose cause was fixed.
    """
    no_violations: NotRequired[Literal[True]]
    """
    No request broke the contract.
    """
    no_unmatched: NotRequired[Literal[True]]
    """
    Every request matched an operation or a rule.
    """
    after: NotRequired[After]
    since: NotRequired[Since]


class Verdict(TypedDict):
    """
    The result of verification.
    """

    passed: bool
    """
    Whether every expectation is passed.
    """
    outcome: Literal["passed", "failed", "inconclusive"]
    """
    The outcome; `inconclusive` when no exchange was evaluated, or when only inconclusive expectations prevent a pass.
    """
    expectations: list[JudgedExpectation]
    """
    The results, in the order of the expectations.
    """
    exchanges: int
    """
    The number of exchanges in the ranges of the expectations, whether they match or not.
    """
    dropped: int
    """
    The number of exchanges that the journal dropped.
    """
    reason: NotRequired[str]
    """
    Why an expectation is inconclusive, and what to do about it.
    """
    text: str
    """
    The verdict as text.
    """


ExpectationList: TypeAlias = list[Expectation]
"""
Expectations.
"""


class Expectations1(TypedDict):
    """
    Expectations, with the part of the journal that they cover; or the list alone.
    """

    expectations: ExpectationList
    after: NotRequired[After]
    since: NotRequired[Since]
    allow_empty: NotRequired[AllowEmpty]


Expectations: TypeAlias = ExpectationList | Expectations1
"""
Expectations, with the part of the journal that they cover; or the list alone.
"""

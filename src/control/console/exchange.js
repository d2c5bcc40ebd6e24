// @ts-check
/** The details of one request: both messages, the explanation, the lead, a comparison, and what can be done with it. */

import { control } from "./api.js";
import { button, byKind, copy, dialog, empty, field, fill, h, inline, message, micros, plural, run, time } from "./dom.js";

/** @typedef {import("./api.js").ServeEvent} ServeEvent */

/** How many lines of a body are shown before the rest is folded. */
const BODY_LINES_MAX = 400;

/**
 * @param {import("./app.js").Console} app
 * @param {{ close: () => void, previous: (one: { sandbox: string, id: number, operation: string | null }) => number | null }} list
 */
export function createExchangePanel(app, list) {
  const content = h("div", { class: "panel-content", tabindex: "-1" });
  const element = h("section", { class: "panel", "aria-label": "Request details", hidden: true }, content);
  let current = "";
  /** @type {ServeEvent | null} */
  let exchange = null;
  /** @type {any} */
  let explanation = null;

  /** @param {string} sandbox @param {string} id */
  async function show(sandbox, id) {
    element.hidden = false;
    const key = `${sandbox}/${id}`;
    if (key === current && exchange) return;
    current = key;
    exchange = null;
    explanation = null;
    try {
      const [event, explained] = await Promise.all([
        control(`/requests/${encodeURIComponent(id)}`, { sandbox }),
        control("/explain", { method: "POST", body: { exchange: Number(id) || id }, sandbox }),
      ]);
      if (current !== key) return;
      exchange = event;
      explanation = explained;
      render();
      content.scrollTop = 0;
    } catch (error) {
      if (current !== key) return;
      fill(content, h("div", { class: "panel-head" }, h("h2", {}, `Request ${id}`), button("Close", list.close)),
        empty("The request is not available", h("p", {}, error instanceof Error ? error.message : String(error))));
    }
  }

  function hide() {
    element.hidden = true;
    current = "";
    exchange = null;
  }

  function render() {
    const one = /** @type {ServeEvent} */ (exchange);
    const { request, response } = one;
    const isBroken = one.wire_fault !== null;
    const status = isBroken ? String(one.wire_fault) : String(response.status);
    const leadId = leadOf(one);
    const { violations: broken, findings } = byKind(one.violations);
    fill(content,
      h("div", { class: "panel-head" },
        h("h2", {}, h("span", { class: "method" }, request.method), " ", h("span", { class: "path" }, request.url)),
        button("Close", list.close, { title: "Close (Esc)" })),
      h("div", { class: "buttons" },
        button("Send again", (event) => run(event.currentTarget, replay), { title: "Run the request again in its sandbox (r)" }),
        button("Respond like this", (event) => run(event.currentTarget, respondLikeThis), { title: "Give the next such requests this response" }),
        button("Compare", (event) => run(event.currentTarget, compare), { title: "Compare with another request" }),
        copyMenu()),
      h("dl", { class: "facts-list" },
        pair("Response", h("span", { class: `status-pill s${isBroken ? "x" : String(response.status)[0]}` }, status)),
        pair("Operation", one.operation ? h("a", { href: `/__admin/docs#${one.operation}` }, one.operation) : "none"),
        pair("Evidence", one.evidence ?? "none"),
        pair("Time", time(/** @type {string} */ (request.loggedDateString))),
        pair("Took", `${micros(one.took_us)}${one.delay_ms ? ` and a delay of ${one.delay_ms} ms` : ""}`),
        pair("Sandbox", one.sandbox), pair("Scenario", one.scenario ?? "none"), pair("Number", one.number)),
      section("Why this response", reasons()),
      broken.length > 0 ? section(plural(broken.length, "violation"), violations(broken)) : null,
      findings.length > 0 ? section(plural(findings.length, "finding"), violations(findings)) : null,
      leadId || one.lead ? section("Lead", leadSection(one, leadId)) : null,
      section("Request", headers(request.headers), body("Request body", request.body, one.bodies.request, String(header(request.headers, "Content-Type") ?? ""), one.violations)),
      section("Response", isBroken ? h("p", { class: "note" }, `The connection was broken: ${one.wire_fault}. This is the response before the fault.`) : null,
        headers(response.headers), body("Response body", response.body, one.bodies.response, String(header(response.headers, "Content-Type") ?? ""), [])),
      comparison);
    fill(comparison);
  }

  const comparison = h("div", { class: "comparison" });

  /** @param {string} name @param {import("./dom.js").Child} value */
  function pair(name, value) {
    return h("div", {}, h("dt", {}, name), h("dd", {}, value));
  }

  function reasons() {
    const steps = /** @type {string[]} */ (explanation.reasons ?? []);
    const nearest = explanation.nearest;
    return [
      h("ol", { class: "reasons" }, ...steps.map((text) => h("li", {}, ...inline(text)))),
      nearest ? h("p", {}, "Nearest: ", h("code", {}, `${nearest.method} ${nearest.path}`), nearest.difference ? ` (${nearest.difference})` : "") : null,
    ];
  }

  /** @param {{ location: string, code: string, message: string }[]} found */
  function violations(found) {
    return h("ul", { class: "violations" }, ...found.map((one) => h("li", {}, h("code", {}, one.location || "/"), " ", ...inline(one.message))));
  }

  /** @param {ServeEvent} one @param {string | null} id */
  function leadSection(one, id) {
    const steps = h("div", {});
    const lead = one.lead;
    const parts = [];
    if (lead) {
      parts.push(h("p", {}, h("span", { class: `tag ${lead.outcome === "success" ? "good" : "warn"}` }, lead.outcome), " ", lead.reason ? `${lead.reason}. ` : "", "Decided by: ", h("strong", {}, ...inline(lead.decided_by.description))));
    }
    if (id) {
      control(`/leads/${id}/trace`, { sandbox: one.sandbox }).then((trace) => fill(steps, traceTable(trace)))
        .catch(() => fill(steps, lead ? h("ol", {}, ...lead.steps.map((text) => h("li", {}, text))) : null));
    } else if (lead) {
      fill(steps, h("ol", {}, ...lead.steps.map((text) => h("li", {}, text))));
    }
    return [...parts, steps];
  }

  /** @param {import("./api.js").LeadTrace} trace */
  function traceTable(trace) {
    const decided = /** @type {any} */ (trace.decided_by);
    return [
      h("p", {}, "Lead ", h("code", {}, trace.lead), trace.flow?.name ? ` in flow ${trace.flow.name}` : "", trace.source?.name ? ` from ${trace.source.name}` : ""),
      h("ol", { class: "steps" }, ...trace.steps.map((raw) => {
        const step = /** @type {any} */ (raw);
        const isDeciding = decided?.id && decided.id === step.step_id;
        const transactions = step.transactions ?? [];
        return h("li", { class: isDeciding ? "deciding" : undefined },
          h("span", { class: "step-type" }, step.type), " ", h("span", { class: `tag ${step.outcome === "success" || step.outcome === "continue" ? "good" : step.outcome === "skip" ? "" : "warn"}` }, step.outcome),
          " ", step.recipient?.name ?? "", step.reason ? `: ${step.reason}` : "", isDeciding ? h("strong", {}, " decided") : null,
          transactions.length ? h("details", {}, h("summary", {}, plural(transactions.length, "call")), h("pre", { tabindex: "0" }, JSON.stringify(transactions, null, 2))) : null);
      })),
    ];
  }

  /** @param {Record<string, unknown>} map */
  function headers(map) {
    const entries = Object.entries(map).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => /** @type {const} */ ([name, String(one)])));
    if (entries.length === 0) return h("p", { class: "quiet-text" }, "No headers");
    return h("details", { class: "headers" }, h("summary", {}, plural(entries.length, "header")),
      h("table", { class: "plain" }, h("tbody", {}, ...entries.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))))));
  }

  /**
   * A body, pretty when it is JSON or a form. Lines that break the contract are marked.
   * @param {string} what
   * @param {string} text
   * @param {{ bytes: number, truncated: boolean }} size
   * @param {string} type
   * @param {{ location: string, message: string }[]} violations
   */
  function body(what, text, size, type, violations) {
    if (size.bytes === 0) return h("p", { class: "quiet-text" }, "No body");
    const marks = new Map();
    for (const one of violations) {
      if (!one.location.startsWith("/body")) continue;
      const pointer = one.location.slice("/body".length);
      marks.set(pointer, [...(marks.get(pointer) ?? []), one.message]);
    }
    const lines = linesOf(text, type);
    const rows = lines.slice(0, BODY_LINES_MAX).map((line) => {
      const found = marks.get(line.pointer);
      if (!found || !line.isStart) return h("div", { class: "line" }, line.text || " ");
      marks.delete(line.pointer);
      return h("div", { class: "line marked" }, line.text, h("span", { class: "mark" }, found.join("; ")));
    });
    const rest = lines.slice(BODY_LINES_MAX);
    const more = rest.length ? button(`Show ${plural(rest.length, "more line")}`, () => { more?.replaceWith(...rest.map((line) => h("div", { class: "line" }, line.text))); }) : null;
    const unplaced = [...marks.values()].flat();
    return [
      unplaced.length ? h("p", { class: "mark-note" }, unplaced.join("; ")) : null,
      h("div", { class: "code body", tabindex: "0", role: "region", "aria-label": what }, ...rows, more),
      size.truncated ? h("p", { class: "note" }, `The journal has the beginning of ${size.bytes.toLocaleString()} bytes.`) : null,
    ];
  }

  function copyMenu() {
    const one = /** @type {ServeEvent} */ (exchange);
    const choice = h("select", { "aria-label": "Copy", on: { change: () => {
      const value = choice.value;
      choice.value = "";
      if (value === "curl") copy(explanation.curl, "the curl command");
      else if (value === "scenario") copy(explanation.snippet, "the scenario");
      else if (value === "expectation") copy(expectation(one), "the expectation");
      else if (value === "link") copy(location.href, "the link");
    } } }, h("option", { value: "" }, "Copy as …"), h("option", { value: "curl" }, "curl command"), h("option", { value: "scenario" }, "Scenario"),
    h("option", { value: "expectation" }, "Expectation"), h("option", { value: "link" }, "Link to this page"));
    return choice;
  }

  async function replay() {
    const one = /** @type {ServeEvent} */ (exchange);
    const result = await control(`/requests/${one.number}/replay`, { method: "POST", sandbox: one.sandbox });
    const sent = /** @type {ServeEvent} */ (result.exchange);
    const notes = /** @type {string[]} */ (result.notes);
    message(`Sent again as request ${sent.number}: ${sent.wire_fault ?? sent.response.status}.${notes.length ? ` Note: ${notes.join("; ")}.` : ""}`);
    location.hash = `#/requests/${one.sandbox}/${sent.number}`;
  }

  async function compare() {
    const one = /** @type {ServeEvent} */ (exchange);
    const previous = list.previous({ sandbox: one.sandbox, id: one.number, operation: one.operation ?? null });
    const input = h("input", { type: "number", min: "1", required: true, value: previous === null ? "" : String(previous) });
    const answer = await dialog("Compare with another request", [field("Number of the other request", input, previous === null ? undefined : "The previous request of this operation.")], [{ label: "Compare", value: "yes", primary: true }]);
    if (!answer) return;
    const result = await control(`/requests/${one.number}/compare?with=${encodeURIComponent(input.value)}`, { sandbox: one.sandbox });
    const cell = (/** @type {any} */ difference, /** @type {string} */ side) => h("td", {}, side in difference ? h("code", {}, JSON.stringify(difference[side])) : h("span", { class: "quiet-text" }, "absent"));
    fill(comparison, section(`Compared with request ${input.value}`, result.equal
      ? h("p", {}, "Both are equal, apart from time and number.")
      : h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences" }, h("table", { class: "differences" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Where"), h("th", { scope: "col" }, `Request ${one.number}`), h("th", { scope: "col" }, `Request ${input.value}`))),
        h("tbody", {}, ...result.differences.map((/** @type {any} */ difference) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, difference.location)), cell(difference, "first"), cell(difference, "second")))))),
      result.further ? h("p", {}, `and ${plural(result.further, "more difference")}`) : null));
    comparison.scrollIntoView({ block: "nearest" });
    comparison.querySelector("h3")?.focus();
  }

  async function respondLikeThis() {
    const one = /** @type {ServeEvent} */ (exchange);
    const times = h("input", { type: "number", min: "1", placeholder: "until removed" });
    const exact = h("input", { type: "checkbox", checked: true });
    const answer = await dialog("Respond like this next time", [
      h("p", {}, `The next matching requests in sandbox ${one.sandbox} get the response of request ${one.number}.`),
      field("How many requests", times),
      h("label", { class: "check" }, exact, ` Only requests to ${one.request.url}`),
    ], [{ label: "Respond like this", value: "yes", primary: true }]);
    if (!answer) return;
    const fault = await control("/faults", { method: "POST", sandbox: one.sandbox, body: ruleOf(one, exact.checked, times.value ? Number(times.value) : null) });
    await app.refresh();
    message(`Armed as ${fault.id}. The status bar can remove it.`);
  }

  return {
    element, show, hide,
    focus: () => content.focus(),
    /** @param {string} key */
    key(key) {
      if (!exchange) return false;
      if (key === "r") run(null, replay);
      else if (key === "c") copy(explanation.curl, "the curl command");
      else return false;
      return true;
    },
  };
}

/** @param {string} title @param {...import("./dom.js").Child} children */
function section(title, ...children) {
  return h("section", { class: "part" }, h("h3", { tabindex: "-1" }, title), ...children);
}

/** @param {Record<string, unknown>} headers @param {string} name */
function header(headers, name) {
  const found = Object.entries(headers).find(([other]) => other.toLowerCase() === name.toLowerCase());
  return found?.[1];
}

/** The id of the lead that a submission created. @param {ServeEvent} one @returns {string | null} */
function leadOf(one) {
  if (!one.lead) return null;
  try {
    const id = JSON.parse(one.response.body)?.lead?.id;
    return typeof id === "string" ? id : null;
  } catch {
    return null;
  }
}

/**
 * The lines of a body, each with the pointer to its value.
 * @param {string} text
 * @param {string} type
 * @returns {{ text: string, pointer: string, isStart: boolean }[]}
 */
function linesOf(text, type) {
  if (/x-www-form-urlencoded/i.test(type)) {
    return [...new URLSearchParams(text)].map(([name, value]) => ({ text: `${name} = ${value}`, pointer: `/${escapePointer(name)}`, isStart: true }));
  }
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return text.split("\n").map((line, index) => ({ text: line, pointer: "", isStart: index === 0 }));
  }
  /** @type {{ text: string, pointer: string, isStart: boolean }[]} */
  const lines = [];
  /** @param {any} node @param {string} pointer @param {string} indent @param {string} before @param {string} after */
  const write = (node, pointer, indent, before, after) => {
    const isList = Array.isArray(node);
    if (node === null || typeof node !== "object" || Object.keys(node).length === 0) {
      lines.push({ text: `${indent}${before}${JSON.stringify(node)}${after}`, pointer, isStart: true });
      return;
    }
    lines.push({ text: `${indent}${before}${isList ? "[" : "{"}`, pointer, isStart: true });
    const entries = Object.entries(node);
    entries.forEach(([name, child], index) => {
      write(child, `${pointer}/${escapePointer(name)}`, `${indent}  `, isList ? "" : `${JSON.stringify(name)}: `, index < entries.length - 1 ? "," : "");
    });
    lines.push({ text: `${indent}${isList ? "]" : "}"}${after}`, pointer, isStart: false });
  };
  write(value, "", "", "", "");
  return lines;
}

/** @param {string} name */
function escapePointer(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The body of a response for a rule: JSON, else text. @param {string} text */
function bodyOf(text) {
  try { return JSON.parse(text); } catch { return text; }
}

/**
 * A rule that gives the response of an exchange.
 * @param {ServeEvent} one
 * @param {boolean} isExact
 * @param {number | null} times
 */
function ruleOf(one, isExact, times) {
  const url = new URL(one.request.url, location.origin);
  /** @type {Record<string, unknown>} */
  const when = one.operation ? { operation: one.operation } : { method: one.request.method, path: url.pathname };
  if (isExact) {
    if (!/[{}]/.test(url.pathname)) when["path"] = url.pathname;
    const query = Object.fromEntries([...url.searchParams].filter(([, value]) => !value.includes("***")));
    if (Object.keys(query).length) when["query"] = query;
  }
  /** @type {Record<string, unknown>} */
  const then = { status: one.response.status };
  if (one.wire_fault) {
    delete then["status"];
    then["fault"] = one.wire_fault;
  } else if (one.bodies.response.bytes > 0) {
    then["body"] = bodyOf(one.response.body);
  }
  if (one.delay_ms) then["delay"] = one.delay_ms;
  const retry = header(one.response.headers, "Retry-After");
  if (retry) then["headers"] = { "Retry-After": String(retry) };
  return { name: `like request ${one.number}`, ...(one.operation ? {} : { gate: true }), when, then, ...(times ? { times } : {}) };
}

/** An expectation for `verify` that the exchange meets. @param {ServeEvent} one */
function expectation(one) {
  const url = new URL(one.request.url, location.origin);
  const lines = [`- name: ${JSON.stringify(`${one.request.method} ${url.pathname} responds with ${one.response.status}`)}`];
  if (one.operation) lines.push(`  operation: ${one.operation}`);
  /** @type {Record<string, unknown>} */
  const request = one.operation ? {} : { method: one.request.method, urlPath: url.pathname };
  const query = Object.fromEntries([...url.searchParams].map(([name, value]) => [name, { equalTo: value }]));
  if (Object.keys(query).length) request["queryParameters"] = query;
  const type = String(header(one.request.headers, "Content-Type") ?? "");
  if (one.bodies.request.bytes > 0 && /json/i.test(type)) request["bodyPatterns"] = [{ equalToJson: bodyOf(one.request.body) }];
  if (Object.keys(request).length) lines.push(`  request: ${JSON.stringify(request)}`);
  lines.push(`  status: ${one.response.status}`, "  exactly: 1");
  return `${lines.join("\n")}\n`;
}


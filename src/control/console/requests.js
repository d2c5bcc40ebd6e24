// @ts-check
/** The view of requests: a live list with filters, and the details of one request. */

import { ALL, control, contract, operations } from "./api.js";
import { button, byKind, confirmed, empty, fill, h, inline, message, micros, plural, run, setOptions, timeText, utc } from "./dom.js";
import { createExchangePanel } from "./exchange.js";

/** @typedef {import("./api.js").Summary} Summary */

/** The most exchanges that the page keeps; the oldest are dropped. */
const KEPT_MAX = 20_000;

/** How many exchanges are read at the start. */
const LOADED_MAX = 10_000;

/** The height of a row in pixels, as in the style sheet. */
const ROW = 28;

/** Rows that are rendered above and below the visible ones. */
const MARGIN = 6;

/** How often the list shows what has arrived, in milliseconds. */
const FRAME_MS = 100;

/** @param {Summary} one */
const keyOf = (one) => `${one.sandbox}/${one.id}`;

/** The exchanges of the selected sandbox, the oldest first. */
export class RequestStore {
  constructor() {
    /** @type {Summary[]} */
    this.rows = [];
    /** Events that arrive while the list is being read. @type {Summary[] | null} */
    this.waiting = [];
    this.isLoaded = false;
    /** Why the exchanges could not be read; empty if they could. */
    this.failure = "";
    this.dropped = 0;
    /** Counts replacements of the list. */
    this.generation = 0;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
  }

  /** Begins a new list. */
  start() {
    this.rows = [];
    this.waiting = [];
    this.isLoaded = false;
    this.generation += 1;
    this.changed();
  }

  /** Reads the exchanges that the journal has. @param {string} sandbox */
  async load(sandbox) {
    this.waiting ??= [];
    const generation = this.generation;
    const all = sandbox === ALL ? "&sandbox=*" : "";
    const list = await control(`/requests/summaries?limit=${LOADED_MAX}${all}`, { sandbox });
    if (generation !== this.generation) return;
    const rows = /** @type {Summary[]} */ (list.requests).reverse();
    const known = new Set(rows.map(keyOf));
    rows.push(...(this.waiting ?? []).filter((one) => !known.has(keyOf(one))));
    this.rows = rows;
    this.waiting = null;
    this.isLoaded = true;
    this.failure = "";
    this.generation += 1;
    this.changed();
  }

  /** @param {Summary} row */
  add(row) {
    if (this.waiting) {
      this.waiting.push(row);
      if (this.waiting.length > KEPT_MAX) this.waiting.shift();
      return;
    }
    this.rows.push(row);
    if (this.rows.length > KEPT_MAX + 1000) {
      this.rows.splice(0, 1000);
      this.dropped += 1000;
    }
    this.changed();
  }

  /** Removes the exchanges of a sandbox whose journal was cleared. @param {string} sandbox */
  forget(sandbox) {
    this.rows = this.rows.filter((one) => one.sandbox !== sandbox);
    this.generation += 1;
    this.changed();
  }

  /** The state of the server could not be read. @param {string} reason */
  fail(reason) {
    if (this.failure === reason) return;
    this.failure = reason;
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
  }
}

/**
 * What the list shows.
 * @typedef {object} Filter
 * @property {string} q
 * @property {string} operation
 * @property {Set<string>} statuses
 * @property {Set<string>} flags
 */

const FLAGS = /** @type {const} */ ([["violations", "Violations"], ["unmatched", "Unmatched"], ["faulted", "Faulted"], ["leads", "Leads"]]);

/** @param {Filter} filter @param {Summary} one */
function matches(filter, one) {
  if (filter.operation && one.operation !== filter.operation) return false;
  if (filter.statuses.size > 0 && !filter.statuses.has(String(one.status)[0] ?? "")) return false;
  if (filter.flags.has("violations") && byKind(one.violations).violations.length === 0) return false;
  if (filter.flags.has("unmatched") && !one.unmatched) return false;
  if (filter.flags.has("faulted") && one.applied_rules.length === 0 && !one.wire_fault) return false;
  if (filter.flags.has("leads") && !one.lead) return false;
  if (!filter.q) return true;
  const text = `${one.method} ${one.path}?${one.query ?? ""} ${one.operation ?? ""} ${one.status} ${one.sandbox} ${one.scenario ?? ""} ${one.lead?.reason ?? ""}`;
  return text.toLowerCase().includes(filter.q);
}

/** @param {import("./app.js").Console} app @returns {import("./app.js").View} */
export function createRequestsView(app) {
  /** @type {Filter} */
  const filter = { q: "", operation: "", statuses: new Set(), flags: new Set() };
  /** The filtered exchanges, the oldest first. @type {Summary[]} */
  let shown = [];
  let seen = 0;
  let generation = -1;
  let isPaused = false;
  let missed = 0;
  /** @type {string | null} */
  let selected = null;
  let isMounted = false;

  const search = h("input", { type: "search", placeholder: "Search path, operation, status …", "aria-label": "Search", spellcheck: "false" });
  const operation = h("select", { "aria-label": "Operation" }, h("option", { value: "" }, "All operations"));
  const statusChips = ["2", "3", "4", "5"].map((digit) => chip(`${digit}xx`, filter.statuses, digit));
  const flagChips = FLAGS.map(([name, label]) => chip(label, filter.flags, name));
  const pause = button("Pause", () => setPaused(!isPaused), { "aria-pressed": "false", class: "fixed" });
  const clear = button("Clear", (event) => run(event.currentTarget, clearJournal), { title: "Clear the journal" });
  const count = h("span", { class: "count", role: "status" });
  const resetFilter = button("Reset filters", () => { setFilter(new URLSearchParams()); filterChanged(); }, { class: "quiet" });
  const toolbar = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Filters" },
    search, operation,
    h("span", { class: "chips" }, ...statusChips.map((one) => one.element), h("span", { class: "gap" }), ...flagChips.map((one) => one.element)),
    h("span", { class: "toolbar-end" }, count, resetFilter, pause, clear));

  const head = h("div", { class: "row head", "aria-hidden": "true" }, ...["Time", "Method", "Path", "Status", "Operation", "Outcome", "Took"].map((text, index) => h("span", { class: `c${index}` }, text)));
  const space = h("div", { class: "space", role: "presentation" });
  const list = h("div", { class: "rows", role: "listbox", tabindex: "0", "aria-label": "Requests, the newest first", on: { scroll: () => render(), keydown: onKey } }, space);
  const placeholder = h("div", { class: "placeholder" });
  const table = h("div", { class: "list" }, head, list, placeholder);
  const panel = createExchangePanel(app, {
    close: () => { location.hash = hashOf(null); list.focus(); },
    previous: (one) => previousOf(one),
  });
  const columns = h("div", { class: "columns" }, table, panel.element);

  /** @param {string} label @param {Set<string>} set @param {string} value */
  function chip(label, set, value) {
    const input = h("input", { type: "checkbox", value, on: { change: () => {
      if (input.checked) set.add(value); else set.delete(value);
      filterChanged();
    } } });
    return { element: h("label", { class: "chip" }, input, h("span", {}, label)), input };
  }

  search.addEventListener("input", () => { filter.q = search.value.trim().toLowerCase(); filterChanged(); });
  operation.addEventListener("change", () => { filter.operation = operation.value; filterChanged(); });

  /** Takes the filter from the address. @param {URLSearchParams} query */
  function setFilter(query) {
    filter.q = (query.get("q") ?? "").toLowerCase();
    search.value = query.get("q") ?? "";
    filter.operation = query.get("operation") ?? "";
    if (filter.operation && ![...operation.options].some((one) => one.value === filter.operation)) operation.append(h("option", { value: filter.operation }, filter.operation));
    operation.value = filter.operation;
    for (const [set, chips, name] of /** @type {const} */ ([[filter.statuses, statusChips, "status"], [filter.flags, flagChips, "only"]])) {
      set.clear();
      for (const value of (query.get(name) ?? "").split(",").filter(Boolean)) set.add(value);
      for (const one of chips) one.input.checked = set.has(one.input.value);
    }
  }

  /** @param {string | null} key */
  function hashOf(key) {
    const query = new URLSearchParams();
    if (search.value.trim()) query.set("q", search.value.trim());
    if (filter.operation) query.set("operation", filter.operation);
    if (filter.statuses.size) query.set("status", [...filter.statuses].join(","));
    if (filter.flags.size) query.set("only", [...filter.flags].join(","));
    const text = query.toString();
    return `#/requests${key ? `/${key}` : ""}${text ? `?${text}` : ""}`;
  }

  function filterChanged() {
    history.replaceState(null, "", hashOf(selected));
    refilter();
    list.scrollTop = 0;
  }

  function refilter() {
    shown = app.store.rows.filter((one) => matches(filter, one));
    seen = app.store.rows.length;
    generation = app.store.generation;
    missed = 0;
    schedule();
  }

  /** @param {boolean} value */
  function setPaused(value) {
    isPaused = value;
    pause.setAttribute("aria-pressed", String(value));
    pause.textContent = value ? "Continue" : "Pause";
    if (!value) refilter();
    schedule();
  }

  async function clearJournal() {
    const name = app.sandbox === ALL ? "all sandboxes" : app.sandbox;
    if (!await confirmed("Clear the journal?", `The recorded requests of ${name} are removed. Coverage and data are kept.`, "Clear the journal")) return;
    const names = app.sandbox === ALL ? app.list.sandboxes.map((one) => one.name) : [app.sandbox];
    for (const sandbox of names) {
      await control("/requests", { method: "DELETE", sandbox });
      app.store.forget(sandbox);
    }
    location.hash = hashOf(null);
    await app.refresh();
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let last = 0;
  /** Renders in the next frame, at most ten times a second. */
  function schedule() {
    if (!isMounted) return;
    timer ??= setTimeout(() => requestAnimationFrame(() => {
      timer = undefined;
      last = performance.now();
      take();
      render();
    }), Math.max(0, FRAME_MS - (performance.now() - last)));
  }

  /** Takes over what has arrived. The rows in view stay where they are. */
  function take() {
    const rows = app.store.rows;
    if (generation !== app.store.generation || seen > rows.length) {
      if (!isPaused || generation !== app.store.generation) { shown = rows.filter((one) => matches(filter, one)); seen = rows.length; generation = app.store.generation; }
      return;
    }
    if (isPaused) {
      missed = rows.length - seen;
      return;
    }
    const added = [];
    for (let index = seen; index < rows.length; index += 1) {
      const one = rows[index];
      if (one && matches(filter, one)) added.push(one);
    }
    seen = rows.length;
    if (added.length === 0) return;
    shown.push(...added);
    if (shown.length > KEPT_MAX) shown.splice(0, shown.length - KEPT_MAX);
    if (list.scrollTop > 0) {
      space.style.height = `${shown.length * ROW}px`;
      list.scrollTop += added.length * ROW;
    }
  }

  /** The row elements in use. @type {Map<string, HTMLElement>} */
  let used = new Map();
  /** @type {HTMLElement[]} */
  const pool = [];

  function render() {
    if (!isMounted) return;
    const total = shown.length;
    space.style.height = `${total * ROW}px`;
    const isAll = app.sandbox === ALL;
    table.classList.toggle("all", isAll);
    const from = Math.max(0, Math.floor(list.scrollTop / ROW) - MARGIN);
    const to = Math.min(total, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + MARGIN);
    /** @type {Map<string, HTMLElement>} */
    const next = new Map();
    for (let index = from; index < to; index += 1) {
      const one = shown[total - 1 - index];
      if (!one) continue;
      const key = keyOf(one);
      const element = used.get(key);
      if (element) used.delete(key);
      next.set(key, place(element ?? newRow(one, isAll), index, total, key));
    }
    for (const element of used.values()) { element.hidden = true; pool.push(element); }
    used = next;
    const active = selected && used.get(selected);
    if (active) list.setAttribute("aria-activedescendant", active.id);
    else list.removeAttribute("aria-activedescendant");
    const rows = app.store.rows.length;
    count.textContent = isPaused && missed > 0 ? `${missed.toLocaleString()} new` : total === rows ? plural(rows, "request") : `${total.toLocaleString()} of ${rows.toLocaleString()}`;
    resetFilter.hidden = !filter.q && !filter.operation && filter.statuses.size === 0 && filter.flags.size === 0;
    placeholder.hidden = total > 0 || !app.store.isLoaded && !app.store.failure;
    if (!placeholder.hidden) showPlaceholder(rows);
  }

  /** @param {HTMLElement} element @param {number} index @param {number} total @param {string} key */
  function place(element, index, total, key) {
    element.style.transform = `translateY(${index * ROW}px)`;
    element.setAttribute("aria-posinset", String(index + 1));
    element.setAttribute("aria-setsize", String(total));
    element.setAttribute("aria-selected", String(key === selected));
    return element;
  }

  let ids = 0;
  /** @param {Summary} one @param {boolean} isAll */
  function newRow(one, isAll) {
    let element = pool.pop();
    if (!element) {
      element = h("div", { class: "row", role: "option", id: `row-${++ids}` }, ...[0, 1, 2, 3, 4, 5, 6].map((index) => h("span", { class: `c${index}` })));
      element.addEventListener("click", (event) => {
        const key = /** @type {HTMLElement} */ (event.currentTarget).dataset["key"];
        if (key) location.hash = hashOf(key);
      });
      space.append(element);
    }
    element.hidden = false;
    element.dataset["key"] = keyOf(one);
    const cells = /** @type {HTMLElement[]} */ ([...element.children]);
    const [at, method, path, status, id, outcome, took] = cells;
    if (!at || !method || !path || !status || !id || !outcome || !took) return element;
    at.textContent = timeText(one.at);
    at.title = utc(one.at);
    method.textContent = one.method;
    path.textContent = `${isAll ? `${one.sandbox} · ` : ""}${one.path}${one.query ? `?${one.query}` : ""}`;
    path.title = path.textContent;
    status.textContent = one.wire_fault ? "broken" : String(one.status);
    status.className = `c3 s${one.wire_fault ? "x" : String(one.status)[0]}`;
    element.classList.toggle("flagged", one.unmatched || byKind(one.violations).violations.length > 0);
    id.textContent = one.operation ?? "none";
    id.classList.toggle("none", !one.operation);
    fill(outcome, ...outcomes(one).map(([kind, text]) => h("span", { class: `tag ${kind}` }, text)));
    took.textContent = one.delay_ms ? `+${one.delay_ms} ms` : micros(one.took_us);
    return element;
  }

  /** @param {Summary} one @returns {[string, string][]} */
  function outcomes(one) {
    /** @type {[string, string][]} */
    const list = [];
    if (one.unmatched) list.push(["bad", "unmatched"]);
    const { violations, findings } = byKind(one.violations);
    if (violations.length) list.push(["bad", plural(violations.length, "violation")]);
    if (findings.length) list.push(["warn", plural(findings.length, "finding")]);
    if (one.lead) list.push([one.lead.outcome === "success" ? "good" : "warn", `lead ${one.lead.outcome}`]);
    for (const rule of one.applied_rules) list.push(["fault", rule.rule]);
    return list;
  }

  /** @param {number} rows */
  function showPlaceholder(rows) {
    if (!app.store.isLoaded) {
      fill(placeholder, empty("The requests cannot be read", h("p", {}, ...inline(app.store.failure))));
      return;
    }
    if (rows > 0) {
      fill(placeholder, empty("No request matches the filters", h("p", {}, `The journal has ${plural(rows, "request")}.`)));
      return;
    }
    const base = app.sandbox === ALL || app.sandbox === "default" ? location.origin : `${location.origin}/__sandbox/${app.sandbox}`;
    fill(placeholder, empty("No requests yet",
      h("p", {}, "Requests of your client appear here as they arrive. Send one to this address:"),
      h("p", {}, h("code", { class: "block" }, base)),
      h("p", {}, "For example:"),
      h("p", {}, h("code", { class: "block" }, `curl -u API:2f1d5f29915b866c7a2fa5de29613104 ${base}/connections`)),
      h("p", {}, "Or try an operation in the ", h("a", { href: "/__admin/docs" }, "reference"), ".")));
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const total = shown.length;
    if (total === 0) return;
    const index = selected ? total - 1 - shown.findIndex((one) => keyOf(one) === selected) : -1;
    const at = index >= total ? -1 : index;
    const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    /** @type {Record<string, number>} */
    const targets = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: total - 1, PageDown: at + page, PageUp: at - page };
    const target = targets[event.key];
    if (target === undefined) {
      if (event.key === "Enter" && selected) panel.focus();
      return;
    }
    event.preventDefault();
    const next = Math.min(Math.max(target, 0), total - 1);
    const one = shown[total - 1 - next];
    if (!one) return;
    const top = next * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    history.replaceState(null, "", hashOf(keyOf(one)));
    show(keyOf(one), false);
  }

  /** The newest earlier exchange of the same operation, for a comparison. @param {{ sandbox: string, id: number, operation: string | null }} one */
  function previousOf(one) {
    return app.store.rows.findLast((other) => other.sandbox === one.sandbox && other.id < one.id && other.operation === one.operation)?.id ?? null;
  }

  /** @param {string | null} key @param {boolean} scroll */
  function show(key, scroll) {
    selected = key;
    columns.classList.toggle("with-panel", key !== null);
    if (key) {
      const [sandbox = "default", id = ""] = key.split("/");
      panel.show(sandbox, id);
      if (scroll) {
        const index = shown.length - 1 - shown.findIndex((one) => keyOf(one) === key);
        if (index < shown.length && (index * ROW < list.scrollTop || (index + 1) * ROW > list.scrollTop + list.clientHeight)) list.scrollTop = Math.max(0, index * ROW - list.clientHeight / 2);
      }
    } else {
      panel.hide();
    }
    render();
  }

  app.store.listeners.add(schedule);
  const observer = new ResizeObserver(() => render());

  return {
    title: "Requests",
    show(main, rest, query) {
      isMounted = true;
      fill(main, h("h1", { class: "visually-hidden" }, "Requests"), toolbar, columns);
      observer.observe(list);
      setFilter(query);
      refilter();
      show(rest.length >= 2 ? `${rest[0]}/${rest[1]}` : null, true);
      contract().then((document) => {
        const ids = operations(document).map((one) => one.id).sort();
        const value = operation.value;
        setOptions(operation, [["", "All operations"], ...ids], value);
      }).catch(() => message("The contract could not be read.", "error"));
    },
    route(rest, query) {
      setFilter(query);
      refilter();
      show(rest.length >= 2 ? `${rest[0]}/${rest[1]}` : null, true);
    },
    hide() {
      isMounted = false;
      observer.disconnect();
    },
    key(key) {
      if (key === "/") search.focus();
      else if (key === "p") setPaused(!isPaused);
      else if (key === "Escape" && selected) { location.hash = hashOf(null); list.focus(); }
      else if (key === "ArrowDown" || key === "ArrowUp") { if (document.activeElement === list) return false; list.focus(); }
      else return panel.key(key);
      return true;
    },
  };
}

// @ts-check
/** The views of sandboxes and of connections. */

import { ALL, control, KEYS, leadconduit } from "./api.js";
import { button, confirmed, copy, dialog, duration, empty, field, fill, h, message, plural, run, setOptions, time } from "./dom.js";

/** @param {import("./app.js").Console} app @returns {import("./app.js").View} */
export function createSandboxesView(app) {
  const body = h("tbody", {});
  const name = h("input", { type: "text", required: true, maxlength: "64", pattern: "[A-Za-z0-9._\\-]{1,64}", placeholder: "my-test", spellcheck: "false", autocomplete: "off" });
  const scenario = h("select", {});
  let isShown = false;

  const form = h("form", { class: "inline", on: { submit: (/** @type {Event} */ event) => {
    event.preventDefault();
    run(/** @type {SubmitEvent} */ (event).submitter, create);
  } } }, field("Name", name, "Letters, digits, . _ -"), field("Scenario", scenario), h("button", { type: "submit", class: "primary" }, "Create sandbox"));

  async function create() {
    const wanted = name.value.trim();
    await control(`/sandboxes/${encodeURIComponent(wanted)}`, { method: "PUT", body: { scenario: scenario.value } });
    name.value = "";
    await app.refresh();
    message(`Sandbox ${wanted} exists.`);
  }

  /** @param {string} sandbox */
  async function remove(sandbox) {
    const isDefault = sandbox === "default";
    const text = isDefault ? "The sandbox default starts again: its data, journal and snapshots are discarded." : `The data, journal and snapshots of ${sandbox} are discarded.`;
    if (!await confirmed(isDefault ? "Restart the sandbox default?" : `Delete sandbox ${sandbox}?`, text, isDefault ? "Restart" : "Delete")) return;
    await control(`/sandboxes/${encodeURIComponent(sandbox)}`, { method: "DELETE" });
    app.store.forget(sandbox);
    if (app.sandbox === sandbox && !isDefault) app.select("default");
    await app.refresh();
  }

  function show() {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["focus"] : undefined;
    fill(body, ...app.list.sandboxes.map((one) => {
      const isSelected = app.sandbox === one.name;
      const base = one.name === "default" ? location.origin : `${location.origin}/__sandbox/${one.name}`;
      const suffix = one.name === "default" ? "" : `+${one.name}`;
      return h("tr", { class: isSelected ? "selected" : undefined },
        h("th", { scope: "row" }, one.name, isSelected ? h("span", { class: "tag" }, "selected") : null),
        h("td", { "data-label": "Scenario" }, one.scenario), h("td", { "data-label": "SSO" }, one.sso === "up" ? "up" : h("span", { class: "tag warn" }, one.sso)),
        h("td", { "data-label": "Clock" }, one.clock.mode === "frozen" ? h("span", { class: "tag warn" }, "frozen") : one.clock.offset_ms === 0 ? "real" : h("span", { class: "tag warn" }, "moved")),
        h("td", { class: "number", "data-label": "Faults" }, one.faults ? h("span", { class: "tag warn" }, one.faults) : "0"),
        h("td", { class: "number", "data-label": "Requests" }, one.journal.entries.toLocaleString()),
        h("td", { "data-label": "Last use" }, `${duration(one.idle_ms)} ago`),
        h("td", { class: "actions" },
          button("Select", () => { app.select(one.name); }, { disabled: isSelected, "data-focus": `select ${one.name}`, "aria-label": `Select ${one.name}` }),
          button("Copy base URL", () => copy(base, "the base URL"), { "data-focus": `url ${one.name}`, title: base, "aria-label": `Copy base URL of ${one.name}` }),
          suffix ? button("Copy key suffix", () => copy(suffix, "the key suffix"), { "data-focus": `suffix ${one.name}`, title: `${suffix}, added to an API key`, "aria-label": `Copy key suffix of ${one.name}` }) : null,
          button(one.name === "default" ? "Restart" : "Delete", (event) => run(event.currentTarget, () => remove(one.name)), { class: "danger", "data-focus": `delete ${one.name}`, "aria-label": one.name === "default" ? "Restart default" : `Delete ${one.name}` })));
    }));
    if (focused) /** @type {HTMLElement | null} */ (body.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
  }

  return {
    title: "Sandboxes",
    show(main) {
      isShown = true;
      fill(main, h("h1", {}, "Sandboxes"),
        h("p", { class: "lead" }, "Each sandbox has its own data, scenario, faults, clock and journal. A client selects one by the base URL, or by the suffix of its API key. One that no request uses for long is removed."),
        h("section", { class: "card", "aria-label": "Create a sandbox" }, h("h2", {}, "Create a sandbox"), form),
        h("div", { class: "scroll card", tabindex: "0", role: "region", "aria-label": "Sandboxes" }, h("table", { class: "stacked" }, h("thead", {}, h("tr", {}, ...["Name", "Scenario", "SSO", "Clock", "Faults", "Requests", "Last use", "Actions"].map((text) => h("th", { scope: "col" }, text)))), body)),
        h("div", { class: "buttons" }, button("View all sandboxes together", () => { app.select(ALL); location.hash = "#/requests"; })));
      show();
      run(null, async () => {
        const list = /** @type {{ name: string }[]} */ ((await control("/scenarios")).scenarios);
        setOptions(scenario, list.map((one) => one.name), app.list.start.scenario);
      });
    },
    hide() { isShown = false; },
    update() { if (isShown) show(); },
  };
}

/**
 * A connection as both sides have it.
 * @typedef {object} Pair
 * @property {string} id the id in the single sign-on service
 * @property {any} row
 * @property {any} entry
 */

/** @param {import("./app.js").Console} app @returns {import("./app.js").View} */
export function createConnectionsView(app) {
  const account = h("select", { on: { change: () => load() } });
  const key = h("input", { type: "password", value: KEYS.superuser, autocomplete: "off", spellcheck: "false" });
  const body = h("tbody", {});
  const note = h("p", { class: "note", hidden: true });
  const summary = h("p", { class: "lead", role: "status" });
  let isShown = false;
  /** @type {{ id: string, name: string, sso_id?: string }[]} */
  let accounts = [];

  async function load() {
    const sandbox = app.target();
    const [rows, entries, known, sso] = await Promise.all([
      control("/state/connections", { sandbox }), control("/state/sso_connections", { sandbox }),
      control("/state/accounts", { sandbox }), control("/sso", { sandbox }),
    ]);
    if (!isShown) return;
    accounts = known.documents.map((/** @type {any} */ one) => ({ id: one.id, name: one.document.name ?? one.id, sso_id: one.document.sso_id }));
    const own = accounts.some((one) => one.id === account.value) ? account.value : accounts[0]?.id ?? "";
    setOptions(account, accounts.map((one) => [one.id, one.name]), own);
    account.value = own;
    note.hidden = sso.status === "up" && app.sandbox !== ALL;
    fill(note, app.sandbox === ALL ? "All sandboxes are selected: this is the sandbox default. " : null,
      sso.status !== "up" ? `SSO is ${sso.status}: lists have LeadConduit's rows only, and repairs give 503 when a call fails.` : null);
    show(pairs(rows.documents, entries.documents, own), own, sso.status);
  }

  /** @param {import("./api.js").StoredDocument[]} rows @param {import("./api.js").StoredDocument[]} entries @param {string} own @returns {Pair[]} */
  function pairs(rows, entries, own) {
    /** @type {Map<string, Pair>} */
    const found = new Map();
    const at = (/** @type {string} */ id) => {
      const known = found.get(id.toLowerCase()) ?? { id, row: null, entry: null };
      found.set(id.toLowerCase(), known);
      return known;
    };
    for (const one of rows) if (one.account === own) at(String(/** @type {any} */ (one.document).external_id ?? one.id)).row = one.document;
    for (const one of entries) at(one.id).entry = one.document;
    return [...found.values()].sort((a, b) => a.id.localeCompare(b.id));
  }

  /** What follows from the two sides. @param {Pair} pair @param {string} own @param {string} sso */
  function condition(pair, own, sso) {
    const { row, entry } = pair;
    const isParty = entry && (entry.buyer?.id === own || entry.seller?.id === own);
    const text = row && isParty ? "completed" : isParty ? "sso_only" : row ? "row only" : "absent";
    const explain = /** @type {Record<string, string>} */ ({
      completed: "Both sides have it.", sso_only: "LeadConduit missed the message that creates the row.",
      "row only": "The list omits it: the service is the source of truth.", absent: "The entry belongs to other accounts.",
    });
    const repair = sso === "down" ? "503" : row ? "409" : isParty ? "201" : "422";
    return { text, explain: explain[text] ?? "", repair };
  }

  /** @param {Pair[]} list @param {string} own @param {string} sso */
  function show(list, own, sso) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["focus"] : undefined;
    const incomplete = list.filter((pair) => condition(pair, own, sso).text === "sso_only").length;
    summary.textContent = `${plural(list.length, "connection")}${incomplete ? `, ${incomplete} to be repaired` : ""}.`;
    fill(body, ...list.map((pair) => {
      const { text, explain, repair } = condition(pair, own, sso);
      const { row, entry, id } = pair;
      const side = entry ? (entry.buyer?.id === own ? entry.seller : entry.seller?.id === own ? entry.buyer : null) : null;
      const other = row?.connected_account ?? side;
      const act = (/** @type {string} */ label, /** @type {() => Promise<unknown>} */ action, danger = false) => button(label, (event) => run(event.currentTarget, async () => {
        await action();
        await load();
      }), { "data-focus": `${label} ${id}`, class: danger ? "danger" : undefined, "aria-label": `${label} ${id}` });
      return h("tr", {},
        h("th", { scope: "row" }, h("code", {}, id), h("span", { class: "description" }, other ? `${other.name} (${row?.relationship_type ?? (entry.buyer?.id === own ? "seller" : "buyer")})` : `${entry?.seller?.name ?? "?"} to ${entry?.buyer?.name ?? "?"}`)),
        h("td", { "data-label": "LeadConduit" }, row ? [h("span", { class: "tag good" }, "row"), " since ", row.created_at ? time(row.created_at) : "?", row.id !== id ? h("span", { class: "description" }, "own id ", h("code", {}, row.id)) : null] : h("span", { class: "quiet-text" }, "no row")),
        h("td", { "data-label": "SSO" }, entry ? [h("span", { class: "tag good" }, "entry"), h("span", { class: "description" }, `${entry.seller?.name ?? "?"} sells to ${entry.buyer?.name ?? "?"}`)] : h("span", { class: "quiet-text" }, "no entry")),
        h("td", { "data-label": "Condition" }, h("span", { class: `tag ${text === "completed" ? "good" : text === "sso_only" ? "warn" : ""}` }, text), h("span", { class: "description" }, explain)),
        h("td", { "data-label": "Repair gives" }, h("span", { class: `status-pill s${repair[0]}` }, repair)),
        h("td", { class: "actions" },
          act("Repair", () => repairNow(id)),
          row ? act("Remove row", () => control(`/state/connections/${row.id}`, { method: "DELETE", sandbox: app.target() }), true) : side ? act("Add row", () => addRow(pair, own)) : null,
          entry ? act("Remove entry", () => control(`/state/sso_connections/${id}`, { method: "DELETE", sandbox: app.target() }), true) : act("Add entry", () => addEntry(pair, own))));
    }), list.length === 0 ? h("tr", {}, h("td", { colspan: "6" }, empty("No connections", h("p", {}, "Add one below, or use the scenario healthy or repair-conflicts.")))) : null);
    if (focused) /** @type {HTMLElement | null} */ (body.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
  }

  /** Sends the repair that a client would send. @param {string} id */
  async function repairNow(id) {
    const response = await leadconduit("POST", "/connections", { key: key.value, sandbox: app.target(), body: JSON.stringify({ connection_id: id }) });
    const text = await response.text();
    message(`POST /connections responded with ${response.status}: ${text}`);
  }

  const now = () => new Date(app.list.sandboxes.find((one) => one.name === app.target())?.clock.now ?? Date.now()).toISOString();

  /** @param {Pair} pair @param {string} own */
  async function addRow(pair, own) {
    const entry = pair.entry;
    const isBuyer = entry.buyer?.id === own;
    await control(`/state/connections/${pair.id}?account=${own}`, { method: "PUT", sandbox: app.target(), body: {
      id: pair.id, external_id: pair.id, relationship_type: isBuyer ? "seller" : "buyer", connected_account: isBuyer ? entry.seller : entry.buyer,
      created_at: entry.created_at ?? now(), updated_at: now(), ...(entry.invitation_id ? { invitation_id: entry.invitation_id } : {}),
      ...(entry.created_by ? { created_by: entry.created_by } : {}), ...(entry.permissions ? { permissions: entry.permissions } : {}), ui_state: { has_setup_buyer_delivery: false },
    } });
  }

  /** @param {Pair} pair @param {string} own */
  async function addEntry(pair, own) {
    const { row, id } = pair;
    const self = party(own);
    const isSeller = row.relationship_type === "seller";
    await control(`/state/sso_connections/${id}`, { method: "PUT", sandbox: app.target(), body: {
      id, seller: isSeller ? row.connected_account : self, buyer: isSeller ? self : row.connected_account, created_at: row.created_at ?? now(), updated_at: now(),
      ...(row.invitation_id ? { invitation_id: row.invitation_id } : {}), ...(row.created_by ? { created_by: row.created_by } : {}), ...(row.permissions ? { permissions: row.permissions } : {}),
    } });
  }

  /** @param {string} id */
  function party(id) {
    const known = accounts.find((one) => one.id === id);
    return { id, name: known?.name ?? id, ...(known?.sso_id ? { sso_id: known.sso_id } : {}) };
  }

  function newId() {
    return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function add() {
    const own = account.value;
    const name = h("input", { type: "text", required: true, value: "Northwind Leads", maxlength: "80" });
    const role = h("select", {}, h("option", { value: "seller" }, "sells leads to this account"), h("option", { value: "buyer" }, "buys leads from this account"));
    const sides = h("select", {}, h("option", { value: "both" }, "Row and entry: completed"), h("option", { value: "entry" }, "Entry only: sso_only, repair gives 201"), h("option", { value: "row" }, "Row only: repair gives 409"));
    const id = h("input", { type: "text", required: true, pattern: "[0-9a-fA-F]{24}", value: newId(), spellcheck: "false", title: "24 hexadecimal characters" });
    const answer = await dialog("Add a connection", [field("Other party", name), field("It", role), field("Exists as", sides), field("Id", id)], [{ label: "Add", value: "yes", primary: true }]);
    if (!answer) return;
    const other = { id: newId(), sso_id: newId(), name: name.value };
    const self = party(own);
    const isSeller = role.value === "seller";
    /** @type {Pair} */
    const pair = { id: id.value.toLowerCase(), row: null, entry: { seller: isSeller ? other : self, buyer: isSeller ? self : other, created_at: now(), permissions: ["view_submission_docs"] } };
    if (sides.value !== "row") {
      await control(`/state/sso_connections/${pair.id}`, { method: "PUT", sandbox: app.target(), body: { id: pair.id, ...pair.entry, updated_at: now() } });
    }
    if (sides.value !== "entry") await addRow(pair, own);
    await load();
  }

  return {
    title: "Connections",
    show(main) {
      isShown = true;
      fill(main, h("h1", {}, "Connections"), summary, note,
        h("div", { class: "inline card" }, field("Account", account), field("Key for repairs", key, "A superuser's; the default is that of the built-in scenarios."), button("Add connection", (event) => run(event.currentTarget, add), { class: "primary" })),
        h("div", { class: "scroll card", tabindex: "0", role: "region", "aria-label": "Connections" }, h("table", { class: "stacked" }, h("thead", {}, h("tr", {}, ...["Connection", "LeadConduit", "SSO", "Condition", "Repair gives", "Actions"].map((text) => h("th", { scope: "col" }, text)))), body)));
      run(null, load);
    },
    hide() { isShown = false; },
    update() { if (isShown) load().catch(() => { /* The status bar says that the connection is lost. */ }); },
  };
}

// @ts-check
/** The view of scenarios and faults: the scenario, armed faults, the single sign-on service, and the clock. */

import { ALL, contract, control, operations, resolve } from "./api.js";
import { button, confirmed, duration, field, fill, h, message, plural, run, setOptions, time } from "./dom.js";
import { describeFault } from "./status.js";

const WIRE_FAULTS = ["CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "TRUNCATED_BODY", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "HANG"];

/** Statuses that a gateway in front of LeadConduit can give for any operation. */
const GATEWAY_STATUSES = ["408", "429", "500", "502", "503", "504"];

/** @param {import("./app.js").Console} app @returns {import("./app.js").View} */
export function createScenariosView(app) {
  const scenarioList = h("div", { class: "scenarios", role: "radiogroup", "aria-label": "Scenario" });
  const keepWorld = h("input", { type: "checkbox" });
  const active = h("div", {});
  const faults = h("div", {});
  const sso = h("div", {});
  const clock = h("div", {});
  const form = createFaultForm(app);
  const target = h("p", { class: "note", hidden: true }, "All sandboxes are selected: changes here apply to the sandbox default.");

  /** @type {any[]} */
  let scenarios = [];
  let isShown = false;

  async function update() {
    const sandbox = app.target();
    target.hidden = app.sandbox !== ALL;
    const [selected, list] = await Promise.all([control("/scenario", { sandbox }), control("/faults", { sandbox })]);
    if (!isShown) return;
    showScenarios(selected);
    showFaults(list.faults);
    showSso(selected.sso);
    const known = app.list.sandboxes.find((one) => one.name === sandbox);
    if (known) showClock(known.clock);
    form.count();
  }

  /** @param {import("./api.js").SelectedScenario} selected */
  function showScenarios(selected) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["scenario"] : undefined;
    fill(scenarioList, ...scenarios.map((one) => {
      const isActive = one.name === selected.name;
      const input = h("input", { type: "radio", name: "scenario", value: one.name, checked: isActive, "data-scenario": one.name, on: { change: () => use(one.name) } });
      return h("label", { class: `scenario${isActive ? " active" : ""}` }, input, h("span", {}, h("strong", {}, one.name), one.built_in ? null : h("span", { class: "tag" }, "yours"), h("span", { class: "description" }, one.description)));
    }));
    if (focused) /** @type {HTMLElement | null} */ (scenarioList.querySelector(`[data-scenario="${CSS.escape(focused)}"]`))?.focus();
    fill(active,
      h("p", {}, h("strong", {}, selected.name), " since ", time(selected.since), ". ", selected.rules.length ? `${plural(selected.rules.length, "rule")}:` : "It has no rules."),
      selected.rules.length ? h("ul", { class: "rules" }, ...selected.rules.map((rule) => h("li", {}, rule.name, h("span", { class: "quiet-text" }, ` applied to ${rule.applied.toLocaleString()} of ${plural(rule.matched, "matching request")}${rule.active ? "" : "; it has ended"}`)))) : null);
  }

  /** @param {string} name */
  async function use(name) {
    await run(null, async () => {
      await control("/scenario", { method: "PUT", body: { name, keep_world: keepWorld.checked }, sandbox: app.target() });
      await app.refresh();
      message(`Sandbox ${app.target()} uses ${name}${keepWorld.checked ? " with the data that it had" : " from its start"}.`);
    });
    await update();
  }

  /** @param {import("./api.js").Fault[]} list */
  function showFaults(list) {
    const ahead = Date.parse(app.list.sandboxes.find((one) => one.name === app.target())?.clock.now ?? "") - Date.now() || 0;
    fill(faults, list.length === 0
      ? h("p", { class: "quiet-text" }, "No fault is armed. Requests get the responses of the scenario.")
      : h("ul", { class: "fault-list" }, ...list.map((fault) => h("li", {},
        h("div", {}, h("strong", {}, describeFault(fault)),
          h("span", { class: "quiet-text" }, ` Matched ${plural(fault.matched, "request")}.`, !fault.active ? " It has ended." : fault.ends_at ? ` Ends in ${duration(Date.parse(fault.ends_at) - Date.now() - ahead)}.` : "")),
        button("Remove", (event) => run(event.currentTarget, async () => {
          await control(`/faults/${encodeURIComponent(fault.id)}`, { method: "DELETE", sandbox: app.target() });
          await app.refresh();
        }), { "aria-label": `Remove ${describeFault(fault)}` })))));
  }

  // Created once, so that an update keeps what is typed.
  const latency = h("input", { type: "number", min: "0", max: "60000", value: "2000" });
  const seconds = h("input", { type: "number", min: "1", placeholder: "no end" });
  const ssoNow = h("p", { class: "sso-now" });
  const ssoButtons = ["up", "down", "slow", "flapping"].map((status) => button(status, (event) => run(event.currentTarget, async () => {
    /** @type {Record<string, unknown>} */
    const body = { status };
    if (status === "slow") body["latency"] = Number(latency.value) || 0;
    if (Number(seconds.value) > 0) body["for"] = Math.round(Number(seconds.value) * 1000);
    await control("/sso", { method: "PUT", body, sandbox: app.target() });
    await app.refresh();
  }), { "data-status": status }));
  fill(sso, ssoNow, h("div", { class: "buttons", role: "group", "aria-label": "Health of the single sign-on service" }, ...ssoButtons),
    h("div", { class: "fields" }, field("Ends after, in seconds", seconds), field("Latency when slow, in ms", latency)));

  /** @param {import("./api.js").SsoHealth} health */
  function showSso(health) {
    fill(ssoNow, ...ssoLine(health));
    for (const one of ssoButtons) one.setAttribute("aria-pressed", String(one.dataset["status"] === health.status));
  }

  /** @param {import("./api.js").SsoHealth} health */
  function ssoLine(health) {
    const effects = /** @type {Record<string, string>} */ ({
      up: "Lists of connections are complete, and repairs work.",
      down: "Lists of connections are degraded, repairs and synchronisation give 503.",
      slow: "Calls that need it take longer.",
      flapping: "Calls that need it succeed and fail in turn.",
      partial: "Calls of some operations fail.",
    });
    return [h("strong", {}, `SSO is ${health.status}`), ...(health.ends_at ? [" until ", time(health.ends_at)] : []), h("strong", {}, ". "), effects[health.status] ?? ""];
  }

  /** @param {{ now: string, mode: string, offset_ms: number }} now */
  function showClock(now) {
    const isFrozen = now.mode === "frozen";
    const change = (/** @type {string} */ label, /** @type {object} */ body) => button(label, (event) => run(event.currentTarget, async () => {
      await control("/clock", { method: "PUT", body, sandbox: app.target() });
      await app.refresh();
    }));
    const focused = clock.contains(document.activeElement) ? document.activeElement?.textContent : null;
    const custom = /** @type {HTMLInputElement | null} */ (clock.querySelector("input"))?.value ?? "";
    const at = h("input", { type: "text", placeholder: "2026-01-15T09:00:00Z or 90s", value: custom, spellcheck: "false" });
    fill(clock,
      h("p", {}, h("strong", {}, time(now.now)), isFrozen ? " (frozen)" : now.offset_ms === 0 ? " (real time)" : ` (${duration(Math.abs(now.offset_ms))} ${now.offset_ms > 0 ? "ahead" : "behind"})`),
      h("div", { class: "buttons" },
        isFrozen ? change("Resume", { resume: true }) : change("Freeze", { freeze: true }),
        change("+ 1 hour", { advance: "1h" }), change("+ 1 day", { advance: "1d" }), change("+ 30 days", { advance: "30d" }),
        change("Real time", { reset: true })),
      h("div", { class: "inline" }, field("Freeze at a time, or advance by a duration", at),
        button("Set", (event) => run(event.currentTarget, async () => {
          const value = at.value.trim();
          const body = /^\d{4}-/.test(value) ? { freeze: value } : { advance: value };
          await control("/clock", { method: "PUT", body, sandbox: app.target() });
          at.value = "";
          await app.refresh();
        }))));
    if (focused) [...clock.querySelectorAll("button")].find((one) => one.textContent === focused || one.textContent === "Resume" && focused === "Freeze" || one.textContent === "Freeze" && focused === "Resume")?.focus();
  }

  async function reset() {
    if (!await confirmed("Reset the sandbox?", `World, clock, faults, journal and coverage of ${app.target()} become those of the start of its scenario.`, "Reset")) return;
    await control("/reset", { method: "POST", sandbox: app.target() });
    await app.refresh();
    message(`Sandbox ${app.target()} is reset.`);
  }

  return {
    title: "Scenarios and faults",
    show(main) {
      isShown = true;
      fill(main, h("h1", {}, "Scenarios and faults"), target,
        h("div", { class: "split" },
          h("section", { class: "card", "aria-label": "Scenario" }, h("h2", {}, "Scenario"), active,
            h("label", { class: "check" }, keepWorld, " Keep the data when switching (only conditions and rules change)"),
            scenarioList,
            h("div", { class: "buttons" }, button("Reset the sandbox", (event) => run(event.currentTarget, reset), { class: "danger" }))),
          h("div", { class: "stack" },
            h("section", { class: "card", "aria-label": "Armed faults" }, h("h2", {}, "Armed faults"), faults),
            h("section", { class: "card", "aria-label": "Arm a fault" }, h("h2", {}, "Arm a fault"), form.element),
            h("section", { class: "card", "aria-label": "Single sign-on service" }, h("h2", {}, "Single sign-on service"), sso),
            h("section", { class: "card", "aria-label": "Clock" }, h("h2", {}, "Clock"), clock))));
      form.load();
      run(null, async () => {
        scenarios = (await control("/scenarios")).scenarios;
        await update();
      });
    },
    hide() { isShown = false; },
    update() { if (isShown) update().catch(() => { /* The status bar says that the connection is lost. */ }); },
  };
}

/** The form that arms a fault. @param {import("./app.js").Console} app */
function createFaultForm(app) {
  const operation = h("select", {}, h("option", { value: "" }, "Every request"));
  const effect = h("select", {}, h("option", { value: "status" }, "Respond with a status"), h("option", { value: "wire" }, "Break the connection"), h("option", { value: "delay" }, "Delay only"));
  const status = h("select", {});
  const example = h("select", {});
  const wire = h("select", {}, ...WIRE_FAULTS.map((name) => h("option", { value: name }, name)));
  const delay = h("input", { type: "number", min: "0", max: "600000", placeholder: "0" });
  const times = h("input", { type: "number", min: "1", placeholder: "no limit" });
  const seconds = h("input", { type: "number", min: "1", placeholder: "no limit" });
  const name = h("input", { type: "text", maxlength: "80", placeholder: "chosen by the server" });
  const preview = h("pre", { class: "code", tabindex: "0", "aria-label": "The rule" });
  const matches = h("p", { class: "quiet-text", role: "status" });
  const statusFields = [field("Status", status), field("Body", example)];
  const wireField = field("Fault", wire);
  const element = h("form", { on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); run(/** @type {SubmitEvent} */ (event).submitter, arm); }, input: show, change: show } },
    h("div", { class: "fields" }, h("div", { class: "broad" }, field("Requests", operation)), field("Effect", effect), ...statusFields, wireField,
      field("Delay in ms", delay), field("How many requests", times), field("For how many seconds", seconds), field("Name", name)),
    preview, matches,
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, "Arm the fault")));

  /** @type {any} */
  let document_ = null;
  /** @type {import("./api.js").OperationEntry[]} */
  let list = [];

  async function load() {
    document_ = await contract();
    list = operations(document_);
    const tags = [...new Set(list.map((one) => one.tag))];
    const value = operation.value;
    fill(operation, h("option", { value: "" }, "Every request, before authentication"), ...tags.map((tag) => h("optgroup", { label: tag }, ...list.filter((one) => one.tag === tag).map((one) => h("option", { value: one.id }, `${one.id} (${one.method} ${one.path})`)))));
    operation.value = value;
    show();
  }

  /** The examples of the contract for a status. @param {import("./api.js").OperationEntry | undefined} entry @param {string} code */
  function examplesOf(entry, code) {
    const response = resolve(document_, entry?.operation.responses?.[code]);
    const content = response?.content ?? {};
    return Object.values(content).flatMap((/** @type {any} */ media) => Object.keys(media.examples ?? {}));
  }

  let shownFor = "";
  function show() {
    const entry = list.find((one) => one.id === operation.value);
    if (operation.value !== shownFor || status.childElementCount === 0) {
      shownFor = operation.value;
      const documented = Object.keys(entry?.operation.responses ?? {}).filter((code) => /^\d+$/.test(code));
      const codes = [...new Set([...documented, ...GATEWAY_STATUSES])].sort();
      const value = codes.includes(status.value) ? status.value : codes.includes("503") ? "503" : codes[0] ?? "";
      setOptions(status, codes.map((code) => [code, documented.includes(code) ? `${code} (documented)` : code]), value);
    }
    const names = examplesOf(entry, status.value);
    const chosen = example.value;
    setOptions(example, [["", "LeadConduit's error document"], ...names.map((one) => /** @type {[string, string]} */ ([one, `Example: ${one}`]))], names.includes(chosen) ? chosen : "");
    if (names.length > 0 && Number(status.value) < 400 && !example.value) example.value = names[0] ?? "";
    for (const one of statusFields) one.hidden = effect.value !== "status";
    wireField.hidden = effect.value !== "wire";
    preview.textContent = JSON.stringify(rule(), null, 2);
    count();
  }

  function rule() {
    /** @type {Record<string, unknown>} */
    const then = {};
    if (effect.value === "status") {
      then["status"] = Number(status.value);
      if (example.value) then["example"] = example.value;
    } else if (effect.value === "wire") {
      then["fault"] = wire.value;
    }
    if (Number(delay.value) > 0) then["delay"] = Number(delay.value);
    /** @type {Record<string, unknown>} */
    const made = {};
    if (name.value.trim()) made["name"] = name.value.trim();
    if (operation.value) made["when"] = { operation: operation.value };
    else made["gate"] = true;
    made["then"] = then;
    if (Number(times.value) > 0) made["times"] = Number(times.value);
    if (Number(seconds.value) > 0) made["ttl_ms"] = Number(seconds.value) * 1000;
    return made;
  }

  let counted = "";
  async function count() {
    const id = operation.value;
    const key = `${id} ${app.target()} ${app.store.rows.length}`;
    if (key === counted) return;
    counted = key;
    const total = app.store.rows.filter((one) => (!id || one.operation === id) && one.sandbox === app.target()).length;
    matches.textContent = total === 0 ? "No recorded request would match." : `${plural(total, "recorded request")} would match.`;
  }

  async function arm() {
    if (effect.value === "delay" && !(Number(delay.value) > 0)) throw new Error("Enter a delay in milliseconds.");
    const fault = await control("/faults", { method: "POST", body: rule(), sandbox: app.target() });
    await app.refresh();
    message(`Armed: ${describeFault(fault)}`);
  }

  return { element, load: () => run(null, load), count };
}

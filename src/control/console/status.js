// @ts-check
/** The status bar: the scenario, the connection, and everything unusual, each with a button that ends it. */

import { ALL, control } from "./api.js";
import { button, duration, fill, h, message, plural, run, time } from "./dom.js";

/**
 * Something that differs from normal operation.
 * @typedef {object} Unusual
 * @property {string} text
 * @property {string} [ends] when it ends by itself
 * @property {string} action the label of the button
 * @property {() => Promise<unknown>} end
 * @property {string} [sandbox]
 */

/** How many things the bar lists; it counts the rest. */
const LISTED_MAX = 12;

/** @param {import("./app.js").Console} app */
export function createStatus(app) {
  const root = /** @type {HTMLElement} */ (document.getElementById("status"));
  const facts = h("div", { class: "facts" });
  const live = h("span", { class: "live connecting" }, "Connecting");
  const list = h("ul", { class: "unusual", "aria-label": "Unusual conditions" });
  const verdict = h("strong", { class: "verdict" }, "Reading the state");
  const restore = h("button", { type: "button", class: "primary", disabled: true, "aria-label": "Restore normal operation", on: { click: (/** @type {MouseEvent} */ event) => run(event.currentTarget, restoreNormal) } }, "Restore", h("span", { class: "spacious" }, " normal operation"));
  fill(root, h("div", { class: "status-line" }, verdict, facts, live), h("div", { class: "status-line second" }, list, restore));

  /** @type {[HTMLElement, string][]} */
  let countdowns = [];
  // Countdowns follow the clock of the sandbox: its difference from this machine's, in milliseconds.
  let ahead = 0;
  let isFrozen = false;

  /** The time until an end, in milliseconds. @param {string} end */
  const left = (end) => Date.parse(end) - Date.now() - ahead;

  setInterval(() => {
    if (isFrozen) return;
    for (const [element, end] of countdowns) element.textContent = `, ends in ${duration(left(end))}`;
    // What has ended disappears: the server publishes no event when time passes.
    if (countdowns.some(([, end]) => left(end) <= 0)) {
      countdowns = countdowns.filter(([, end]) => left(end) > 0);
      app.refresh().catch((/** @type {Error} */ error) => message(error.message, "error"));
    }
  }, 1000);

  /** @param {string} name */
  const in_ = (name) => ({ sandbox: name });

  /** Everything unusual in one sandbox. @param {import("./api.js").Sandbox} sandbox @returns {Promise<Unusual[]>} */
  async function unusualIn(sandbox) {
    const { name } = sandbox;
    /** @type {Unusual[]} */
    const found = [];
    const start = app.list.start;
    if (sandbox.scenario !== start.scenario) {
      const rules = sandbox.rules ? ` with ${plural(sandbox.rules, "rule")}` : "";
      found.push({ text: `Scenario ${sandbox.scenario}${rules}`, action: `Use ${start.scenario}`,
        end: () => control("/scenario", { method: "PUT", body: { name: start.scenario, keep_world: true }, ...in_(name) }) });
    }
    if (sandbox.sso !== "up" || sandbox.sso_ends_at) {
      found.push({ text: `SSO is ${sandbox.sso}`, ...(sandbox.sso_ends_at ? { ends: sandbox.sso_ends_at } : {}), action: "Set up", end: () => control("/sso", { method: "PUT", body: { status: "up" }, ...in_(name) }) });
    }
    if (sandbox.faults > 0) {
      const faults = /** @type {import("./api.js").Fault[]} */ ((await control("/faults", in_(name))).faults);
      for (const fault of faults.filter((one) => one.active)) {
        found.push({ text: describeFault(fault), ...(fault.ends_at ? { ends: fault.ends_at } : {}), action: "Remove",
          end: () => control(`/faults/${encodeURIComponent(fault.id)}`, { method: "DELETE", ...in_(name) }) });
      }
    }
    const clock = sandbox.clock;
    if (clock.mode !== "real" || clock.offset_ms !== 0) {
      const text = clock.mode === "frozen" ? "Clock is frozen" : `Clock is ${duration(Math.abs(clock.offset_ms))} ${clock.offset_ms > 0 ? "ahead" : "behind"}`;
      if (!(clock.mode === "frozen" && start.clock !== "real")) {
        found.push({ text, action: "Reset clock", end: () => control("/clock", { method: "PUT", body: { reset: true }, ...in_(name) }) });
      }
    }
    if (sandbox.journal.dropped > 0) {
      found.push({ text: `Journal is full: ${plural(sandbox.journal.dropped, "exchange")} dropped`, action: "Clear journal",
        end: async () => { await control("/requests", { method: "DELETE", ...in_(name) }); app.store.forget(name); } });
    }
    return found;
  }

  function selected() {
    return app.sandbox === ALL ? app.list.sandboxes : app.list.sandboxes.filter((one) => one.name === app.sandbox);
  }

  async function restoreNormal() {
    const start = app.list.start;
    for (const { name, scenario, faults } of selected()) {
      // The clock first: the scenario begins at its time.
      await control("/clock", { method: "PUT", body: { reset: true }, ...in_(name) });
      if (faults > 0) await control("/faults", { method: "DELETE", ...in_(name) });
      // Also with the same scenario: its rules and the health of SSO start again.
      await control("/scenario", { method: "PUT", body: { name: start.scenario || scenario, keep_world: true }, ...in_(name) });
      await control("/sso", { method: "PUT", body: { status: "up" }, ...in_(name) });
    }
    await app.refresh();
    message("Normal operation is restored. Data and journal are kept.");
  }

  let version = 0;
  async function update() {
    version += 1;
    const own = version;
    const sandboxes = selected();
    /** @type {Unusual[]} */
    const unusual = [];
    for (const sandbox of sandboxes) {
      const isPlain = sandbox.sso === "up" && !sandbox.sso_ends_at && sandbox.faults === 0 && sandbox.rules === 0;
      const found = isPlain || unusual.length < LISTED_MAX ? await unusualIn(sandbox) : [];
      unusual.push(...found.map((one) => ({ ...one, sandbox: sandbox.name })));
    }
    if (own !== version) return;
    const isAll = app.sandbox === ALL;
    const first = sandboxes[0];
    if (first) {
      ahead = Date.parse(first.clock.now) - Date.now();
      isFrozen = first.clock.mode === "frozen";
    }
    countdowns = [];
    // Only things that the button can end: dropped exchanges stay until the journal is cleared.
    const ending = unusual.filter((one) => one.action !== "Clear journal");
    restore.disabled = ending.length === 0;
    root.classList.toggle("attention", unusual.length > 0);
    verdict.textContent = unusual.length === 0 ? "Normal operation" : `${plural(unusual.length, "unusual condition")}`;
    if (isAll) {
      const requests = sandboxes.reduce((sum, one) => sum + one.journal.entries, 0);
      fill(facts, fact("Sandboxes", sandboxes.length.toLocaleString()), fact("Requests", requests.toLocaleString()));
    } else if (first) {
      fill(facts,
        fact("Scenario", h("a", { href: "#/scenarios" }, first.scenario)),
        fact("since", time(first.scenario_since)),
        fact("SSO", first.sso),
        fact("Clock", first.clock.mode === "frozen" ? time(first.clock.now) : first.clock.offset_ms === 0 ? "real" : "moved"),
      );
    } else {
      fill(facts, fact("Sandbox", `${app.sandbox} starts with its first request`));
    }
    const items = unusual.slice(0, LISTED_MAX).map((one) => {
      const ends = one.ends ? h("span", {}, isFrozen ? ", ends when the clock runs" : `, ends in ${duration(left(one.ends))}`) : null;
      if (ends && one.ends && !isFrozen) countdowns.push([ends, one.ends]);
      const text = `${isAll ? `${one.sandbox}: ` : ""}${one.text}`;
      return h("li", {}, h("span", { class: "what" }, text, ends), button(one.action, (event) => run(event.currentTarget, async () => {
        await one.end();
        await app.refresh();
      }), { "aria-label": `${one.action}: ${text}` }));
    });
    const more = unusual.length - items.length;
    fill(list, ...items, more > 0 ? h("li", {}, `and ${more} more`) : null, items.length === 0 ? h("li", { class: "calm" }, "No faults, no outage, real clock.") : null);
  }

  /** @param {string} name @param {Node | string} value */
  function fact(name, value) {
    return h("span", { class: "fact" }, h("span", { class: "fact-name" }, name), " ", value);
  }

  return {
    update,
    /** The state could not be read. @param {Error} error */
    failed(error) {
      root.classList.add("attention");
      verdict.textContent = "State unknown";
      restore.disabled = true;
      countdowns = [];
      fill(facts);
      fill(list, h("li", { class: "calm" }, error.message));
    },
    /** @param {"connecting" | "live" | "lost"} state */
    connection(state) {
      live.className = `live ${state}`;
      live.textContent = { connecting: "Connecting", live: "Live", lost: "Reconnecting" }[state];
    },
  };
}

/**
 * A fault in a few words: its name, the effect, and how often it was applied.
 * @param {import("./api.js").Fault} fault
 */
export function describeFault(fault) {
  const rule = fault.rule;
  const then = /** @type {Record<string, any>} */ (rule.then ?? rule.steps?.[0] ?? {});
  const when = /** @type {Record<string, any>} */ (rule.when ?? {});
  const effects = [
    then["status"] ? `status ${then["status"]}` : then["body"] || then["example"] ? "own response" : "",
    then["fault"] ?? "",
    then["delay"] ? `delay ${typeof then["delay"] === "number" ? `${then["delay"]} ms` : JSON.stringify(then["delay"])}` : "",
    then["sso"] ? `SSO ${then["sso"].status}` : "",
  ].filter(Boolean).join(", ");
  const where = [when["operation"], when["method"], when["path"]].flat().filter(Boolean).join(" ");
  const count = rule.times ? `${fault.applied} of ${rule.times} applied` : `${fault.applied} applied`;
  return `${rule.name ?? fault.id}: ${effects || "rule"}${where ? ` on ${where}` : ""} (${count})`;
}

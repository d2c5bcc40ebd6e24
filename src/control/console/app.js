// @ts-check
/** The console: views, the selected sandbox, the stream of events, and keyboard shortcuts. */

import { ALL, control, events } from "./api.js";
import { dialog, fill, h, message, setOptions, setUpTheme } from "./dom.js";
import { createRequestsView, RequestStore } from "./requests.js";
import { createScenariosView } from "./scenarios.js";
import { createStatus } from "./status.js";
import { createConnectionsView, createSandboxesView } from "./worlds.js";

/**
 * What every view gets.
 * @typedef {object} Console
 * @property {string} sandbox the selected sandbox, or `*`
 * @property {(name: string) => void} select selects a sandbox
 * @property {() => Promise<void>} refresh reads the state of the sandboxes again
 * @property {import("./api.js").SandboxList} list the sandboxes, as last read
 * @property {RequestStore} store the exchanges
 * @property {() => string} target the sandbox for calls that need one: `default` when all are selected
 */

/**
 * A view.
 * @typedef {object} View
 * @property {string} title
 * @property {(main: HTMLElement, rest: string[], query: URLSearchParams) => void} show
 * @property {(rest: string[], query: URLSearchParams) => void} [route] the address changed within the view
 * @property {() => void} [hide]
 * @property {() => void} [update] the state of the sandboxes has changed
 * @property {(key: string) => boolean} [key] a keyboard shortcut of the view
 */

/** How long events are collected before the state is read again. */
const REFRESH_MS = 150;

/** How often sandboxes that others create or end are looked for. */
const POLL_MS = 10_000;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

const main = byId("main");
const selector = /** @type {HTMLSelectElement} */ (byId("sandbox"));
const store = new RequestStore();

/** @type {Console} */
const app = {
  sandbox: new URLSearchParams(location.search).get("sandbox") || "default",
  select,
  refresh,
  list: { sandboxes: [], meta: { total: 0 }, start: { scenario: "", clock: "real" } },
  store,
  target: () => (app.sandbox === ALL ? "default" : app.sandbox),
};

const status = createStatus(app);

/** @type {Record<string, View>} */
const views = {
  requests: createRequestsView(app),
  scenarios: createScenariosView(app),
  connections: createConnectionsView(app),
  sandboxes: createSandboxesView(app),
};

/** @type {View | null} */
let current = null;
/** @type {{ stop: () => void } | null} */
let subscription = null;

/** Shows the view that the address names. */
function route() {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name = "", ...rest] = path.split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  const view = views[name] ?? views["requests"];
  if (!view) return;
  for (const link of document.querySelectorAll("#views a")) {
    const isCurrent = views[link.getAttribute("href")?.slice(2) ?? ""] === view;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view.title} - leadconduit-mock`;
  const parameters = new URLSearchParams(query);
  if (current === view && view.route) {
    view.route(rest, parameters);
    return;
  }
  current?.hide?.();
  current = view;
  main.className = `view-${Object.keys(views).find((key) => views[key] === view)}`;
  fill(main);
  view.show(main, rest, parameters);
}

/** @param {string} name */
function select(name) {
  if (name === app.sandbox) return;
  app.sandbox = name;
  const url = new URL(location.href);
  if (name === "default") url.searchParams.delete("sandbox");
  else url.searchParams.set("sandbox", name);
  // The details of a request belong to the sandbox that was selected.
  if (/^#\/requests\//.test(url.hash)) url.hash = "#/requests";
  history.replaceState(null, "", url);
  showSandboxes();
  subscribe();
  route();
  scheduleRefresh();
}

/** Listens to the selected sandbox, and reads its exchanges. */
function subscribe() {
  subscription?.stop();
  const sandbox = app.sandbox;
  store.start();
  status.connection("connecting");
  subscription = events(sandbox, {
    state: (state) => {
      status.connection(state);
      if (state === "live") {
        store.load(sandbox).catch((/** @type {Error} */ error) => message(error.message, "error"));
        scheduleRefresh();
      }
    },
    event: (type, data) => {
      if (type === "exchange") {
        store.add(data);
        if (data.applied_rules.length > 0 || !app.list.sandboxes.some((one) => one.name === data.sandbox)) scheduleRefresh();
        return;
      }
      if (type === "reset") store.forget(data.sandbox);
      if (type !== "violation" && type !== "fault_applied") scheduleRefresh();
    },
  });
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let pending;
function scheduleRefresh() {
  pending ??= setTimeout(() => {
    pending = undefined;
    refresh().catch(failed);
  }, REFRESH_MS);
}

/** Says that the state could not be read, and why. @param {Error} error */
function failed(error) {
  status.failed(error);
  store.fail(error.message);
}

async function refresh() {
  app.list = await control("/sandboxes");
  showSandboxes();
  await status.update();
  current?.update?.();
}

let shown = "";
function showSandboxes() {
  const names = app.list.sandboxes.map((one) => one.name);
  // A sandbox that is selected by the address is created by the first call.
  if (app.sandbox !== ALL && !names.includes(app.sandbox)) names.push(app.sandbox);
  const next = JSON.stringify([names, app.sandbox]);
  if (next === shown) return;
  shown = next;
  setOptions(selector, [...names, [ALL, "All sandboxes"]], app.sandbox);
}

selector.addEventListener("change", () => select(selector.value));
window.addEventListener("hashchange", route);

const SHORTCUTS = [
  ["1 … 4", "Requests, scenarios and faults, connections, sandboxes"],
  ["/", "Search in the requests"],
  ["↑ ↓ Home End", "Move in the list of requests"],
  ["Enter", "Show the selected request"],
  ["Esc", "Close the request"],
  ["p", "Pause or continue the list"],
  ["r", "Send the shown request again"],
  ["c", "Copy the shown request as curl"],
  ["?", "This list"],
];

function showShortcuts() {
  const rows = SHORTCUTS.map(([keys, text]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, keys)), h("td", {}, text)));
  dialog("Keyboard shortcuts", [h("table", { class: "plain" }, h("tbody", {}, ...rows))], []);
}
byId("help").addEventListener("click", showShortcuts);

document.addEventListener("keydown", (event) => {
  const target = event.target;
  const isTyping = target instanceof HTMLInputElement && target.type !== "checkbox" && target.type !== "radio"
    || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && current?.key?.("Escape")) return event.preventDefault();
  if (isTyping) return;
  const name = Object.keys(views)[Number(event.key) - 1];
  if (name && /^[1-9]$/.test(event.key)) {
    location.hash = `#/${name}`;
    main.focus();
  } else if (event.key === "?") {
    showShortcuts();
  } else if (!current?.key?.(event.key)) {
    return;
  }
  event.preventDefault();
});

setUpTheme();
showSandboxes();
route();
subscribe();
refresh().catch(failed);
setInterval(scheduleRefresh, POLL_MS);

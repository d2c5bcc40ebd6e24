// @ts-check
/** Calls of the control API and of LeadConduit's API, and the stream of events. */

import { dialog, field, h, inline } from "./dom.js";

/** @typedef {import("control-api").components["schemas"]} Schemas */
/** @typedef {Schemas["Summary"]} Summary */
/** @typedef {Schemas["ServeEvent"]} ServeEvent */
/** @typedef {Schemas["Sandbox"]} Sandbox */
/** @typedef {Schemas["SandboxList"]} SandboxList */
/** @typedef {Schemas["SelectedScenario"]} SelectedScenario */
/** @typedef {Schemas["Fault"]} Fault */
/** @typedef {Schemas["SsoHealth"]} SsoHealth */
/** @typedef {Schemas["StoredDocument"]} StoredDocument */
/** @typedef {Schemas["LeadTrace"]} LeadTrace */

const TOKEN = "leadconduit-mock-token";
const RECONNECT_MS_MIN = 500;
const RECONNECT_MS_MAX = 5000;

/** All sandboxes, as the selector and the API name them. */
export const ALL = "*";

/** A response that is a problem, or no response. */
export class ApiError extends Error {
  /** @param {string} text @param {number} status */
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

/** The token of this tab, if there is one. @returns {string | null} */
function token() {
  try { return sessionStorage.getItem(TOKEN); } catch { return memory; }
}
/** @type {string | null} */
let memory = null;

/** @param {string | null} value */
function setToken(value) {
  memory = value;
  try {
    if (value === null) sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, value);
  } catch { /* Storage is disabled: the token holds until the page is loaded again. */ }
}

/** @type {Promise<void> | null} */
let asking = null;

/** Asks for the token of the server; all calls that need it share one dialog. @param {string} reason */
function askForToken(reason) {
  asking ??= (async () => {
    const input = h("input", { type: "password", autocomplete: "off", required: true });
    const answer = await dialog("This server needs its token", [
      h("p", {}, ...inline(reason)),
      field("Token", input, "It is kept in this tab only."),
    ], [{ label: "Continue", value: "continue", primary: true }]);
    if (answer && input.value) setToken(input.value);
    else throw new ApiError("Without the token, the console has no data. Reload the page to enter it.", 401);
  })().finally(() => { setTimeout(() => { asking = null; }); });
  return asking;
}

/**
 * @typedef {object} CallOptions
 * @property {string} [method]
 * @property {unknown} [body] sent as JSON
 * @property {string} [sandbox]
 * @property {AbortSignal} [signal]
 */

/**
 * Sends a control call, with the token if there is one, and asks for it when it is missing.
 * @param {string} path below `/__admin`
 * @param {CallOptions} [options]
 * @returns {Promise<Response>}
 */
async function send(path, options = {}) {
  for (;;) {
    /** @type {Record<string, string>} */
    const headers = {};
    const bearer = token();
    if (bearer) headers["Authorization"] = `Bearer ${bearer}`;
    if (options.sandbox && options.sandbox !== ALL) headers["X-Mock-Sandbox"] = options.sandbox;
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    /** @type {Response} */
    let response;
    try {
      response = await fetch(`/__admin${path}`, {
        method: options.method ?? "GET",
        headers,
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: options.signal ?? null,
        cache: "no-store",
        credentials: "omit",
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError("The server does not respond. Is it still running?", 0);
    }
    if (response.status !== 401) return response;
    const problem = await problemOf(response);
    if (token() === bearer) {
      setToken(null);
      await askForToken(bearer ? problem.message : "Enter the token that the server was started with: --admin-token.");
    }
  }
}

/** @param {Response} response */
async function problemOf(response) {
  /** @type {any} */
  const problem = await response.json().catch(() => null);
  const detail = problem?.diagnostics?.length ? problem.diagnostics.join("\n") : problem?.detail ?? problem?.error;
  return new ApiError(typeof detail === "string" ? detail : `The server responded with ${response.status}.`, response.status);
}

/**
 * A control call. Resolves with the JSON of the response, or `null` when it has none.
 * @param {string} path
 * @param {CallOptions} [options]
 * @returns {Promise<any>}
 */
export async function control(path, options) {
  const response = await send(path, options);
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/**
 * A request to LeadConduit's API.
 * @param {string} method
 * @param {string} path
 * @param {{ key?: string, sandbox?: string, body?: string, type?: string, headers?: Record<string, string> }} options
 */
export async function leadconduit(method, path, options) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...options.headers };
  if (options.key) headers["Authorization"] = `Basic ${btoa(`API:${options.key}`)}`;
  if (options.sandbox && options.sandbox !== ALL) headers["X-Mock-Sandbox"] = options.sandbox;
  if (options.body !== undefined && options.body !== "") headers["Content-Type"] = options.type ?? "application/json";
  return await fetch(path, { method, headers, body: options.body || null, cache: "no-store", credentials: "omit" });
}

/**
 * Subscribes to the events of a sandbox or of all. Reconnects until `stop` is called.
 * @param {string} sandbox
 * @param {{ event: (type: string, data: any) => void, state: (state: "connecting" | "live" | "lost") => void }} listener
 * @returns {{ stop: () => void }}
 */
export function events(sandbox, listener) {
  const abort = new AbortController();
  (async () => {
    let wait = RECONNECT_MS_MIN;
    while (!abort.signal.aborted) {
      try {
        const response = await send(sandbox === ALL ? "/events?sandbox=*" : "/events", { sandbox, signal: abort.signal });
        if (!response.ok || !response.body) throw await problemOf(response);
        wait = RECONNECT_MS_MIN;
        listener.state("live");
        await readEvents(response.body, listener.event);
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) return;
      }
      if (abort.signal.aborted) return;
      listener.state("lost");
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, RECONNECT_MS_MAX);
    }
  })();
  return { stop: () => abort.abort() };
}

/**
 * Parses a stream of server-sent events.
 * @param {ReadableStream<Uint8Array>} body
 * @param {(type: string, data: any) => void} listener
 */
async function readEvents(body, listener) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      let type = "message";
      let data = "";
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) type = line.slice(6).trim();
        else if (line.startsWith("data:")) data += line.slice(5).trim();
      }
      if (data) listener(type, JSON.parse(data));
    }
  }
}

/** @type {Promise<any> | null} */
let contractPromise = null;

/** The contract of LeadConduit, loaded once. */
export function contract() {
  contractPromise ??= fetch("/__admin/openapi.json").then((response) => response.json());
  contractPromise.catch(() => { contractPromise = null; });
  return contractPromise;
}

/**
 * @typedef {object} OperationEntry
 * @property {string} id
 * @property {string} method
 * @property {string} path
 * @property {string} tag
 * @property {any} operation
 * @property {any} item
 */

/**
 * The operations of an OpenAPI document, in its order.
 * @param {any} document
 * @returns {OperationEntry[]}
 */
export function operations(document) {
  const list = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(/** @type {Record<string, any>} */ (item))) {
      if (!operation || typeof operation !== "object" || !operation.operationId) continue;
      list.push({ id: operation.operationId, method: method.toUpperCase(), path, tag: operation.tags?.[0] ?? "Other", operation, item });
    }
  }
  return list;
}

/**
 * Follows a `$ref` within a document.
 * @param {any} document
 * @param {any} value
 * @returns {any}
 */
export function resolve(document, value) {
  let current = value;
  for (let depth = 0; current?.$ref && depth < 20; depth += 1) {
    current = String(current.$ref).split("/").slice(1)
      .reduce((node, part) => node?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], document);
  }
  return current;
}

/** The documented keys of the built-in scenarios. */
export const KEYS = {
  jane: "2f1d5f29915b866c7a2fa5de29613104",
  account: "1f1b96c9150d8050e858c043d543bb4eadae0e6f",
  superuser: "00000000000000000000000000000000000000aa",
  globex: "00000000000000000000000000000000000000bb",
};

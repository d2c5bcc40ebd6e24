// @ts-check
/** The reference pages: the operations of an OpenAPI document by tag, with a form that sends a request. */

import { control, contract, KEYS, leadconduit, operations, resolve } from "./api.js";
import { button, copy, empty, field, fill, h, inline, message, plural, run, setOptions, setUpTheme } from "./dom.js";

/** @typedef {import("./api.js").OperationEntry} OperationEntry */

const isControl = location.pathname.endsWith("/control");
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const contents = /** @type {HTMLElement} */ (document.getElementById("contents"));

/** How deep a schema is shown before it is folded. */
const SCHEMA_DEPTH_MAX = 6;

/** @type {any} */
let openapi = null;
/** @type {OperationEntry[]} */
let list = [];

/** What the forms send with. */
const sender = {
  sandbox: h("select", { "aria-label": "Sandbox of requests", title: "Requests of the forms go to this sandbox" }, h("option", { value: "default" }, "default")),
  key: h("select", { "aria-label": "API key of requests", title: "The API key of the forms" }, h("option", { value: KEYS.jane }, "Jane Doe, user of Acme, Inc."), h("option", { value: KEYS.account }, "Account key of Acme, Inc."), h("option", { value: KEYS.superuser }, "Superuser of Acme, Inc."), h("option", { value: KEYS.globex }, "User of Globex Corporation"), h("option", { value: "" }, "No key"), h("option", { value: "other" }, "Another key …")),
  other: h("input", { type: "password", autocomplete: "off", "aria-label": "Another key", hidden: true }),
};
sender.key.addEventListener("change", () => { sender.other.hidden = sender.key.value !== "other"; });

async function start() {
  setUpTheme();
  for (const link of document.querySelectorAll("#views a")) if (link.getAttribute("href") === location.pathname) link.setAttribute("aria-current", "page");
  openapi = isControl ? await fetch("/__admin/admin-openapi.json").then((response) => response.json()) : await contract();
  list = operations(openapi);
  document.title = `${openapi.info.title} - leadconduit-mock`;
  const tags = [...new Set(list.map((one) => one.tag))];
  const search = h("input", { type: "search", placeholder: "Filter operations", "aria-label": "Filter operations", on: { input: () => filter(search.value) } });
  const links = h("div", {}, ...tags.map((tag) => h("section", {}, h("h2", {}, tag), h("ul", {}, ...list.filter((one) => one.tag === tag).map((one) => h("li", { "data-text": `${one.id} ${one.method} ${one.path} ${one.operation.summary ?? ""}`.toLowerCase() },
    h("a", { href: `#${one.id}` }, h("span", { class: `verb ${one.method.toLowerCase()}` }, one.method), " ", one.path))))))); 
  fill(contents, search, links);
  fill(main, h("h1", {}, openapi.info.title),
    ...paragraphs(openapi.info.summary ?? ""),
    h("p", { class: "quiet-text" }, `Version ${openapi.info.version}, ${plural(list.length, "operation")}. `,
      h("a", { href: isControl ? "/__admin/admin-openapi.json" : "/__admin/openapi.json" }, "OpenAPI document")),
    h("details", {}, h("summary", {}, "About this API"), ...paragraphs(openapi.info.description ?? "")),
    ...tags.map((tag) => h("section", { class: "tag-section" }, h("h2", {}, tag), ...paragraphs(openapi.tags?.find((/** @type {any} */ one) => one.name === tag)?.description ?? ""), ...list.filter((one) => one.tag === tag).map(operationElement))));
  const box = document.getElementById("sender");
  if (box) fill(box, label("Sandbox", sender.sandbox), isControl ? null : label("Key", sender.key), sender.other);
  openTarget();
  window.addEventListener("hashchange", openTarget);
  loadSandboxes();
}

/** @param {string} text @param {HTMLElement} control */
function label(text, control) {
  return h("label", {}, h("span", { class: "wide" }, `${text} `), control);
}

/** @param {string} text */
function filter(text) {
  const words = text.trim().toLowerCase().split(/\s+/);
  for (const item of contents.querySelectorAll("li")) item.hidden = !words.every((word) => (item.dataset["text"] ?? "").includes(word));
  for (const part of contents.querySelectorAll("section")) part.hidden = part.querySelectorAll("li:not([hidden])").length === 0;
}

async function loadSandboxes() {
  try {
    const found = await control("/sandboxes");
    const wanted = new URLSearchParams(location.search).get("sandbox") ?? "default";
    setOptions(sender.sandbox, found.sandboxes.map((/** @type {{ name: string }} */ one) => one.name), wanted);
  } catch { /* The operations can be read without the control API. */ }
}

function openTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!(target instanceof HTMLDetailsElement)) return;
  target.open = true;
  target.scrollIntoView({ block: "start" });
  target.querySelector("summary")?.focus({ preventScroll: true });
}

/** @param {OperationEntry} entry */
function operationElement(entry) {
  const { operation } = entry;
  const body = h("div", { class: "operation-body" });
  const element = h("details", { class: "operation", id: entry.id, on: { toggle: () => {
    if (element.open && body.childElementCount === 0) fill(body, ...operationBody(entry));
  } } },
  h("summary", {}, h("span", { class: `verb ${entry.method.toLowerCase()}` }, entry.method), " ", h("code", { class: "path" }, entry.path), " ", h("span", { class: "summary-text" }, operation.summary ?? ""), evidence(operation["x-evidence"])), body);
  return element;
}

/** @param {string | undefined} value */
function evidence(value) {
  const explanations = /** @type {Record<string, string>} */ ({ documented: "A page of the vendor says so.", observed: "Seen in real traffic or in the vendor's public code.", inferred: "Our reading: no source says so." });
  return value ? h("span", { class: `evidence ${value}`, title: explanations[value] ?? "" }, value) : null;
}

/** @param {OperationEntry} entry @returns {import("./dom.js").Child[]} */
function operationBody(entry) {
  const { operation, item } = entry;
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => resolve(openapi, one));
  const request = resolve(openapi, operation.requestBody);
  const sources = operation["x-source"] ?? [];
  return [
    h("p", { class: "quiet-text" }, "Operation ", h("code", {}, entry.id)),
    ...paragraphs(operation.description ?? ""),
    sources.length ? h("p", {}, "Source: ", ...sources.flatMap((/** @type {string} */ source, /** @type {number} */ index) => [index ? ", " : "", /^https?:/.test(source) ? h("a", { href: source, rel: "noreferrer noopener" }, source) : source])) : null,
    parameters.length ? [h("h3", {}, "Parameters"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Parameters" }, h("table", {}, h("thead", {}, h("tr", {}, ...["Name", "In", "Type", "Description"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...parameters.map((one) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, one.name), one.required ? h("span", { class: "tag" }, "required") : null), h("td", {}, one.in), h("td", {}, typeText(one.schema)), h("td", {}, ...inline(one.description ?? ""), evidence(one["x-evidence"])))))))] : null,
    request ? [h("h3", {}, "Request body"), ...paragraphs(request.description ?? ""), ...contentElements(request.content)] : null,
    h("h3", {}, "Responses"),
    ...Object.entries(operation.responses ?? {}).map(([code, raw]) => {
      const response = resolve(openapi, raw);
      return h("details", { class: "response" }, h("summary", {}, h("span", { class: `status-pill s${code[0]}` }, code), " ", ...inline(firstSentence(response.description ?? "")), evidence(response["x-evidence"])),
        ...paragraphs(response.description ?? ""),
        ...Object.entries(response.headers ?? {}).map(([name, header]) => h("p", {}, "Header ", h("code", {}, name), ": ", ...inline(resolve(openapi, header).description ?? ""))),
        ...contentElements(response.content));
    }),
    h("h3", {}, "Try it"), tryIt(entry, parameters, request),
  ];
}

/** @param {any} content */
function contentElements(content) {
  return Object.entries(content ?? {}).map(([type, raw]) => {
    const media = /** @type {any} */ (raw);
    const examples = examplesOf(media);
    return h("div", { class: "media" }, h("p", {}, h("code", {}, type)),
      media.schema ? h("details", {}, h("summary", {}, `Schema: ${typeText(media.schema)}`), schemaElement(media.schema, 0)) : null,
      ...examples.map(([name, example]) => h("details", { open: examples.length === 1 }, h("summary", {}, `Example${name ? `: ${name}` : ""}${example.summary ? ` (${example.summary})` : ""}`),
        h("div", { class: "code-box" }, h("pre", { class: "code", tabindex: "0" }, textOf(example.value)), button("Copy", () => copy(textOf(example.value), "the example"))))));
  });
}

/** @param {any} media @returns {[string, { value: any, summary?: string }][]} */
function examplesOf(media) {
  const named = Object.entries(media.examples ?? {}).map(([name, raw]) => /** @type {[string, any]} */ ([name, resolve(openapi, raw)]));
  return named.length ? named : media.example === undefined ? [] : [["", { value: media.example }]];
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** @param {any} raw @returns {string} */
function typeText(raw) {
  if (!raw) return "any";
  const name = raw.$ref ? String(raw.$ref).split("/").pop() ?? "" : "";
  const schema = resolve(openapi, raw);
  if (!schema || typeof schema !== "object") return name || "any";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((/** @type {unknown} */ one) => JSON.stringify(one)).join(" | ");
  if (name && (schema.type === "object" || schema.properties || schema.allOf)) return name;
  if (schema.type === "array") return `array of ${typeText(schema.items)}`;
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) return alternatives.map(typeText).join(" | ");
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type ?? (schema.properties ? "object" : "any");
  return schema.format ? `${type} (${schema.format})` : type;
}

/** @param {any} raw @param {number} depth @returns {HTMLElement} */
function schemaElement(raw, depth) {
  const schema = resolve(openapi, raw) ?? {};
  const box = h("div", { class: "schema" }, ...(schema.description ? paragraphs(schema.description) : []));
  if (depth >= SCHEMA_DEPTH_MAX) return box;
  for (const part of schema.allOf ?? []) box.append(schemaElement(part, depth + 1));
  if (schema.type === "array" && schema.items) box.append(h("p", {}, `Items: ${typeText(schema.items)}`), schemaElement(schema.items, depth + 1));
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length) {
    box.append(h("dl", { class: "properties" }, ...properties.flatMap(([name, value]) => {
      const property = resolve(openapi, value);
      const isNested = property?.properties || property?.items?.properties || property?.items?.$ref || property?.allOf;
      const nested = isNested ? h("details", { on: { toggle: (/** @type {Event} */ event) => {
        const target = /** @type {HTMLDetailsElement} */ (event.currentTarget);
        if (target.open && target.childElementCount === 1) target.append(schemaElement(value, depth + 1));
      } } }, h("summary", {}, typeText(value))) : null;
      return [h("dt", {}, h("code", {}, name), (schema.required ?? []).includes(name) ? h("span", { class: "tag" }, "required") : null, " ", nested ? null : h("span", { class: "type" }, typeText(value))),
        h("dd", {}, ...inline(property?.description ?? ""), nested)];
    })));
  }
  return box;
}

/**
 * The form that sends the operation's request.
 * @param {OperationEntry} entry
 * @param {any[]} parameters
 * @param {any} request
 */
function tryIt(entry, parameters, request) {
  const inputs = parameters.filter((one) => one.name !== "X-Mock-Sandbox" && (one.in === "path" || one.in === "query" || one.in === "header")).map((one) => {
    const schema = resolve(openapi, one.schema) ?? {};
    const example = one.example ?? schema.example ?? schema.examples?.[0] ?? Object.values(one.examples ?? {}).map((raw) => resolve(openapi, raw)?.value)[0];
    const choices = schema.enum ?? (schema.const === undefined ? null : [schema.const]);
    const input = choices
      ? h("select", {}, one.required ? null : h("option", { value: "" }, ""), ...choices.map((/** @type {unknown} */ value) => h("option", { value: String(value) }, String(value))))
      : h("input", { type: "text", value: one.in === "path" && example !== undefined ? String(example) : "", placeholder: example === undefined ? "" : String(example), required: one.in === "path", spellcheck: "false" });
    return { parameter: one, input };
  });
  const types = Object.keys(request?.content ?? {});
  const type = h("select", {}, ...types.map((one) => h("option", { value: one }, one)));
  const area = h("textarea", { rows: 8, spellcheck: "false", class: "code" });
  const prefill = () => { area.value = request ? textOf(examplesOf(request.content[type.value] ?? {})[0]?.[1].value ?? "") : ""; };
  type.addEventListener("change", prefill);
  prefill();
  const result = h("div", { class: "result", "aria-live": "polite" });
  const send = async () => {
    const query = new URLSearchParams();
    let path = entry.path;
    /** @type {Record<string, string>} */
    const headers = {};
    for (const { parameter, input } of inputs) {
      if (!input.value) continue;
      if (parameter.in === "path") path = path.replace(new RegExp(`\\{\\*?${parameter.name}\\}`), encodeURIComponent(input.value));
      else if (parameter.in === "query") query.append(parameter.name, input.value);
      else headers[parameter.name] = input.value;
    }
    const text = query.toString();
    const url = `${path}${text ? `?${text}` : ""}`;
    const sandbox = sender.sandbox.value;
    if (isControl) {
      const body = request && area.value.trim() ? JSON.parse(area.value) : undefined;
      const value = await control(url.replace(/^\/__admin/, ""), { method: entry.method, body, sandbox });
      fill(result, h("p", {}, h("span", { class: "status-pill s2" }, "OK")), value === null ? null : h("pre", { class: "code", tabindex: "0" }, textOf(value)));
      return;
    }
    const key = sender.key.value === "other" ? sender.other.value : sender.key.value;
    const response = await leadconduit(entry.method, url, { key, sandbox, headers, ...(request ? { body: area.value, type: type.value } : {}) });
    const number = response.headers.get("x-mock-request-id");
    const body = await response.text();
    fill(result, h("p", {}, h("span", { class: `status-pill s${String(response.status)[0]}` }, response.status), " ",
      number ? h("a", { href: `/__admin/ui/?sandbox=${encodeURIComponent(sandbox)}#/requests/${encodeURIComponent(sandbox)}/${number}` }, `Request ${number} in the console`) : null),
    h("details", {}, h("summary", {}, "Headers"), h("pre", { class: "code", tabindex: "0" }, [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n"))),
    body ? h("pre", { class: "code", tabindex: "0" }, pretty(body)) : h("p", { class: "quiet-text" }, "No body"));
  };
  const endless = entry.id === "listen_to_events";
  return h("form", { class: "try", on: { submit: (/** @type {Event} */ event) => {
    event.preventDefault();
    run(/** @type {SubmitEvent} */ (event).submitter, send);
  } } },
  inputs.length ? h("div", { class: "fields" }, ...inputs.map(({ parameter, input }) => field(`${parameter.name}${parameter.required ? "" : " (optional)"}`, input))) : null,
  request ? [types.length > 1 ? field("Content type", type) : null, field(`Body (${type.value})`, area)] : null,
  h("div", { class: "buttons" }, endless ? h("p", { class: "quiet-text" }, "The console listens to these events.") : h("button", { type: "submit", class: "primary" }, `Send ${entry.method}`)), result);
}

/** @param {string} text */
function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

/** @param {string} text */
function firstSentence(text) {
  return /^[\s\S]*?[.;](?=\s|$)/.exec(text)?.[0] ?? text;
}

/** Paragraphs, lists and tables of a description; enough of Markdown for the two documents. @param {string} text */
function paragraphs(text) {
  return text.split(/\n\s*\n/).filter((part) => part.trim()).map((part) => {
    const lines = part.trim().split("\n");
    if (lines.every((line) => line.trim().startsWith("|"))) {
      const rows = lines.filter((line) => !/^\|[\s|:-]+\|$/.test(line.trim())).map((line) => line.trim().slice(1, -1).split("|").map((cell) => cell.trim()));
      const [head = [], ...rest] = rows;
      return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, h("table", {}, h("thead", {}, h("tr", {}, ...head.map((cell) => h("th", { scope: "col" }, ...inline(cell))))), h("tbody", {}, ...rest.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, ...inline(cell))))))));
    }
    if (lines.every((line) => /^\s*([-*]\s|\s{2,})/.test(line))) {
      const items = part.trim().split(/\n\s*[-*]\s/).map((line) => line.replace(/^[-*]\s/, ""));
      return h("ul", {}, ...items.map((line) => h("li", {}, ...inline(line))));
    }
    return h("p", {}, ...inline(lines.join(" ")));
  });
}

start().catch((/** @type {Error} */ error) => {
  fill(main, empty("The document could not be read", h("p", {}, error.message)));
  message(error.message, "error");
});

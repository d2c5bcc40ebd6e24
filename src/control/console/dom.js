// @ts-check
/** Elements, times, messages and dialogs. Data becomes text nodes only, never markup. */

/** @typedef {Node | string | number | null | undefined | false} Leaf */
/** @typedef {Leaf | Leaf[] | (Leaf | Leaf[])[]} Child */

/**
 * Creates an element. `on` holds event listeners, `class` and other attributes are set as they are.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, /** @type {EventListener} */ (listener));
    } else if (name === "value" || name === "checked" || name === "disabled" || name === "selected") {
      /** @type {any} */ (element)[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

/**
 * @param {Node} parent
 * @param {readonly Child[]} children
 */
function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(parent, /** @type {Child[]} */ (child));
    else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Replaces the children of an element.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  const fragment = document.createDocumentFragment();
  append(fragment, children);
  element.replaceChildren(fragment);
}

/**
 * A button.
 * @param {string} label
 * @param {(event: MouseEvent) => unknown} action
 * @param {Record<string, any>} [attributes]
 */
export function button(label, action, attributes = {}) {
  return h("button", { type: "button", on: { click: action }, ...attributes }, label);
}

/**
 * A control with its label above it.
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function field(label, control, hint) {
  control.id ||= `field-${++fields}`;
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint ? h("span", { class: "hint" }, hint) : null);
}
let fields = 0;

/**
 * The options of a select.
 * @param {HTMLSelectElement} select
 * @param {(string | [string, string])[]} options value, or value and text
 * @param {string} [selected]
 */
export function setOptions(select, options, selected) {
  fill(select, ...options.map((option) => {
    const [value, text] = typeof option === "string" ? [option, option] : option;
    return h("option", { value, selected: value === selected }, text);
  }));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", fractionalSecondDigits: 3 });
const dateAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/**
 * A time in the viewer's time zone, with UTC on hover.
 * @param {string} iso
 * @param {"clock" | "full"} [form]
 */
export function time(iso, form = "full") {
  const date = new Date(iso);
  const text = Number.isNaN(date.getTime()) ? iso : (form === "clock" ? clock : dateAndClock).format(date);
  return h("time", { datetime: iso, title: utc(iso) }, text);
}

/** @param {string} iso */
export function timeText(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : clock.format(date);
}

/** @param {string} iso */
export function utc(iso) {
  return `${iso.replace("T", " ").replace(/\.?0*Z$/, "").replace(/Z$/, "")} UTC`;
}

/**
 * A duration in words: `45 s`, `3 min`, `2 h 5 min`, `4 d`.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 && minutes < 5 ? ` ${seconds % 60} s` : ""}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  return `${Math.floor(hours / 24)} d`;
}

/** Code between backticks, and strong text. @param {string} text @returns {(Node | string)[]} */
export function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}

/** The codes of what is reported but breaks no contract, as in the server. */
const FINDINGS = new Set(["not_collected", "unknown_package", "unknown_preference"]);

/**
 * What was found in a request: violations of the contract, and findings, which break none.
 * @template {{ code: string }} T
 * @param {T[]} found
 */
export function byKind(found) {
  return {
    violations: found.filter((one) => !FINDINGS.has(one.code)),
    findings: found.filter((one) => FINDINGS.has(one.code)),
  };
}

/** @param {number} us */
export function micros(us) {
  return us < 1000 ? `${us} µs` : us < 1_000_000 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(2)} s`;
}

/** @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/**
 * Shows a message for a while; errors stay until they are dismissed.
 * @param {string} text
 * @param {"info" | "error"} [kind]
 */
export function message(text, kind = "info") {
  const box = document.getElementById("messages");
  if (!box) return;
  /** @type {HTMLElement} */
  const item = h("div", { class: `message ${kind}`, role: kind === "error" ? "alert" : undefined },
    h("p", {}, text), button("Dismiss", () => item.remove(), { class: "quiet" }));
  box.append(item);
  while (box.children.length > 4) box.firstElementChild?.remove();
  if (kind === "info") setTimeout(() => item.remove(), 5000);
}

/**
 * Runs an action of a control. The control is disabled meanwhile, and an error becomes a message.
 * @param {EventTarget | null | undefined} control
 * @param {() => Promise<unknown>} action
 */
export async function run(control, action) {
  const element = control instanceof HTMLButtonElement ? control : null;
  if (element) element.disabled = true;
  try {
    return await action();
  } catch (error) {
    message(error instanceof Error ? error.message : String(error), "error");
    return undefined;
  } finally {
    if (element) element.disabled = false;
  }
}

/**
 * Copies text to the clipboard. Without permission, it shows the text to be copied by hand.
 * @param {string} text
 * @param {string} what
 */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    message(`Copied ${what}.`);
  } catch {
    const area = h("textarea", { rows: 12, readonly: true, class: "code", "aria-label": what }, text);
    await dialog(`Copy ${what}`, [area], []);
  }
}

/**
 * A modal dialog. Resolves with the value of the button that was chosen, or `null`.
 * @param {string} title
 * @param {Child[]} content
 * @param {{ label: string, value: string, primary?: boolean, danger?: boolean }[]} actions
 * @returns {Promise<string | null>}
 */
export function dialog(title, content, actions) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: "dialog-title" }, title);
    const cancel = h("button", { type: "submit", value: "", formnovalidate: true }, actions.length ? "Cancel" : "Close");
    const buttons = actions.map((action) => h("button", { type: "submit", value: action.value, class: action.danger ? "danger" : action.primary ? "primary" : undefined }, action.label));
    const form = h("form", { method: "dialog" }, heading, h("div", { class: "dialog-content" }, ...content), h("div", { class: "buttons end" }, cancel, ...buttons));
    const element = h("dialog", { "aria-labelledby": "dialog-title", on: { close: () => {
      element.remove();
      resolve(element.returnValue || null);
    } } }, form);
    // The first button would be chosen by Enter: let it be the main one.
    form.addEventListener("keydown", (event) => {
      const target = event.target;
      if (event.key === "Enter" && target instanceof HTMLInputElement && buttons[0]) {
        event.preventDefault();
        if (form.reportValidity()) element.close(buttons[0].value);
      }
    });
    document.body.append(element);
    element.showModal();
    const first = element.querySelector("input, select, textarea");
    if (first instanceof HTMLElement) first.focus();
  });
}

/** @param {string} title @param {string} text @param {string} action */
export async function confirmed(title, text, action) {
  return await dialog(title, [h("p", {}, text)], [{ label: action, value: "yes", danger: true }]) === "yes";
}

/**
 * What a view shows while it has nothing to show.
 * @param {string} title
 * @param {...Child} content
 */
export function empty(title, ...content) {
  return h("div", { class: "empty" }, h("h2", {}, title), ...content);
}

/** Applies the chosen theme, and lets its button change it. */
export function setUpTheme() {
  const themes = ["as the system", "light", "dark"];
  const control = document.getElementById("theme");
  let index = Math.max(0, themes.indexOf(read("theme") ?? ""));
  const apply = () => {
    document.documentElement.dataset["theme"] = index === 0 ? "" : themes[index];
    const label = `Theme: ${themes[index]}`;
    control?.setAttribute("aria-label", label);
    control?.setAttribute("title", label);
    if (control) control.textContent = ["◐", "☀", "☾"][index] ?? "";
  };
  control?.addEventListener("click", () => {
    index = (index + 1) % themes.length;
    try { localStorage.setItem("theme", themes[index] ?? ""); } catch { /* Storage is disabled: the choice holds for this page. */ }
    apply();
  });
  apply();
}

/** @param {string} name */
function read(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

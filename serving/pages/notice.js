/** What went wrong, in words that say what to do next. */

import { element } from "./dom.js";
import { useKey } from "./key.js";

const OTHER_WAYS = "You can type your query, or choose a recording.";
const MICROPHONE = {
  denied: "The microphone is blocked for this page. Allow it beside the address of the page, then press again.",
  missing: "No microphone was found. Connect one and press again.",
  in_use: "The microphone does not answer; another program may be using it.",
  insecure: "Browsers give the microphone only to pages that come over HTTPS or from this computer.",
  unsupported: "This browser cannot record sound.",
};

/** Shows errors in `box`, which is an alert; `retry` is called to send the same query again. */
export class Notice {
  constructor(box) {
    this.box = box;
  }

  clear() {
    this.box.hidden = true;
    this.box.replaceChildren();
  }

  microphone(reason) {
    this.#show("microphone", strong(MICROPHONE[reason]), element("p", {}, OTHER_WAYS));
  }

  noAnswer({ kind, message, retryAfterS }, retry) {
    if (kind === "refused") this.#show(kind, strong("The server refused this query."), element("p", {}, message));
    else if (kind === "key") this.#show(kind, strong("This server wants an API key."), keyForm(retry));
    else if (kind === "busy") this.#show(kind, strong(`The server is busy. Try again in ${retryAfterS} s.`), again(retry, retryAfterS));
    else this.#show(kind, strong("The server cannot be reached."), again(retry, 0));
  }

  #show(kind, ...children) {
    this.box.dataset.kind = kind;
    this.box.replaceChildren(...children);
    this.box.hidden = false;
  }
}

function strong(text) {
  return element("p", {}, element("strong", {}, text));
}

function keyForm(retry) {
  const input = element("input", { type: "password", "aria-label": "API key", autocomplete: "off", required: true });
  const form = element("form", { class: "key" }, input, element("button", { class: "quiet" }, "Use this key"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(input.value.trim());
    retry();
  });
  return form;
}

function again(retry, afterS) {
  const button = element("button", { type: "button", class: "quiet", disabled: afterS > 0 }, "Try again");
  button.addEventListener("click", retry);
  setTimeout(() => (button.disabled = false), afterS * 1000);
  return button;
}

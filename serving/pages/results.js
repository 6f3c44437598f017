/** Lists what was found; what is only near stands apart, as a question. */

import { element } from "./dom.js";

const SURE_FROM = 0.6;

/** Fill `container`; `onChoose(result)` is called once for each result that the user picks. */
export function showResults(container, results, onChoose) {
  const sure = results.filter((result) => result.score >= SURE_FROM);
  const near = results.filter((result) => result.score < SURE_FROM);
  container.replaceChildren(
    ...(sure.length ? [element("h2", {}, "Results"), list(sure, onChoose)] : []),
    ...(near.length ? [element("h2", {}, "Did you mean"), list(near, onChoose, "near")] : []),
    ...(results.length ? [] : [element("h2", {}, "Nothing found"), element("p", { class: "muted" }, "Try other words.")]),
  );
}

function list(results, onChoose, kind = "") {
  return element("ol", { class: `results ${kind}` }, ...results.map((result) => item(result, onChoose)));
}

function item(result, onChoose) {
  const button = element(
    "button",
    { type: "button", "aria-pressed": "false" },
    element("span", { class: "title" }, result.title),
    element("span", { class: "subtitle" }, result.subtitle),
    element("span", { class: "category" }, result.category),
  );
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-pressed") === "true") return;
    button.setAttribute("aria-pressed", "true");
    onChoose(result);
  });
  return element("li", {}, button);
}

/** Builds elements. Text stays text: nothing from outside ever becomes markup. */

/** An element with attributes and children; a child is a node or a text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A bar that is filled up to `share` (0 to 1). Only for the eye: the number stands beside it. */
export function bar(share, kind = "") {
  const fill = element("span", { class: "bar-fill" });
  fill.style.setProperty("--share", Math.min(1, Math.max(0, share)));
  return element("span", { class: `bar ${kind}`, "aria-hidden": "true" }, fill);
}

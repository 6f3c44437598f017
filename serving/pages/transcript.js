/** Shows what was heard, and how sure the recognizer was of each word. */

import { bar, element } from "./dom.js";

const UNSURE_BELOW = 0.6;

/** Put the words into `line`, and the confidence of the whole with a legend, or who wrote it, into `summary`. */
export function showTranscript({ line, summary }, { transcript, words, confidence }) {
  const spoken = words.length ? words.flatMap((one) => [word(one), " "]) : [transcript];
  line.replaceChildren(...spoken);
  if (confidence === null) {
    summary.replaceChildren(element("span", {}, "Written by a person"));
    return;
  }
  const unsure = words.some((one) => one.confidence < UNSURE_BELOW);
  summary.replaceChildren(
    element("span", {}, `Confidence ${percent(confidence)}`),
    bar(confidence),
    ...(unsure ? [element("span", { class: "legend" }, element("span", { class: "unsure" }, "underlined"), ": not sure")] : []),
  );
}

function word({ word, confidence }) {
  if (confidence >= UNSURE_BELOW) return element("span", { title: percent(confidence) }, word);
  const hint = element("span", { class: "visually-hidden" }, " (not sure)");
  return element("span", { class: "unsure", title: percent(confidence) }, word, hint);
}

function percent(share) {
  return `${Math.round(share * 100)}%`;
}

/** What lies behind an answer: how the recording sounded, and where the time went. */

import { bar, element } from "./dom.js";

const STAGES = {
  decode: "Decode",
  vad: "Find speech",
  loudness: "Level loudness",
  queue: "Wait in line",
  recognize: "Recognize",
  search: "Search",
  person: "Wait for a person",
};
const DISTORTED_FROM = 0.001;
const LEFT_OUT = {
  repetition: "Part of it was left out: the recognizer went round in circles.",
  truncated_file: "The file is incomplete: its end is missing.",
};

/** A table of stages in milliseconds, with the total on the server and the round trip as this page saw it. */
export function timingsTable(timings, roundTripMs) {
  const { total, ...stages } = timings;
  const known = Object.keys(STAGES).filter((stage) => stage in stages);
  const others = Object.keys(stages).filter((stage) => !(stage in STAGES));
  const rows = [...known, ...others].map((stage) => row(STAGES[stage] ?? stage, stages[stage], total));
  return element(
    "table",
    { class: "timings" },
    element("caption", {}, "Time on the server"),
    element("tbody", {}, ...rows),
    element("tfoot", {}, row("Total", total), row("With the network", roundTripMs)),
  );
}

function row(name, ms, total) {
  const drawn = total ? [bar(ms / total)] : [];
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name),
    element("td", { class: "drawn" }, ...drawn),
    element("td", { class: "number" }, `${ms.toFixed(ms < 10 ? 1 : 0)} ms`),
  );
}

/** Facts on a spoken query's recording as a list, warnings first; none where only a person has heard it. */
export function recordingFacts({ audio, untranscribed, model }) {
  if (audio === null) return element("div", {});
  const facts = [
    ["Recording", `${audio.duration_s.toFixed(1)} s`],
    ["Speech", `${audio.speech_s.toFixed(1)} s`],
    ["Loudness", measured(audio.loudness_lufs, "LUFS")],
    ["Speech over noise", measured(audio.snr_db, "dB")],
    ["Model", model],
  ];
  const list = facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("div", {}, ...warnings(audio, untranscribed), element("dl", { class: "facts" }, ...list));
}

function warnings(audio, untranscribed) {
  const texts = [
    audio.onset_clipped && "The beginning is cut off: speak after the button turns red.",
    audio.offset_clipped && "The end is cut off: press a little later.",
    audio.clipping_ratio >= DISTORTED_FROM && "Too loud: the sound is distorted.",
    ...new Set(untranscribed.map(({ reason }) => LEFT_OUT[reason])),
  ];
  return texts.filter(Boolean).map((text) => element("p", { class: "warning" }, text));
}

function measured(value, unit) {
  return value === null ? "–" : `${value.toFixed(1).replace("-", "−")} ${unit}`;
}

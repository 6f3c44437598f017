/** The voice search page: one query at a time, from a press or a typed line to results, and what the user picks. */

import { keepsRecordings, NoAnswer, report, searchByText, searchByVoice } from "./api.js";
import { recordingFacts, timingsTable } from "./behind.js";
import { describeClient } from "./client.js";
import { levelMeter } from "./level-meter.js";
import { MicrophoneUnavailable, record } from "./microphone.js";
import { Notice } from "./notice.js";
import { showResults } from "./results.js";
import { Status } from "./status.js";
import { showTranscript } from "./transcript.js";

const byId = (id) => document.getElementById(id);
const query = byId("query");
const status = new Status({ body: document.body, line: byId("status"), button: byId("microphone") });
const notice = new Notice(byId("notice"));
const meter = levelMeter(byId("meter"));
const client = describeClient();

/** Signals of the query under way: `cancel` throws it away, `finish` ends the recording. */
let underWay = null;
/** The last spoken query, until it is corrected by typing. */
let spoken = null;

/** Do one query, in place of any other; what goes wrong is shown, with the way to do the same again. */
async function run(task) {
  underWay?.cancel.abort();
  const mine = { cancel: new AbortController(), finish: new AbortController() };
  underWay = mine;
  notice.clear();
  try {
    await task(mine);
  } catch (error) {
    if (underWay === mine) fail(error, () => run(task));
  } finally {
    if (underWay === mine) underWay = null;
  }
}

async function speak({ cancel, finish }) {
  status.show("asking");
  const recording = await record({
    cancel: cancel.signal,
    finish: finish.signal,
    onStart: () => status.show("listening"),
    onLevel: meter.show,
  }).finally(meter.clear);
  await run((mine) => recognize(recording, mine)); // a query of its own: to try again, nobody has to speak again
}

async function recognize(recording, { cancel }) {
  status.show("recognizing");
  const [answer, roundTripMs] = await timed(searchByVoice(recording, options(cancel)));
  spoken = answer;
  query.value = answer.transcript;
  byId("heard").hidden = answer.no_speech;
  showTranscript({ line: byId("transcript"), summary: byId("confidence") }, answer);
  byId("sound").replaceChildren(recordingFacts(answer));
  showAnswer(answer, roundTripMs);
}

async function lookUp(text, { cancel }) {
  status.show("searching");
  const [answer, roundTripMs] = await timed(searchByText(text, options(cancel)));
  byId("heard").hidden = true;
  byId("sound").replaceChildren();
  showAnswer(answer, roundTripMs);
}

function options(cancel) {
  return { client, consent: byId("consent").checked, signal: cancel.signal };
}

async function timed(answer) {
  const started = performance.now();
  return [await answer, performance.now() - started];
}

function showAnswer(answer, roundTripMs) {
  const silent = answer.no_speech === true;
  byId("answer").hidden = false;
  byId("found").hidden = silent;
  showResults(byId("found"), answer.results, (result) => choose(answer, result));
  byId("timings").replaceChildren(timingsTable(answer.timings_ms, roundTripMs));
  if (silent) status.show("no_speech");
  else status.show("results", counted(answer.results), ` for “${answer.transcript}”`);
}

function counted(results) {
  return results.length === 1 ? "1 result" : `${results.length || "No"} results`;
}

function choose(answer, result) {
  tell({ request_id: answer.request_id, type: "click", item_id: result.id });
  status.show("results", `You chose ${result.title}`);
  spoken = null; // whoever picks a result was understood
}

/** Typing after speaking says what was really meant, unless it repeats what was heard. */
function correct(text) {
  if (spoken && text !== spoken.transcript) tell({ request_id: spoken.request_id, type: "correct", text });
  spoken = null;
}

/** An event that is lost costs the user nothing, so only the console hears of it. */
function tell(event) {
  report(event).catch((error) => console.warn("the event was not taken:", error.message));
}

function fail(error, retry) {
  if (error.name === "AbortError") return status.show("idle", "Cancelled. Press the microphone and speak");
  status.show("error");
  if (error instanceof MicrophoneUnavailable) {
    notice.microphone(error.reason);
    query.focus();
  } else if (error instanceof NoAnswer) {
    notice.noAnswer(error, retry);
  } else {
    throw error;
  }
}

function press() {
  if (status.state === "listening") underWay.finish.abort();
  else if (underWay) underWay.cancel.abort();
  else run(speak);
}

/** Nobody is asked for a consent that has no effect. */
async function askForConsent() {
  const kept = await keepsRecordings();
  for (const part of document.querySelectorAll("[data-if-kept]")) part.hidden = !kept;
}

askForConsent();
byId("microphone").addEventListener("click", press);
byId("typed").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = query.value.trim();
  if (!text) return;
  correct(text);
  run((mine) => lookUp(text, mine));
});
byId("recording").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  if (file) run((mine) => recognize(file, mine));
  target.value = ""; // so that the same file can be chosen again
});
query.addEventListener("focus", () => query.select());
document.addEventListener("keydown", ({ key }) => key === "Escape" && underWay?.cancel.abort());

/** Talks to the server: queries, what it keeps of them, what the user did with the answers. Knows nothing of the page. */

import { randomId } from "./client.js";
import { keyHeader } from "./key.js";

const TIMEOUT_MS = 30_000;
const EXTENSIONS = { "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a" };

/** No answer: `busy` (with `retryAfterS`), `key` (one is wanted, or another), `refused` (with the server's reason) or `unreachable`. */
export class NoAnswer extends Error {
  constructor(kind, message, retryAfterS = 0) {
    super(message);
    this.kind = kind;
    this.retryAfterS = retryAfterS;
  }
}

/** Search for what is said in a recording (a Blob or a File). */
export function searchByVoice(recording, { client, consent, signal }) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...client, consent })) form.append(name, value);
  const extension = EXTENSIONS[recording.type.split(";")[0]] ?? "audio";
  form.append("file", recording, recording.name ?? `query.${extension}`);
  return post("/v1/search", form, {}, signal);
}

/** Search for a typed query. */
export function searchByText(query, { client, consent, signal }) {
  return post("/v1/search/text", ...json({ query, ...client, consent }), signal);
}

/** Can recordings be kept here at all? Not where the server does not say so. */
export async function keepsRecordings() {
  const response = await fetch("/pages/privacy.json").catch(() => null);
  return response?.ok === true && (await response.json()).keeps_audio;
}

/** Report a click or a correction; sent twice if need be, since the id makes it count once. */
export async function report(event) {
  const sent = json({ ...event, event_id: `web_${randomId()}`, timestamp: Date.now() / 1000 });
  const send = () => post("/v1/events", ...sent, AbortSignal.timeout(TIMEOUT_MS));
  return send().catch((error) => {
    if (error.kind === "refused") throw error;
    return send();
  });
}

function json(body) {
  return [JSON.stringify(body), { "content-type": "application/json" }];
}

async function post(path, body, headers, signal) {
  const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let response;
  try {
    response = await fetch(path, { method: "POST", body, headers: { ...headers, ...keyHeader() }, signal: either, keepalive: path === "/v1/events" });
    if (response.ok) return await response.json();
  } catch (error) {
    throw signal.aborted ? error : new NoAnswer("unreachable", "The server cannot be reached.");
  }
  throw await refusal(response);
}

async function refusal(response) {
  const body = await response.json().catch(() => null);
  const message = body?.error?.message ?? `the server answered ${response.status}`;
  if (response.status === 503 || response.status === 429) {
    return new NoAnswer("busy", message, Number(response.headers.get("retry-after")) || 1);
  }
  return new NoAnswer(response.status === 401 ? "key" : "refused", message);
}

/**
 * Records one utterance from the microphone: from a press until the speaker is done, says so, or gives up.
 * Knows neither the page nor the server.
 */

import { watchLevel } from "./audio-level.js";
import { Endpointer } from "./endpointer.js";

/** Why the microphone cannot be had: `insecure`, `unsupported`, `denied`, `missing` or `in_use`. */
export class MicrophoneUnavailable extends Error {
  constructor(reason) {
    super(`the microphone is not available: ${reason}`);
    this.reason = reason;
  }
}

const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "in_use",
  AbortError: "in_use",
};
/** What browsers do for telephony eats soft onsets; the server levels loudness itself. */
const UNTOUCHED = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const CONTAINERS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

/**
 * The recording as a Blob. The signal `finish` ends and keeps it; `cancel` throws it away and rejects with the
 * signal's reason. `onStart()` is called when sound is really taken, `onLevel(dbfs)` many times a second after that.
 */
export async function record({ cancel, finish, onStart, onLevel }) {
  const stream = await open(cancel);
  try {
    return await capture(stream, { cancel, finish, onStart, onLevel });
  } finally {
    release(stream);
  }
}

async function open(cancel) {
  if (!globalThis.isSecureContext) throw new MicrophoneUnavailable("insecure");
  if (!navigator.mediaDevices || !globalThis.MediaRecorder) throw new MicrophoneUnavailable("unsupported");
  const asked = navigator.mediaDevices.getUserMedia({ audio: UNTOUCHED });
  try {
    return await Promise.race([asked, aborted(cancel)]);
  } catch (error) {
    asked.then(release, () => {}); // permission may still come after a cancel
    throw REASONS[error.name] && !cancel.aborted ? new MicrophoneUnavailable(REASONS[error.name]) : error;
  }
}

async function capture(stream, { cancel, finish, onStart, onLevel }) {
  const mimeType = CONTAINERS.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 48_000 });
  const endpointer = new Endpointer();
  const chunks = [];
  let stopWatching = () => {};
  const stop = () => recorder.state === "recording" && recorder.stop();

  recorder.addEventListener("dataavailable", (event) => chunks.push(event.data));
  recorder.addEventListener("start", () => {
    onStart();
    stopWatching = watchLevel(stream, (dbfs, timeS) => {
      onLevel(dbfs);
      if (endpointer.update(dbfs, timeS)) stop();
    });
    if (finish.aborted) stop();
  });
  finish.addEventListener("abort", stop);
  const stopped = new Promise((resolve, reject) => {
    recorder.addEventListener("stop", resolve);
    recorder.addEventListener("error", () => reject(new MicrophoneUnavailable("in_use")));
  });
  recorder.start();
  try {
    await Promise.race([stopped, aborted(cancel)]);
  } finally {
    stopWatching();
    stop();
  }
  return new Blob(chunks, { type: recorder.mimeType });
}

function aborted(signal) {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    signal.addEventListener("abort", fail);
  });
}

function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

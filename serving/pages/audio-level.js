/** Measures how loud a stream is, many times a second. */

export const SILENCE_DBFS = -100;
const INTERVAL_MS = 50;
/** 43 ms at 48 kHz: nearly the whole interval. */
const WINDOW_SAMPLES = 2048;

/** Call `onLevel(dbfs, secondsSinceStart)` until the function that this returns is called. */
export function watchLevel(stream, onLevel) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: WINDOW_SAMPLES });
  const samples = new Float32Array(WINDOW_SAMPLES);
  const started = performance.now();
  context.createMediaStreamSource(stream).connect(analyser);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(rmsDbfs(samples), (performance.now() - started) / 1000);
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    context.close();
  };
}

function rmsDbfs(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.max(SILENCE_DBFS, 10 * Math.log10(power));
}

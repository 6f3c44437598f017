/** Draws the last seconds of sound level as a row of bars. */

import { element } from "./dom.js";

const BARS = 41;
const QUIET_DBFS = -60;
const LOUD_DBFS = -12;

/** A meter inside `container`: `show(dbfs)` adds a bar at the right, `clear()` flattens all. */
export function levelMeter(container) {
  const bars = Array.from({ length: BARS }, () => element("span"));
  let levels = [];
  container.replaceChildren(...bars);

  function draw() {
    const first = BARS - levels.length;
    bars.forEach((one, i) => one.style.setProperty("--level", levels[i - first] ?? 0));
  }
  return {
    show(dbfs) {
      const level = (dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS);
      levels = [...levels, Math.min(1, Math.max(0, level))].slice(-BARS);
      draw();
    },
    clear() {
      levels = [];
      draw();
    },
  };
}

/** The state of the page, in words and as `data-state` on the body, which the style follows. */

import { element } from "./dom.js";

const STATES = {
  idle: { says: "Press the microphone and speak", button: "Speak" },
  asking: { says: "Allow the microphone to go on", button: "Cancel" },
  listening: { says: "Listening… press again to search", button: "Stop and search" },
  recognizing: { says: "Recognizing…", button: "Cancel" },
  searching: { says: "Searching…", button: "Cancel" },
  results: { says: "", button: "Speak again" },
  no_speech: { says: "I heard no speech. Press and try again, a little closer.", button: "Speak again" },
  error: { says: "", button: "Speak again" },
};

/** Shows one state at a time; the line is a live region, so that screen readers say it. */
export class Status {
  constructor({ body, line, button }) {
    Object.assign(this, { body, line, button });
    this.show("idle");
  }

  get state() {
    return this.body.dataset.state;
  }

  /** `alsoSaid` is for who hears the page: what the eye finds elsewhere on it. */
  show(state, says = STATES[state].says, alsoSaid = "") {
    this.body.dataset.state = state;
    this.line.replaceChildren(says, element("span", { class: "visually-hidden" }, alsoSaid));
    this.button.setAttribute("aria-label", STATES[state].button);
  }
}

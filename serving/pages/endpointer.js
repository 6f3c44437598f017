/**
 * Decides from sound levels when the speaker is done. Knows no microphone and no clock; the server's own voice
 * activity detection has the last word on what was speech.
 */

const MIN_FLOOR_DBFS = -70;
const MAX_FLOOR_DBFS = -42;

export class Endpointer {
  constructor({ speechOverNoiseDb = 12, floorRiseDbPerS = 3, pauseS = 1.2, patienceS = 7, limitS = 30 } = {}) {
    Object.assign(this, { speechOverNoiseDb, floorRiseDbPerS, pauseS, patienceS, limitS });
    this.floorDbfs = MAX_FLOOR_DBFS;
    this.lastS = 0;
    this.lastSpeechS = null;
  }

  /** Take the level at a time since the start; true when the recording should stop. */
  update(levelDbfs, timeS) {
    this.#followFloor(levelDbfs, timeS - this.lastS);
    this.lastS = timeS;
    if (levelDbfs > this.floorDbfs + this.speechOverNoiseDb) this.lastSpeechS = timeS;
    const spoken = this.lastSpeechS !== null;
    const quietS = timeS - (spoken ? this.lastSpeechS : 0);
    return timeS >= this.limitS || quietS >= (spoken ? this.pauseS : this.patienceS);
  }

  /** The noise floor falls at once and rises slowly, so that speech does not lift it. */
  #followFloor(levelDbfs, elapsedS) {
    const risen = this.floorDbfs + this.floorRiseDbPerS * elapsedS;
    this.floorDbfs = Math.min(MAX_FLOOR_DBFS, Math.max(MIN_FLOOR_DBFS, Math.min(levelDbfs, risen)));
  }
}

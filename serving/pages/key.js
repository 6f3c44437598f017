/** The API key of this tab, for servers that want one; gone when the tab is closed. Asks nobody. */

const NAME = "voicesearch.key";
let kept = null;

/** The header that goes with every request. */
export function keyHeader() {
  const key = kept ?? stored();
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** Use this key from now on; browsers may forbid storage, then as long as the page lives. */
export function useKey(key) {
  kept = key;
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    // kept is enough
  }
}

function stored() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

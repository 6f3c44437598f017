/** Who asks, and on what: random ids that name no person, and the little that a browser says about itself. */

const VERSION = "web-0.1.0";
const SYSTEMS = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"];
const BROWSERS = [["Edg", "Edge"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]];

/** A random id; unlike crypto.randomUUID this also works where the page is not secure. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The fields that go with every query. */
export function describeClient() {
  return {
    user_id: keptId(() => localStorage, "voicesearch.user"),
    session_id: keptId(() => sessionStorage, "voicesearch.session"),
    device_model: deviceModel(),
    os: navigator.userAgentData?.platform || SYSTEMS.find((name) => navigator.userAgent.includes(name)) || "other",
    app_version: VERSION,
    locale: navigator.language,
  };
}

/** Browsers may forbid storage; then the id lives as long as the page. */
function keptId(storage, name) {
  try {
    const id = storage().getItem(name) ?? randomId();
    storage().setItem(name, id);
    return id;
  } catch {
    return randomId();
  }
}

function deviceModel() {
  const mobile = navigator.userAgentData?.mobile ?? /Mobi|Android/.test(navigator.userAgent);
  const browser = BROWSERS.find(([mark]) => navigator.userAgent.includes(mark))?.[1] ?? "browser";
  return `${browser} ${mobile ? "mobile" : "desktop"}`;
}

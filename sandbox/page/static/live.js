// Keeps the panes equal to what the server would draw now: after navigation, and after every change in the workspace.

import { here, user } from "./server.js";
import { patch } from "./morph.js";
import { markUnread } from "./unread.js";

const SETTLE_MS = 60;
const NEAR_END_PX = 120;
const PANES = ["sidebar", "channel", "thread", "modal"];

let pending = null;
let running = Promise.resolve();

export function startLive() {
  settleScroll(new Set());
  markUnread();
  const events = new EventSource(`/page/changes?user=${encodeURIComponent(user())}`);
  events.addEventListener("hello", refreshSoon);
  events.addEventListener("change", refreshSoon);
  window.addEventListener("popstate", refresh);
  window.addEventListener("pagehide", () => events.close());
}

export async function goTo(address) {
  history.pushState(null, "", address);
  await refresh();
}

export function refreshSoon() {
  pending ??= setTimeout(refresh, SETTLE_MS);
}

// One redraw at a time, so that an older answer never overwrites a newer one.
export function refresh() {
  clearTimeout(pending);
  pending = null;
  running = running.then(redraw, redraw);
  return running;
}

async function redraw() {
  const query = here();
  // Without an answer the panes stay as they are; the event stream says when the server is back.
  const response = await fetch(`/page/panes?${query}`).catch(() => null);
  if (!response?.ok || query.toString() !== here().toString()) return;
  const { pane, panes } = await response.json();
  const scrolledUp = new Set(scrollers().filter((each) => !isAtEnd(each)).map((each) => each.dataset.key));
  const before = modal();
  for (const name of PANES) patch(document.getElementById(name), panes[name]);
  if (modal() && modal() !== before) modal().querySelector(".field, .select")?.focus();
  document.body.dataset.pane = pane;
  settleScroll(scrolledUp);
  markUnread();
}

function modal() {
  return document.querySelector("#modal form");
}

function scrollers() {
  return [...document.querySelectorAll('.scroll[data-anchor="end"]')];
}

function isAtEnd(element) {
  return element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
}

// Whoever reads older messages stays where they are; everybody else sees the newest one.
function settleScroll(scrolledUp) {
  for (const each of scrollers()) {
    if (scrolledUp.has(each.dataset.key)) continue;
    each.scrollTop = each.scrollHeight;
    for (const picture of each.querySelectorAll("img")) {
      if (!picture.complete) picture.addEventListener("load", () => (each.scrollTop = each.scrollHeight), { once: true });
    }
  }
}

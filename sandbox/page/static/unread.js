// Unread dots. What a person has read is kept in the browser, by user and channel, as the newest ts seen.

import { user } from "./server.js";

export function markUnread() {
  const key = `read:${user()}`;
  const stored = localStorage.getItem(key);
  const read = JSON.parse(stored ?? "{}");
  for (const entry of document.querySelectorAll("#sidebar [data-channel]")) {
    const { channel, latest } = entry.dataset;
    const isHere = entry.classList.contains("is-here") && document.body.dataset.pane !== "list";
    // On a first visit everything counts as read.
    if (isHere || stored === null) read[channel] = latest;
    entry.classList.toggle("is-unread", Number(latest) > Number(read[channel] ?? 0));
  }
  localStorage.setItem(key, JSON.stringify(read));
}

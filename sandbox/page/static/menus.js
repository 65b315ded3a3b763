// What hangs on a message: its menu, the emoji picker, reactions.

import { actOrTell, toast, user } from "./server.js";

let open = null;

function show(templateId, anchor) {
  closePopover();
  const popover = document.getElementById(templateId).content.firstElementChild.cloneNode(true);
  const surface = anchor.closest('[data-surface="message"]');
  Object.assign(popover.dataset, { channel: surface.dataset.channel, ts: surface.dataset.ts, thread: surface.dataset.thread });
  document.body.append(popover);
  const box = anchor.getBoundingClientRect();
  const left = Math.max(8, Math.min(box.right - popover.offsetWidth, innerWidth - popover.offsetWidth - 8));
  const below = box.bottom + 4 + popover.offsetHeight < innerHeight;
  popover.style.left = `${left}px`;
  popover.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - popover.offsetHeight - 4)}px`;
  open = popover;
}

export const openMenu = (anchor) => show("message-menu", anchor);
export const openPicker = (anchor) => show("emoji-picker", anchor);

// Closes every menu, except the one that the person is using.
export function closePopover(kept = null) {
  open?.remove();
  open = null;
  for (const details of document.querySelectorAll("details.overflow[open], details.switcher[open]")) {
    if (details !== kept) details.open = false;
  }
}

function messageOf(element) {
  const { channel, ts, thread } = element.closest("[data-ts]").dataset;
  return { channel, ts, thread };
}

export async function react(button) {
  const { channel, ts } = messageOf(button);
  closePopover();
  await actOrTell(button.matches(".is-mine") ? "unreact" : "react", { channel, ts, name: button.dataset.name });
}

export async function shortcut(button) {
  const { channel, ts } = messageOf(button);
  closePopover();
  await actOrTell("shortcut", { channel, ts, callback_id: button.dataset.callback });
}

export async function copyLink(button) {
  const { channel, ts, thread } = messageOf(button);
  closePopover();
  const query = new URLSearchParams({ user: user(), channel, thread: thread || ts });
  await navigator.clipboard.writeText(`${location.origin}/?${query}`);
  toast("Link copied.");
}

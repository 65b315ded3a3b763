// Wires the page: every click, key and change is handled here, once, and handed to the module that knows it.

import { actOrTell } from "./server.js";
import { goTo, refreshSoon, startLive } from "./live.js";
import { complete, keyInComposer, resize, send, suggest } from "./composer.js";
import { use } from "./elements.js";
import * as menus from "./menus.js";
import * as views from "./views.js";

const CLICKED = new Set(["button", "overflow", "feedback_buttons", "icon_button"]);

const doings = {
  "open-menu": menus.openMenu,
  "open-picker": menus.openPicker,
  react: menus.react,
  shortcut: menus.shortcut,
  "copy-link": menus.copyLink,
  "close-view": (button) => views.close(button.closest("form")),
  stop: () => actOrTell("stop", { channel: place("#thread").channel, thread_ts: place("#thread").thread }),
  prompt: (button) =>
    actOrTell("post", { channel: place("#channel").channel, text: button.dataset.message }).then(refreshSoon),
};

// The channel and thread that a pane shows, as its composer says it.
function place(pane) {
  return document.querySelector(`${pane} .composer`).dataset;
}

document.addEventListener("click", async (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const doing = target.closest("[data-do]");
  const link = target.closest("a[data-nav]");
  const element = target.closest("[data-element]");
  const suggestion = target.closest("[data-insert-word]");
  const tool = target.closest("[data-insert]");
  if (!target.closest(".popover")) menus.closePopover(target.closest("details"));
  if (doing) return void doings[doing.dataset.do](doing);
  if (suggestion) return complete(suggestion.closest("form"), suggestion);
  if (tool) return insert(tool);
  if (element && CLICKED.has(element.dataset.element)) {
    menus.closePopover();
    return void use(element);
  }
  if (link && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    await goTo(link.getAttribute("href"));
    if (link.dataset.tab) await actOrTell("home", { tab: link.dataset.tab });
  }
});

function insert(tool) {
  const form = tool.closest("form");
  const box = form.elements.text;
  const needsSpace = box.selectionStart > 0 && !/\s$/.test(box.value.slice(0, box.selectionStart));
  box.setRangeText((needsSpace ? " " : "") + tool.dataset.insert, box.selectionStart, box.selectionEnd, "end");
  box.focus();
  suggest(form);
}

document.addEventListener("change", (event) => {
  const element = event.target.closest("[data-element]");
  if (!element) return;
  const inInput = element.closest("[data-input]");
  if (!inInput || inInput.hasAttribute("data-dispatch")) void use(element);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form.composer");
  if (!form) return;
  resize(event.target);
  suggest(form);
});

document.addEventListener("keydown", (event) => {
  const form = event.target instanceof Element && event.target.closest("form.composer");
  if (form && event.target.matches("textarea")) return keyInComposer(event, form);
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const modal = document.querySelector("#modal form");
  if (modal) void views.close(modal);
  else menus.closePopover();
});

document.addEventListener("submit", (event) => {
  if (event.target.method === "dialog") return;
  event.preventDefault();
  if (event.target.matches("form.composer")) void send(event.target);
  else void views.submit(event.target);
});

startLive();
const tab = document.querySelector(".tabs .is-here")?.dataset.tab;
if (tab) void actOrTell("home", { tab });

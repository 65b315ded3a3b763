// The box to type in: Enter sends, @ # and / complete, mentions become ids.

import { actOrTell } from "./server.js";
import { refreshSoon } from "./live.js";

const MAX_SUGGESTIONS = 8;

function data(form) {
  return JSON.parse(form.querySelector(".composer-data").textContent);
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// What was typed, as Slack's clients send it: @name and #channel become ids, &, < and > are escaped.
function encoded(text, { people, channels }) {
  const names = [
    ...people.flatMap(({ id, name, handle }) => [[`@${name}`, `<@${id}>`], [`@${handle}`, `<@${id}>`]]),
    ...channels.map(({ id, name }) => [`#${name}`, `<#${id}>`]),
  ].filter(([typed]) => typed.length > 1).sort(([a], [b]) => b.length - a.length);
  let sent = "";
  for (let at = 0; at < text.length; ) {
    const startsWord = at === 0 || /[\s(]/.test(text[at - 1]);
    const rest = text.slice(at).toLowerCase();
    const found = startsWord && names.find(([typed]) => rest.startsWith(typed.toLowerCase()) && !/^[\w-]/.test(rest.slice(typed.length)));
    sent += found ? found[1] : escaped(text[at]);
    at += found ? found[0].length : 1;
  }
  return sent;
}

export async function send(form) {
  const box = form.elements.text;
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  resize(box);
  const { channel, thread } = form.dataset;
  const place = { channel, thread_ts: thread || null };
  const command = /^(\/[a-z][\w-]*)(?:\s+([\s\S]*))?$/.exec(text);
  const answer = command
    ? await actOrTell("command", { ...place, command: command[1], text: encoded(command[2] ?? "", data(form)) })
    : await actOrTell("post", { ...place, text: encoded(text, data(form)) });
  if (!answer.ok && !box.value) box.value = text;
  refreshSoon();
}

export function resize(box) {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 220)}px`;
}

// The word being typed before the caret, if it can be completed.
function wordAt(box) {
  const before = box.value.slice(0, box.selectionStart);
  return /(?:^|\s)([@#][^\s@#]*)$/.exec(before)?.[1] ?? (/^\/[\w-]*$/.test(before) ? before : null);
}

function candidates(form, word) {
  const { people, channels, commands } = data(form);
  const typed = word.slice(1).toLowerCase();
  const kinds = {
    "@": people.map(({ name, handle, app }) => ({ insert: `@${name} `, label: name, note: app ? "APP" : handle, find: `${name} ${handle}` })),
    "#": channels.map(({ name }) => ({ insert: `#${name} `, label: `#${name}`, note: "", find: name })),
    "/": form.dataset.thread ? [] : commands.map(({ name, hint }) => ({ insert: `${name} `, label: name, note: hint, find: name.slice(1) })),
  };
  const starts = ({ find }) => find.toLowerCase().split(/[\s._-]+/).some((part) => part.startsWith(typed));
  return kinds[word[0]].filter(starts).slice(0, MAX_SUGGESTIONS);
}

export function suggest(form) {
  const list = form.querySelector(".suggestions");
  const word = wordAt(form.elements.text);
  const found = word ? candidates(form, word) : [];
  list.replaceChildren(...found.map((each, index) => entry(each, index === 0)));
  list.hidden = found.length === 0;
}

function entry({ insert, label, note }, isFirst) {
  const button = document.createElement("button");
  button.type = "button";
  button.role = "option";
  button.dataset.insertWord = insert;
  button.setAttribute("aria-selected", String(isFirst));
  const small = document.createElement("small");
  small.textContent = note;
  button.append(label, small);
  return button;
}

export function complete(form, button) {
  const box = form.elements.text;
  const word = wordAt(box) ?? "";
  const end = box.selectionStart;
  box.setRangeText(button.dataset.insertWord, end - word.length, end, "end");
  box.focus();
  suggest(form);
}

export function keyInComposer(event, form) {
  const list = form.querySelector(".suggestions");
  const current = list.querySelector('[aria-selected="true"]');
  if (!list.hidden && current) {
    if (["Enter", "Tab"].includes(event.key)) return handled(event, () => complete(form, current));
    if (event.key === "ArrowDown") return handled(event, () => select(current, current.nextElementSibling));
    if (event.key === "ArrowUp") return handled(event, () => select(current, current.previousElementSibling));
    if (event.key === "Escape") return handled(event, () => (list.hidden = true));
  }
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) handled(event, () => send(form));
}

function select(current, next) {
  if (!next) return;
  current.setAttribute("aria-selected", "false");
  next.setAttribute("aria-selected", "true");
}

function handled(event, what) {
  event.preventDefault();
  what();
}

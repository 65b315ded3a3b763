// Block Kit's interactive elements: what each sends when used, and the confirm dialog before it.

import { act, toast } from "./server.js";

const INPUTS = new Set(["plain_text_input", "number_input", "email_text_input", "url_text_input"]);

// The part of an action (or of view.state.values) that the person chose; null for a plain button.
export function chosen(element) {
  const type = element.dataset.element;
  if (INPUTS.has(type)) return { type, value: element.value || null };
  const options = selectedOptions(element);
  switch (type) {
    case "static_select":
    case "radio_buttons":
      return { type, selected_option: options[0] ?? null };
    case "overflow":
      return { type, selected_option: JSON.parse(element.dataset.option) };
    case "checkboxes":
    case "multi_static_select":
      return { type, selected_options: options };
    case "users_select":
      return { type, selected_user: options[0] ?? null };
    case "multi_users_select":
      return { type, selected_users: options };
    case "channels_select":
      return { type, selected_channel: options[0] ?? null };
    case "conversations_select":
      return { type, selected_conversation: options[0] ?? null };
    case "datepicker":
      return { type, selected_date: element.value || null };
    case "timepicker":
      return { type, selected_time: element.value || null };
    case "feedback_buttons":
      return { type, value: element.dataset.value };
    default:
      return null;
  }
}

function selectedOptions(element) {
  const picked = element.matches("select")
    ? [...element.selectedOptions]
    : [...element.querySelectorAll("input:checked")];
  return picked.filter((each) => each.value).map((each) => JSON.parse(each.value));
}

// Sends the action of an element to the surface that it stands on, showing a spinner until the app answers.
export async function use(element) {
  if (element.dataset.busy) return;
  if (element.dataset.confirm && !(await confirmed(JSON.parse(element.dataset.confirm)))) return;
  const surface = element.closest("[data-surface]");
  const { view, channel, ts } = surface.dataset;
  const action = { block_id: element.dataset.block, action_id: element.dataset.action, value: chosen(element) };
  element.dataset.busy = "yes";
  const answer = view
    ? await act("view/click", { view_id: view, ...action })
    : await act("click", { channel, ts, ...action });
  delete element.dataset.busy;
  if (!answer.ok) toast(answer.text || "The app did not answer.");
}

// The wording is HTML that the server has rendered and escaped.
function confirmed(wording) {
  const dialog = document.getElementById("confirm-dialog").content.firstElementChild.cloneNode(true);
  const parts = { title: "Are you sure?", text: "", confirm: "Yes", deny: "Cancel" };
  for (const [name, fallback] of Object.entries(parts)) {
    dialog.querySelector(`[data-part="${name}"]`).innerHTML = wording[name] ?? fallback;
  }
  if (wording.style === "danger") dialog.querySelector('[data-part="confirm"]').classList.replace("primary", "danger");
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "confirm");
      dialog.remove();
    });
  });
}

// view.state.values of a modal's form.
export function stateValues(form) {
  const values = {};
  for (const element of form.querySelectorAll("[data-element]")) {
    const state = chosen(element);
    if (!state || ["overflow", "feedback_buttons"].includes(state.type)) continue;
    (values[element.dataset.block] ??= {})[element.dataset.action] = state;
  }
  return values;
}

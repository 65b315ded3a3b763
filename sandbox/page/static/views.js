// Modals: submitting, closing, and the errors under their inputs.

import { act, toast } from "./server.js";
import { refresh } from "./live.js";
import { stateValues } from "./elements.js";

export async function submit(form) {
  const button = form.querySelector('button[type="submit"]');
  if (button.dataset.busy) return;
  showErrors(form, {});
  button.dataset.busy = "yes";
  const answer = await act("view/submit", { view_id: form.dataset.view, values: stateValues(form) });
  delete button.dataset.busy;
  if (Object.keys(answer.errors ?? {}).length) showErrors(form, answer.errors);
  else if (!answer.ok) toast(answer.text || "The app did not answer.");
  await refresh();
}

export async function close(form) {
  const answer = await act("view/close", { view_id: form.dataset.view });
  if (!answer.ok) toast(answer.text);
  await refresh();
}

function showErrors(form, errors) {
  for (const place of form.querySelectorAll("[data-error-for]")) {
    place.textContent = errors[place.dataset.errorFor] ?? "";
  }
}

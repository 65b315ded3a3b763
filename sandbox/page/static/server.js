// Requests to the page's own server, and the toast that says what went wrong.

const TOAST_SECONDS = 8;

export function here() {
  return new URLSearchParams(location.search);
}

export function user() {
  return here().get("user") || document.querySelector(".switcher .is-me")?.dataset.user || "";
}

// Sends what the person did. Resolves to {ok, text, errors}, also when the server cannot be reached.
export async function act(path, body) {
  try {
    const response = await fetch(`/page/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: user(), ...body }),
    });
    return await response.json();
  } catch {
    return { ok: false, text: "The workspace does not answer. Is the demo still running?", errors: {} };
  }
}

// The same, with the app's sentence shown if it failed.
export async function actOrTell(path, body) {
  const answer = await act(path, body);
  if (!answer.ok) toast(answer.text || "That did not work.");
  return answer;
}

export function toast(sentence) {
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = sentence;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), TOAST_SECONDS * 1000);
}

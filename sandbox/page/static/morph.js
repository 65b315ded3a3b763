// Makes a live element's children equal to new HTML with as few changes as possible, so that scroll positions,
// focus and half-typed text survive. Children with data-key are matched by it, others by position.

const KEPT_ATTRIBUTES = new Set(["data-busy"]);

export function patch(root, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  morphChildren(root, fresh.content);
}

function morphChildren(live, fresh) {
  const keyed = new Map();
  for (const child of live.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  let cursor = live.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted.dataset?.key;
    const match = key ? keyed.get(key) : unkeyed(cursor, wanted);
    if (!match) {
      live.insertBefore(wanted, cursor);
      continue;
    }
    if (match !== cursor) live.insertBefore(match, cursor);
    cursor = match.nextSibling;
    morphNode(match, wanted);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

function unkeyed(node, wanted) {
  const alike = node && node.nodeName === wanted.nodeName && !node.dataset?.key;
  return alike ? node : null;
}

function morphNode(live, fresh) {
  if (live.nodeType !== Node.ELEMENT_NODE) {
    if (live.nodeValue !== fresh.nodeValue) live.nodeValue = fresh.nodeValue;
    return;
  }
  if (live.nodeName !== fresh.nodeName) {
    live.replaceWith(fresh);
    return;
  }
  if (live.isEqualNode(fresh) || live.hasAttribute("data-keep")) return;
  morphAttributes(live, fresh);
  if (!isBeingTyped(live)) morphChildren(live, fresh);
}

function morphAttributes(live, fresh) {
  const kept = (name) => KEPT_ATTRIBUTES.has(name) || (name === "open" && live.nodeName === "DETAILS");
  for (const { name } of [...live.attributes]) {
    if (!fresh.hasAttribute(name) && !kept(name)) live.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (live.getAttribute(name) !== value && !kept(name)) live.setAttribute(name, value);
  }
}

function isBeingTyped(element) {
  return ["TEXTAREA", "INPUT", "SELECT"].includes(element.nodeName);
}

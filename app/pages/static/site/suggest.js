"use strict";
const box = document.getElementById("q");
let latest = 0;
box.addEventListener("input", async () => {
  const asked = ++latest;
  const typed = box.value.trim();
  // the form's address holds the path below which the API may be served
  const address = box.form.action.replace(/search$/, "suggest");
  const answer = typed.length > 1 && (await fetch(`${address}?q=${encodeURIComponent(typed)}`));
  // an answer to what was typed before may come later
  if (asked !== latest) return;
  const items = answer?.ok ? (await answer.json()).items : [];
  box.list.replaceChildren(...items.map(({ text, hint }) => new Option(hint, text)));
});

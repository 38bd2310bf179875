"use strict";
const box = document.querySelector("[data-suggest]");
let latest = 0;
box?.addEventListener("input", async () => {
  const asked = ++latest;
  const typed = box.value.trim();
  const answer = typed.length > 1 && (await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(typed)}`));
  // an answer to what was typed before may come later
  if (asked !== latest) return;
  const items = answer?.ok ? (await answer.json()).items : [];
  box.list.replaceChildren(...items.map(({ text, hint }) => new Option(hint, text)));
});

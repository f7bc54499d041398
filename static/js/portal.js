// What the pages cannot do without a script, and can do without: a busy word, the focus, print.
"use strict";

const errors = document.querySelector("[data-focus]");
if (errors) errors.focus();

// A button that leaves for another site says so until the browser has gone.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[data-busy]");
  if (!button) return;
  if (button.getAttribute("aria-disabled") === "true") {
    event.preventDefault();
    return;
  }
  const words = button.querySelector("span");
  button.dataset.words = words.textContent;
  words.textContent = button.dataset.busy;
  button.setAttribute("aria-disabled", "true");
});

// Back from there, the page may come out of the browser's memory as it was left.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[data-words]")) {
    button.querySelector("span").textContent = button.dataset.words;
    button.removeAttribute("aria-disabled");
  }
});

// On paper nothing can be opened.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});

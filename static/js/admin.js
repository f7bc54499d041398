/* What staff pages can do better with a script: copy a text, put the focus on an error. All works without it. */
(function () {
  "use strict";

  function textOf(element) {
    return "value" in element ? element.value : element.textContent;
  }

  function copy(event) {
    const button = event.currentTarget;
    const source = document.getElementById(button.dataset.copy);
    const said = button.parentElement.querySelector("[role=status]");
    navigator.clipboard.writeText(textOf(source)).then(
      function () { said.textContent = button.dataset.said; },
      function () { said.textContent = "Your browser did not allow it: select the text and copy it."; }
    );
  }

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    if (!navigator.clipboard) { return; }
    button.hidden = false;
    button.addEventListener("click", copy);
  });

  const summary = document.querySelector(".error-summary");
  if (summary) { summary.focus(); }
})();

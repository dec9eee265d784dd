// What terminal.js leaves to its page: keys go to the terminal at once, and an ended session can be opened again.
"use strict";

window.addEventListener("load", () => document.querySelector(".xterm-helper-textarea").focus());

const again = document.getElementById("again");
again.addEventListener("click", () => window.location.reload());
new MutationObserver(() => {
  if (document.body.classList.contains("-closed")) again.focus();
}).observe(document.body, { attributeFilter: ["class"] });

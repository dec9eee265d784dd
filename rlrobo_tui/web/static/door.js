// Exchanges the token behind the # for a cookie, and forgets it.
"use strict";

async function enter(token) {
  history.replaceState(null, "", "/");
  const response = await fetch("/enter", { method: "POST", body: token });
  if (response.ok) {
    window.location.replace((await response.json()).room);
  } else {
    document.getElementById("message").textContent =
      "This token is not valid any more; open the address that rlrobo web printed last.";
  }
}

if (window.location.hash.length > 1) {
  enter(window.location.hash.slice(1));
}

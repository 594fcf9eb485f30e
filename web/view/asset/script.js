// The one script: live rows, opening a call by its row, small comforts. Pages work without it.
"use strict";

const rowsMax = 60;

// A click anywhere on a call opens its explanation; links and selections are left alone.
document.addEventListener("click", (event) => {
  const row = event.target.closest(".calls tr.row");
  if (!row || event.target.closest("a, button, summary, input") || getSelection().toString()) return;
  const details = row.querySelector("details");
  if (details) details.open = !details.open;
});

// A form asks before it does what cannot be taken back.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// Filters that are empty stay out of the address.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

function follow(ticker) {
  const state = document.getElementById("live-state");
  const rows = ticker.querySelector("tbody");
  const say = (name, text) => { state.dataset.state = name; state.textContent = text; };
  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };
  const source = new EventSource(ticker.dataset.live);
  source.addEventListener("open", () => say("on", "Live"));
  source.addEventListener("error", () => source.readyState === EventSource.CLOSED
    ? say("lost", "No longer live: reload the page")
    : say("lost", "Connection lost, trying again…"));
  source.addEventListener("calls", (event) => {
    const fresh = parse(event.data);
    for (const row of fresh.querySelectorAll("tr.row")) {
      if (document.getElementById(row.id)) { row.nextElementSibling.remove(); row.remove(); }
      else row.classList.add("fresh");
    }
    rows.prepend(fresh);
    const all = rows.querySelectorAll("tr.row");
    for (let i = rowsMax; i < all.length; i++) {
      if (all[i].querySelector("details[open]")) continue;
      all[i].nextElementSibling.remove();
      all[i].remove();
    }
    ticker.hidden = false;
    document.getElementById("live-empty")?.remove();
  });
  source.addEventListener("figures", (event) => {
    document.getElementById("figures").replaceChildren(parse(event.data));
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

const ticker = document.querySelector("[data-live]");
if (ticker) follow(ticker);

// The current page is in sight in the narrow menu.
document.querySelector(".nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

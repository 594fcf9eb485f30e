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
  if (!question) return;
  const answer = event.target.elements.confirmed;
  if (!confirm(question)) event.preventDefault();
  else if (answer) answer.value = "yes";
});

// Filters that are empty stay out of the address.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

const parse = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};

// Opens a stream of events and says beside the title how it is doing.
function listen(path) {
  const state = document.getElementById("live-state");
  const say = (name, text) => { state.dataset.state = name; state.textContent = text; };
  const source = new EventSource(path);
  source.addEventListener("open", () => say("on", "Live"));
  source.addEventListener("error", () => source.readyState === EventSource.CLOSED
    ? say("lost", "No longer live: reload the page")
    : say("lost", "Connection lost, trying again…"));
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  return source;
}

// Finished calls as they come, and the figures of today.
function follow(ticker) {
  const rows = ticker.querySelector("tbody");
  const source = listen(ticker.dataset.live);
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
}

// Calls in progress. Amounts come as text and stay text; only seconds are counted here.
function run(calls) {
  const rows = calls.querySelector("tbody");
  const known = new Map();
  const clock = (ms) => {
    const s = Math.max(Math.floor(ms / 1000), 0);
    const two = (n) => String(n).padStart(2, "0");
    const minutes = Math.floor(s / 60) % 60;
    return s < 3600 ? `${minutes}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(minutes)}:${two(s % 60)}`;
  };
  const write = (node, text) => { if (node && node.data !== text) node.data = text; };
  const first = (cell) => cell?.firstChild ?? cell?.appendChild(document.createTextNode(""));
  const learn = (row) => {
    const amount = (name) => row.querySelector(`.${name} .money`);
    known.set(row.id, {
      row, since: Number(row.dataset.since), until: Number(row.dataset.until ?? 0),
      talk: first(row.querySelector(".talk")), left: row.querySelector(".lasts")?.firstChild, held: row.querySelector(".held")?.firstChild,
      price: amount("price"), credit: amount("credit"),
    });
  };
  const pay = (money, text) => {
    if (!money || text == null) return;
    const cents = text.indexOf(".") + 3;
    money.classList.toggle("minus", text.startsWith("−"));
    write(money.querySelector(".unit").nextSibling, text.slice(0, cents));
    write(first(money.querySelector(".rest")), text.slice(cents));
  };
  const settle = () => {
    calls.hidden = known.size === 0;
    document.getElementById("live-empty").hidden = known.size > 0;
  };
  const source = listen(calls.dataset.calls);
  source.addEventListener("all", (event) => {
    known.clear();
    rows.replaceChildren(parse(event.data));
    for (const row of rows.rows) learn(row);
    settle();
  });
  source.addEventListener("calls", (event) => {
    const fresh = parse(event.data);
    for (const row of [...fresh.querySelectorAll("tr")]) {
      known.get(row.id)?.row.replaceWith(row);
      learn(row);
    }
    rows.prepend(fresh);
    settle();
  });
  source.addEventListener("gone", (event) => {
    for (const key of event.data.split(" ")) {
      known.get("live-" + key)?.row.remove();
      known.delete("live-" + key);
    }
    settle();
  });
  source.addEventListener("tick", (event) => {
    const { now, text, rows: changed = [] } = JSON.parse(event.data);
    if (text) document.getElementById("live-sums").textContent = text;
    for (const [key, price, credit, until, held] of changed) {
      const call = known.get("live-" + key);
      if (!call) continue;
      pay(call.price, price);
      pay(call.credit, credit);
      if (until != null) call.until = until;
      if (held != null) write(call.held, held);
    }
    for (const call of known.values()) {
      write(call.talk, clock(now - call.since));
      if (call.until) write(call.left, clock(call.until - now));
    }
  });
}

// Parts of a page that are sent anew when they change: an event is named as the part.
function renew(page) {
  const source = listen(page.dataset.parts);
  for (const id of ["balances", "held"]) source.addEventListener(id, (event) => {
    document.getElementById(id).replaceChildren(parse(event.data));
  });
}

const ticker = document.querySelector("[data-live]");
if (ticker) follow(ticker);
const calls = document.querySelector("[data-calls]");
if (calls) run(calls);
const page = document.querySelector("[data-parts]");
if (page) renew(page);

// The current page is in sight in the narrow menu.
document.querySelector(".nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

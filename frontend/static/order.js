// The page of an order: this browser keeps its link, and a page that can't say for good yet goes on asking.

const keeper = await import(document.documentElement.dataset.keeper);
const said = document.getElementById("said");
const order = () => document.querySelector("[data-keep]").dataset;

// How long the first and the longest pause are, by what the page says now.
const PAUSES_MS = { confirming: [1_000, 8_000], delayed: [10_000, 60_000] };
const ARRIVAL_S = 30; // as long as a try may still be on its way

function keep() {
  const { orderId: id, key, title, startsAt, asked, status } = order();
  const known = keeper.orders().find((entry) => entry.id === id);
  if (!known && !title) return; // nothing that could stand in the list
  const decided = status !== "checking" && status !== "unavailable";
  const told = { title, startsAt, asked, status: decided ? status : (known?.status ?? "unconfirmed") };
  const given = Object.fromEntries(Object.entries(told).filter(([, value]) => value));
  keeper.rememberOrder({ id, key, ...given, unseen: false });
  if (decided && status !== "unconfirmed") keeper.settle(id);
}

/** What the page of an order in this state is called. */
function stateOf({ status, delayed, message }) {
  if (status === "pending") return delayed ? "delayed" : "confirming";
  return message === undefined ? status : "refused";
}

// Whether the shop's answer is another one than the page's; "later" when it can't say.
async function look() {
  const { poll, key, status } = order();
  let answer, content;
  try {
    answer = await fetch(`${poll}?key=${encodeURIComponent(key)}`, { cache: "no-store" });
    content = await answer.json();
  } catch {
    return { later: true, afterMs: 0 };
  }
  const afterMs = (Number(answer.headers.get("Retry-After")) || 0) * 1000;
  if (answer.status >= 500 || answer.status === 429) return { later: true, afterMs };
  if (answer.status === 404 && status === "checking") {
    const asked = Number(new URLSearchParams(location.search).get("asked"));
    return { later: Date.now() / 1000 - asked <= ARRIVAL_S, afterMs };
  }
  return { later: answer.ok && stateOf(content ?? {}) === status, afterMs };
}

// Puts the new state in place of the old one, and says so to who does not see it.
async function show() {
  let page;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return;
  }
  const state = page.querySelector("[data-keep]")?.dataset.status;
  if (!state || state === "unavailable") return; // it can't say right now: what stands here is still true
  const main = document.querySelector("main");
  const hadFocus = main.contains(document.activeElement) && document.activeElement !== main;
  document.title = page.title;
  main.replaceChildren(...page.querySelector("main").childNodes);
  if (hadFocus) main.focus({ preventScroll: true });
  said.textContent = main.querySelector("h1").textContent;
  document.dispatchEvent(new Event("shown"));
  keep();
}

// Between one and two times as long at each turn, so that many browsers don't ask at once.
function follow() {
  let timer;
  let pause = 0;
  let lookedAt = Date.now();

  function again(afterMs = 0) {
    const { poll, status } = order();
    if (!poll) return;
    const [first, longest] = PAUSES_MS[status] ?? [1_500, 20_000];
    pause = pause ? Math.min(pause * 1.5, longest) : first;
    timer = setTimeout(turn, Math.max(afterMs, pause) + Math.random() * pause);
  }

  async function turn() {
    clearTimeout(timer);
    lookedAt = Date.now();
    const { status } = order();
    const { later, afterMs } = await look();
    if (!later) await show();
    if (order().status !== status) pause = 0;
    again(afterMs);
  }

  addEventListener("online", turn);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && order().poll && Date.now() - lookedAt > 5_000) turn();
  });
  again();
}

keep();
if (order().poll) follow();

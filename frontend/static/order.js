// The page of an order: this browser keeps its link, and a page that can't say yet asks again.

const KEPT = "flametickets.orders";
const MOST = 50;
const order = document.querySelector("[data-keep]").dataset;

function keep() {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(KEPT)) ?? [];
  } catch {
    return; // storage is switched off, or holds what is not ours: the page works without
  }
  if (!Array.isArray(kept)) return;
  kept = kept.filter((entry) => entry?.id);
  const known = kept.find((entry) => entry.id === order.orderId);
  const decided = order.status !== "checking" && order.status !== "unavailable";
  if (!known && !order.title) return; // nothing that could stand in the list
  const entry = {
    ...known,
    id: order.orderId,
    key: order.key,
    ...(order.title && { title: order.title }),
    ...(order.startsAt && { startsAt: order.startsAt }),
    ...(order.asked && { asked: order.asked }),
    status: decided ? order.status : known.status,
  };
  const others = kept.filter((other) => other.id !== order.orderId);
  try {
    localStorage.setItem(KEPT, JSON.stringify([entry, ...others].slice(0, MOST)));
  } catch {
    // full or switched off: the address of the page is still the ticket
  }
}

// Between one and two times as long at each turn, up to 20 s, so that many browsers don't ask at once.
function again(pause) {
  setTimeout(async () => {
    let answer;
    try {
      answer = await fetch(`${order.poll}?key=${encodeURIComponent(order.key)}`, { cache: "no-store" });
    } catch {
      return again(Math.min(pause * 1.5, 20_000));
    }
    const undecided = answer.status === 503 || answer.status === 429;
    const missing = answer.status === 404 && order.status === "checking";
    if (missing && Date.now() / 1000 - Number(new URLSearchParams(location.search).get("asked")) > 30) {
      return location.reload();
    }
    if (undecided || missing) return again(Math.min(pause * 1.5, 20_000));
    location.reload();
  }, pause * (1 + Math.random()));
}

keep();
if (order.poll) again(1_500);

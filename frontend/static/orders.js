// The list of orders whose links this browser keeps.

const keeper = await import(document.documentElement.dataset.keeper);
const locale = document.documentElement.dataset.locale;
const list = document.getElementById("kept");

// A show's time is told by the clock of its place: the offset is left away, and no other is put in.
function day(startsAt) {
  const moment = new Date(`${startsAt.slice(0, 16)}Z`);
  if (Number.isNaN(moment.getTime())) return "";
  return new Intl.DateTimeFormat(locale, {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC",
  }).format(moment);
}

function show() {
  const kept = keeper.orders();
  list.replaceChildren();
  for (const entry of kept) {
    const item = document.getElementById("kept-order").content.cloneNode(true);
    const words = document.querySelector(`#statuses [data-status="${CSS.escape(entry.status)}"]`);
    const query = new URLSearchParams({ key: entry.key });
    if (entry.status === "unconfirmed" && entry.asked) query.set("asked", entry.asked);
    item.querySelector("a").href = `/orders/${entry.id}?${query}`;
    item.querySelector(".kept-title").textContent = entry.title ?? entry.id;
    item.querySelector(".kept-when").textContent = entry.startsAt ? day(String(entry.startsAt)) : "";
    item.querySelector(".kept-status").textContent = words ? words.textContent : "";
    item.querySelector(".kept-status").dataset.status = entry.status;
    list.append(item);
  }
  list.hidden = kept.length === 0;
  document.getElementById("none").hidden = kept.length > 0;
  document.getElementById("forget").hidden = kept.length === 0;
}

document.querySelector("[data-forget]").addEventListener("click", () => {
  keeper.forgetOrders();
  show();
});
addEventListener("storage", show);
addEventListener("pageshow", show);
show();

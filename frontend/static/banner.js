// On every page of the shop: purchases that have no answer yet go on being sent, and the buyer is told.

const keeper = await import(document.documentElement.dataset.keeper);
const place = document.getElementById("banners");
const form = document.querySelector("form[data-purchase]");
const here = document.querySelector("[data-keep]")?.dataset.orderId;

// The page of a purchase form looks after its own.
const isOfThisPage = (entry) =>
  form !== null &&
  (entry.id === form.elements.order_id.value || (form.dataset.purchase === "fresh" && entry.slug === form.dataset.slug));

function banner(entry) {
  const shown = document.getElementById("banner").content.cloneNode(true).firstElementChild;
  for (const title of shown.querySelectorAll("[data-title]")) title.textContent = entry.title ?? entry.slug ?? entry.id;
  place.querySelector("[data-list]").append(shown);
  return shown;
}

function say(shown, state) {
  for (const part of shown.querySelectorAll("[data-says]")) part.hidden = !part.dataset.says.split(" ").includes(state);
  place.hidden = false;
}

function take(shown) {
  shown.remove();
  place.hidden = place.querySelector("[data-list]").childElementCount === 0;
}

function sayOrder(shown, order) {
  if (order.id === here) return take(shown);
  shown.querySelector("[data-order]").href = `/orders/${order.id}?${new URLSearchParams({ key: order.key })}`;
  say(shown, order.status === "confirmed" ? "confirmed" : "accepted");
}

function lookAfter(entry) {
  const shown = banner(entry);
  const pursuit = keeper.pursue(entry.id, (state, told) => {
    if (state === "accepted") sayOrder(shown, told);
    else if (state === "gone") take(shown);
    else say(shown, state);
  });
  const form = shown.querySelector("[data-form]");
  form.href = `/shows/${entry.slug}`;
  shown.querySelector("[data-see]").addEventListener("click", () => keeper.seeRefusal(entry));
  shown.querySelector("[data-go-on]").addEventListener("click", () => pursuit.goOn());
  shown.querySelector("[data-stop]").addEventListener("click", () => {
    keeper.giveUp(entry.id);
    take(shown);
  });
}

for (const entry of keeper.purchases()) if (!isOfThisPage(entry)) lookAfter(entry);
for (const order of keeper.orders()) if (order.unseen && order.id !== here) sayOrder(banner(order), order);

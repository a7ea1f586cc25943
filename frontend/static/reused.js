// A form that was used before: its order id is not for new forms, and the earlier order is shown to who has its key.

const keeper = await import(document.documentElement.dataset.keeper);
const earlier = document.querySelector("[data-earlier]");
const order = keeper.orders().find((entry) => entry.id === earlier.dataset.earlier);

keeper.giveUp(earlier.dataset.earlier);
if (order) {
  const query = new URLSearchParams({ key: order.key, ...(order.status === "unconfirmed" && { asked: order.asked ?? "" }) });
  earlier.querySelector("a").href = `/orders/${order.id}?${query}`;
  earlier.hidden = false;
  document.querySelector("[data-otherwise]").hidden = true;
}

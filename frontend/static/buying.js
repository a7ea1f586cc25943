// A purchase form that is sent by this script: kept until there is an answer, whatever becomes of page and network.
// Without it the form is sent by the browser, with the same order id and the same outcome.

const keeper = await import(document.documentElement.dataset.keeper);
const form = document.querySelector("form[data-purchase]");
const waiting = document.getElementById("waiting");
const keeping = document.getElementById("keeping");
const button = form?.querySelector("[data-busy]");
const words = button?.textContent;
let pursuit = null;

function purchase() {
  const { slug, title, startsAt, salesEnd, key, asked } = form.dataset;
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
  const known = { title, startsAt, salesEnd, key, asked };
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value));
  return { id: form.elements.order_id.value, slug, fields, ...given };
}

function rest(busy) {
  button.setAttribute("aria-disabled", String(busy));
  button.textContent = busy ? button.dataset.busy : words;
}

// While nobody knows what became of it, the form gives way: it could only be repeated as it is, or started anew.
function showWaiting(state, entry) {
  for (const part of document.querySelectorAll("main [data-says]")) {
    part.hidden = !part.dataset.says.split(" ").includes(state);
  }
  keeping.hidden = false;
  for (const link of document.querySelectorAll("[data-look]")) {
    link.hidden = !entry.key;
    link.href = `/orders/${entry.id}?${new URLSearchParams({ key: entry.key, asked: entry.asked })}`;
  }
  if (!waiting?.hidden || state === "trying") return;
  tellWhat(entry.fields);
  form.hidden = true;
  waiting.hidden = false;
  waiting.querySelector("h2").focus();
}

function tellWhat(fields) {
  const nameOf = (field) => form.querySelector(`label[for="${CSS.escape(field)}"]`)?.textContent ?? field;
  const tickets = fields.filter(([name, value]) => name.startsWith("quantity-") && Number(value) > 0);
  waiting.querySelector("[data-tickets]").textContent = tickets.map(([name, value]) => `${value} × ${nameOf(name)}`).join(", ");
  for (const place of waiting.querySelectorAll("[data-field]")) {
    place.textContent = fields.find(([name]) => name === place.dataset.field)?.[1] ?? "";
  }
}

function tell(state, entry) {
  if (state === "accepted") return leave(`/orders/${entry.id}?${new URLSearchParams({ key: entry.key })}`);
  if (state === "gone") return leave(`/shows/${form.dataset.slug}`);
  if (state === "refused") {
    remember(null);
    return keeper.seeRefusal(entry);
  }
  rest(state === "trying");
  showWaiting(state, entry);
}

// The answer to a sent form is no page to come back to: the browser would have to send it again.
function leave(address) {
  if (form.dataset.purchase === "fresh") location.assign(address);
  else location.replace(address);
}

// Who comes back to the form by the browser's button finds it as it was sent, with the order id that it was sent with.
const remember = (sent) => history.replaceState({ ...history.state, sent }, "");

function bringBack(sent) {
  form.elements.order_id.value = sent.id;
  for (const [name, value] of sent.fields) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement && field.type !== "hidden") {
      field.value = value;
      field.dispatchEvent(new Event("input"));
    }
  }
  const notice = document.getElementById("sent-before");
  const order = keeper.orders().find((entry) => entry.id === sent.id);
  notice.hidden = false;
  notice.querySelector("[data-order]").hidden = !order;
  if (order) notice.querySelector("[data-order]").href = `/orders/${order.id}?${new URLSearchParams({ key: order.key })}`;
}

const isWithinLimits = () =>
  [...form.querySelectorAll("input[data-limit]")].every((input) => Number(input.value) <= Number(input.dataset.limit));

function press(event) {
  if (event.submitter?.name === "only-total") return;
  const pressed = purchase();
  if (pursuit === null && !(keeper.isSendable(pressed.fields) && isWithinLimits())) return;
  event.preventDefault();
  if (pursuit !== null) return pursuit.now(); // a second press is no second order
  rest(true);
  remember({ id: pressed.id, fields: pressed.fields });
  if (!sentElsewhere()) keeper.keep(pressed);
  pursuit = keeper.pursue(pressed.id, tell);
}

// What another tab has sent under this order id can only be repeated as it is.
const sentElsewhere = () => keeper.purchases().find((entry) => entry.id === form.elements.order_id.value && !entry.refused);

// Without an answer there, this form gives way too.
function join() {
  if (pursuit === null && sentElsewhere()?.asked) pursuit = keeper.pursue(form.elements.order_id.value, tell, 1_000);
}

function begin() {
  const { slug } = form.dataset;
  if (form.dataset.purchase === "sent") {
    const sent = purchase();
    keeper.keep(sent);
    pursuit = keeper.pursue(sent.id, tell, Number(form.dataset.after) * 1000 * (1 + Math.random()));
    return showWaiting("waiting", sent);
  }
  if (form.dataset.purchase === "answered") return keeper.shareId(slug, form.elements.order_id.value);
  const kept = keeper.purchases().find((entry) => entry.slug === slug);
  if (kept) {
    pursuit = keeper.pursue(kept.id, tell);
    showWaiting("waiting", kept);
  } else if (history.state?.sent) bringBack(history.state.sent);
  else form.elements.order_id.value = keeper.sharedId(slug, form.elements.order_id.value);
}

if (form) {
  begin();
  form.addEventListener("submit", press);
  addEventListener("storage", join);
  addEventListener("pageshow", (event) => event.persisted && history.state?.sent && location.reload());
  for (const each of document.querySelectorAll("[data-try]")) each.addEventListener("click", () => pursuit?.now());
  for (const each of document.querySelectorAll("[data-go-on]")) each.addEventListener("click", () => pursuit?.goOn());
  for (const each of document.querySelectorAll("[data-anew]")) {
    each.addEventListener("click", () => {
      const kept = keeper.purchases().find((entry) => entry.slug === form.dataset.slug);
      keeper.giveUp(kept?.id ?? form.elements.order_id.value);
      remember(null);
    });
  }
}

// What this browser keeps: purchases until they are answered, the links of orders, and the order id that every form
// of one show shares. A purchase is always sent with the order id that it was pressed with, so no repeat buys twice.

const PURCHASES = "flametickets.purchases";
const ORDERS = "flametickets.orders";
const FORMS = "flametickets.forms";
const MOST = { [PURCHASES]: 5, [ORDERS]: 50, [FORMS]: 20 };
const TRY_MS = 30 * 60_000; // after that the buyer is asked
const FORGET_MS = 7 * 24 * 3_600_000;
const ANSWER_MS = 20_000;
const LONGEST_PAUSE_MS = 20_000;
const REFUSALS = [400, 403, 404, 409, 410, 413, 415, 422];

const memory = new Map(); // for a browser that lets no page keep anything

function read(name) {
  try {
    const list = JSON.parse(memory.get(name) ?? localStorage.getItem(name));
    return Array.isArray(list) ? list.filter((entry) => /^[0-9a-f-]{36}$/.test(entry?.id)) : [];
  } catch {
    return [];
  }
}

function write(name, list) {
  const text = JSON.stringify(list.slice(0, MOST[name]));
  try {
    localStorage.setItem(name, text);
    memory.delete(name);
  } catch {
    memory.set(name, text);
  }
}

const put = (name, entry) => write(name, [entry, ...read(name).filter((other) => other.id !== entry.id)]);
const drop = (name, id) => write(name, read(name).filter((entry) => entry.id !== id));
const change = (name, id, changes) =>
  write(name, read(name).map((entry) => (entry.id === id ? { ...entry, ...changes } : entry)));

/** The purchases that wait for an answer, or for the buyer to see that they were refused; the latest first. */
export const purchases = () => read(PURCHASES).filter((entry) => Array.isArray(entry.fields) && entry.until > Date.now() - FORGET_MS);

/** The orders whose links this browser keeps, the latest first. */
export const orders = () => read(ORDERS);

/** Keeps the link of an order; what is not given stays as it was. */
export function rememberOrder(order) {
  put(ORDERS, { ...orders().find((known) => known.id === order.id), ...order });
}

/** Forgets the links of all orders. */
export const forgetOrders = () => write(ORDERS, []);

/** The order id that all forms of a show in this browser share until it is answered; `id` if there is none yet. */
export function sharedId(slug, id) {
  const form = read(FORMS).find((entry) => entry.slug === slug);
  if (!form) put(FORMS, { id, slug });
  return form?.id ?? id;
}

/** From now on the forms of this show have another order id. */
export function shareId(slug, id) {
  write(FORMS, read(FORMS).filter((entry) => entry.slug !== slug));
  put(FORMS, { id, slug });
}

/** An order id that was answered is not for new forms. */
export const settle = (id) => drop(FORMS, id);

/** Keeps a purchase: for half an hour, or until sales end. (If they ended before the press, the clock here is wrong.) */
export function keep(purchase) {
  const end = Date.parse(purchase.salesEnd ?? "");
  const until = Math.min(Date.now() + TRY_MS, end > Date.now() ? end : Infinity);
  const known = read(PURCHASES).find((entry) => entry.id === purchase.id);
  put(PURCHASES, { until, ...known, ...purchase, refused: false });
}

/** No longer keeps a purchase; if its key is known, its link stays among the orders. */
export function giveUp(id) {
  drop(PURCHASES, id);
  settle(id);
}

/** Goes to the shop's own page about a refused purchase: sent as a form, it has the same outcome, in words. */
export function seeRefusal(purchase) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `/shows/${purchase.slug}/orders`;
  form.hidden = true;
  for (const [name, value] of [...purchase.fields, ["decided", "1"]]) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  giveUp(purchase.id);
  document.body.append(form);
  form.submit();
}

const quantities = (fields) => fields.filter(([name]) => name.startsWith("quantity-"));

/** Whether fields can be sent as they are; if not, the server's page says what is wrong with them. */
export function isSendable(fields) {
  const { name, email } = Object.fromEntries(fields);
  const counts = quantities(fields).map(([, value]) => value.trim());
  const prices = fields.filter(([field]) => field.startsWith("price-"));
  return (
    counts.every((count) => /^\d{0,3}$/.test(count)) &&
    counts.some((count) => Number(count) > 0) &&
    prices.length >= counts.length && // without them the total that the buyer saw would not be told
    prices.every(([, price]) => /^\d+$/.test(price)) &&
    name?.trim() !== "" &&
    /.@./.test(email)
  );
}

function asked(purchase) {
  const fields = Object.fromEntries(purchase.fields);
  const lines = quantities(purchase.fields)
    .map(([name, value]) => ({ ticket_type: name.slice("quantity-".length), quantity: Number(value) }))
    .filter((line) => line.quantity > 0);
  const total = lines.reduce((sum, line) => sum + line.quantity * Number(fields[`price-${line.ticket_type}`]), 0);
  return { show: purchase.slug, lines, name: fields.name, email: fields.email, expected_total: total };
}

// Only an answer of the shop itself decides. All else (no connection, a gateway's page, overload) is no answer.
async function send(purchase) {
  let answer, content;
  try {
    answer = await fetch("/api/orders", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": purchase.id },
      body: JSON.stringify(asked(purchase)),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    content = await answer.json();
  } catch {
    return { afterMs: 0 };
  }
  if (answer.ok && content?.order_id === purchase.id && content.key) return { order: content };
  if (REFUSALS.includes(answer.status) && content?.status === answer.status) return { refused: true };
  const key = content?.order_id === purchase.id ? content.key : undefined;
  return { afterMs: (Number(answer.headers.get("Retry-After")) || 0) * 1000, key };
}

function accept(purchase, order) {
  const { id, title, startsAt } = purchase;
  const status = order.status === "pending" ? "confirming" : order.status;
  rememberOrder({ id, key: order.key, title, startsAt, status, unseen: true });
  giveUp(id);
}

function stayUnanswered(purchase, key) {
  const { id, title, startsAt } = purchase;
  const askedAt = String(Math.floor(Date.now() / 1000));
  if (key) rememberOrder({ id, key, title, startsAt, asked: askedAt, status: "unconfirmed" });
  change(PURCHASES, id, { ...(key && { key }), asked: askedAt });
}

/**
 * Sends a kept purchase until it is answered. `tell(state, entry)` hears `trying`, `waiting`, `asking` and, at the
 * end, `accepted` (with the order), `refused`, or `gone` (another tab had the answer, or the buyer gave up).
 */
export function pursue(id, tell, firstPauseMs = 0) {
  let timer;
  let busy = false;
  let tries = 0;

  const find = () => purchases().find((entry) => entry.id === id);
  const again = (pauseMs) => {
    clearTimeout(timer);
    timer = setTimeout(turn, pauseMs);
  };
  // The server's word is kept; beyond it each browser waits a different time, so that not all come at once.
  const pause = (afterMs) => Math.max(afterMs, 500) + Math.random() * Math.min(1000 * 2 ** tries, LONGEST_PAUSE_MS);

  async function turn(pressed = false) {
    if (busy) return;
    const purchase = find();
    if (!purchase) return ended();
    if (purchase.refused) return tell("refused", purchase);
    if (Date.now() >= purchase.until && !pressed) return tell("asking", purchase);
    if (!pressed && Date.now() - (purchase.triedAt ?? 0) < 500) return again(pause(0)); // another tab is at it
    busy = true;
    tell("trying", purchase);
    change(PURCHASES, id, { triedAt: Date.now() });
    const answer = await send(purchase);
    busy = false;
    hear(answer);
  }

  function hear(answer) {
    const purchase = find();
    if (!purchase) return ended();
    if (answer.order) {
      accept(purchase, answer.order);
      return ended();
    }
    if (answer.refused) {
      change(PURCHASES, id, { refused: true });
      settle(id);
      return tell("refused", purchase);
    }
    stayUnanswered(purchase, answer.key);
    tell("waiting", find());
    again(Math.min(pause(answer.afterMs), Math.max(purchase.until - Date.now(), 0)));
    tries += 1;
  }

  function ended() {
    clearTimeout(timer);
    removeEventListener("online", now);
    removeEventListener("storage", changed);
    const order = orders().find((entry) => entry.id === id);
    if (order && order.status !== "unconfirmed") tell("accepted", order);
    else tell("gone");
  }

  const now = () => turn(true);
  const changed = () => find() || busy || ended();
  addEventListener("online", now);
  addEventListener("storage", changed);
  again(firstPauseMs);
  return {
    now,
    goOn() {
      change(PURCHASES, id, { until: Date.now() + TRY_MS });
      now();
    },
  };
}

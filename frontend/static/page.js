// Small comforts of every page. Everything works without them.

const locale = document.documentElement.dataset.locale;

// Moments of figures are written in UTC by the server; here in the reader's own time.
for (const time of document.querySelectorAll("time[data-local]")) {
  const moment = new Date(time.dateTime);
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const day = time.dataset.local === "moment" ? { day: "numeric", month: "long" } : {};
  time.textContent = new Intl.DateTimeFormat(locale, { ...day, ...clock }).format(moment);
}

// A page with nothing to show yet looks again; not all browsers at once.
for (const { dataset } of document.querySelectorAll("[data-reload]")) {
  setTimeout(() => location.reload(), Number(dataset.reload) * 1000 * (1 + Math.random()));
}

// A form is sent once, however often its button is pressed. (Twice would do no harm: both share one order id.)
function sendOnce(button) {
  const words = button.textContent;
  const rest = (busy) => {
    button.form.dataset.sent = busy ? "yes" : "";
    button.setAttribute("aria-disabled", String(busy));
    button.textContent = busy ? button.dataset.busy : words;
  };
  button.form.addEventListener("submit", (event) => {
    if (button.form.dataset.sent) event.preventDefault();
    else rest(true);
  });
  addEventListener("pageshow", (event) => event.persisted && rest(false));
}

function close(link) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const details = document.getElementById(link.dataset.close);
    details.open = false;
    details.querySelector("summary").focus();
  });
}

function offerPrint(button) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

function offerCopy(button) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    button.textContent = button.dataset.done;
  });
}

// What stands in the page's main part, which the page of an order puts in anew.
function comfort() {
  const main = document.querySelector("main");
  main.querySelectorAll("form:not([data-purchase]) button[data-busy]").forEach(sendOnce);
  main.querySelectorAll("[data-close]").forEach(close);
  main.querySelectorAll("[data-print]").forEach(offerPrint);
  main.querySelectorAll("[data-copy]").forEach(offerCopy);
}

document.addEventListener("shown", comfort);
comfort();

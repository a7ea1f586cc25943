// The purchase form: buttons for one more and one fewer, and the total as it grows.

const locale = document.documentElement.dataset.locale;
const total = document.getElementById("total");
const count = document.getElementById("total-count");
const quantities = [...document.querySelectorAll("input[data-price]")];

const wanted = (input) => {
  const number = Number(input.value);
  return Number.isInteger(number) && number > 0 ? number : 0;
};

function show() {
  const digits = Number(total.dataset.digits);
  const money = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: total.dataset.currency,
    useGrouping: "always", // as the server writes it, also in Spanish
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const tickets = quantities.reduce((sum, input) => sum + wanted(input), 0);
  const amount = quantities.reduce((sum, input) => sum + wanted(input) * Number(input.dataset.price), 0);
  const { none, one, many } = count.dataset;
  count.textContent = tickets === 0 ? none : tickets === 1 ? one : many.replace("1000", String(tickets));
  total.textContent = money.format(amount / 10 ** digits);
  for (const input of quantities) {
    for (const button of input.parentElement.querySelectorAll("[data-step]")) {
      const end = button.dataset.step === "1" ? wanted(input) >= Number(input.max) : wanted(input) === 0;
      button.setAttribute("aria-disabled", String(end));
    }
  }
}

for (const input of quantities) {
  input.addEventListener("input", show);
  for (const button of input.parentElement.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      input.value = String(Math.max(0, wanted(input) + Number(button.dataset.step)));
      show();
    });
  }
}

// Back from another page, a browser may have put other numbers into the fields.
addEventListener("pageshow", () => quantities.length && show());

// Who follows a link of the list of errors lands in the field, not only near it.
for (const link of document.querySelectorAll("#summary a[href^='#']")) {
  link.addEventListener("click", (event) => {
    const field = document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.scrollIntoView({ block: "center" });
  });
}

// One cursor over the stacked charts, and a dot on the route. The range input carries keyboard and screen-reader use.

const PLOT = 0.9; // of the width; the rest holds the axis labels
const read = new WeakMap();

function dataOf(box) {
  if (!read.has(box)) read.set(box, JSON.parse(document.getElementById(box.dataset.chart).textContent));
  return read.get(box);
}

function clock(seconds) {
  const t = Math.round(seconds);
  const h = Math.floor(t / 3600);
  const m = Math.floor((t % 3600) / 60);
  const s = String(t % 60).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

function words(data, i) {
  const decimal = (value, digits) => value.toFixed(digits).replace(".", data.point);
  const where = data.unit ? `${decimal(data.x[i], 2)} ${data.unit}` : clock(data.x[i]);
  const values = data.series
    .filter((series) => series.values[i] !== null)
    .map((series) => {
      const value = series.values[i];
      return series.pattern.replace("{}", series.clock ? clock(value) : decimal(value, series.decimals));
    });
  return `${where}: ${values.join(", ") || data.missing}`;
}

function show(box, i) {
  const data = dataOf(box);
  const x = `${(i / Math.max(1, data.x.length - 1)) * PLOT * 100}%`;
  for (const line of box.querySelectorAll(".cross")) {
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    line.removeAttribute("hidden");
  }
  const here = document.querySelector(".route .here");
  if (here) {
    const at = data.route[i];
    here.toggleAttribute("hidden", !at);
    if (at) {
      here.setAttribute("cx", at[0]);
      here.setAttribute("cy", at[1]);
    }
  }
  const said = words(data, i);
  box.querySelector("output").textContent = said;
  const range = box.querySelector("input[type=range]");
  range.value = i;
  range.setAttribute("aria-valuetext", said);
}

// The slider and its hint appear only where they work; what HTMX swaps in later is made ready too.
function ready() {
  for (const box of document.querySelectorAll("[data-chart]")) {
    const slider = box.querySelector(".slider");
    if (!slider.hidden) continue;
    slider.hidden = false;
    const output = box.querySelector("output");
    output.textContent = output.dataset.idle;
    slider.querySelector("input").setAttribute("aria-valuetext", words(dataOf(box), 0));
  }
}
ready();
document.addEventListener("htmx:afterSettle", ready);

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-chart]");
  if (box) show(box, Number(event.target.value));
});

document.addEventListener(
  "pointermove",
  (event) => {
    const svg = event.target.closest?.("[data-scrub]");
    if (!svg) return;
    const box = svg.closest("[data-chart]");
    const { left, width } = svg.getBoundingClientRect();
    const last = dataOf(box).x.length - 1;
    show(box, Math.max(0, Math.min(last, Math.round(((event.clientX - left) / (width * PLOT)) * last))));
  },
  { passive: true },
);

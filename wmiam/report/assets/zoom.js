// Pictures of paths: moved by dragging, zoomed by buttons, or by the wheel with Ctrl held.
const ZOOM_STEP = 1.25;

function addZoom(scroll) {
  const picture = scroll.querySelector("svg");
  if (!picture?.viewBox.baseVal.width) return;
  const natural = picture.viewBox.baseVal.width;
  const fit = () => Math.min(1, scroll.clientWidth / natural);
  let scale = 1;
  const show = (wanted) => {
    const before = scale;
    scale = Math.min(4, Math.max(fit() / 2, wanted));
    picture.setAttribute("width", String(natural * scale));
    picture.setAttribute("height", String(picture.viewBox.baseVal.height * scale));
    scroll.scrollLeft = (scroll.scrollLeft + scroll.clientWidth / 2) * scale / before - scroll.clientWidth / 2;
  };
  const button = (text, label, wanted) => {
    const made = make("button", { type: "button", "aria-label": label }, text);
    made.addEventListener("click", () => show(wanted()));
    return made;
  };
  scroll.before(make("div", { className: "tools zoom", role: "group", "aria-label": "Size of the picture" },
    button("−", "Smaller", () => scale / ZOOM_STEP), button("+", "Larger", () => scale * ZOOM_STEP),
    button("Fit", "Fit the width", fit), button("1:1", "Natural size", () => 1)));
  scroll.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    show(scale * (event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP));
  }, { passive: false });
  let from = null;
  scroll.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    from = { x: event.clientX + scroll.scrollLeft, y: event.clientY + scroll.scrollTop };
    scroll.setPointerCapture(event.pointerId);
    scroll.classList.add("dragged");
  });
  scroll.addEventListener("pointermove", (event) => {
    if (!from) return;
    scroll.scrollLeft = from.x - event.clientX;
    scroll.scrollTop = from.y - event.clientY;
  });
  const end = () => {
    from = null;
    scroll.classList.remove("dragged");
  };
  scroll.addEventListener("pointerup", end);
  scroll.addEventListener("pointercancel", end);
}
for (const scroll of document.querySelectorAll("#paths .scroll")) addZoom(scroll);

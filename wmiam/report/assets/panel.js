// The panel beside the matrix: the explanation of one cell.
const panel = document.getElementById("panel");
const work = document.querySelector(".work");
let comeBack = null;

/** Show the explanation of a cell; place null means the most permissive organization. */
function showPanel(cell, back) {
  if (back) comeBack = back;
  const { principal, action } = cell;
  const places = placesOf(principal, action);
  const best = places.find(({ place }) => place === cell.place) ?? places.reduce((a, b) => (b.code > a.code ? b : a), places[0]);
  cell = { ...cell, place: best ? best.place : null, resource: best?.resource };
  const close = make("button", { type: "button" }, "Close");
  close.addEventListener("click", hidePanel);
  noteCell(cell);
  const title = make("h3", { tabIndex: -1 }, bdi(principal.name), " › ", actions[action].name);
  const body = [make("header", {}, title, make("div", { className: "tools" }, linkButton(), close)),
    make("p", { className: "facts" }, make("code", {}, principal.arn))];
  if (cell.place === null) {
    body.push(make("p", { className: "verdict" }, `· denied. Account ${accountName(principal.account)} has no WorkMail organization, and WorkMail has no policies that open one to another account.`));
  } else {
    const choices = places.map(({ place, code }) => ({ key: place, label: place < 0 ? "" : organizations[place].label, code }));
    body.push(explainPlaces(choices, cell.place, (place) => {
      showPanel({ ...cell, place }, null);
      panel.querySelector('[aria-pressed="true"]').focus();
    }), ...explainCell(composeCell(cell)));
  }
  panel.replaceChildren(...body.filter((part) => part !== null));
  panel.hidden = false;
  panel.scrollTop = 0;
  work.classList.add("open");
  return title;
}

function hidePanel() {
  panel.hidden = true;
  forgetCell();
  work.classList.remove("open");
  if (comeBack) comeBack();
}
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hidePanel();
});

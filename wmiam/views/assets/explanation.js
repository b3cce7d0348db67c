// The explanation of one cell as elements: the decision, the statements behind it, what would have to change.
// Its parts come as plain values: see wmiam.lab.explained for a live one, report/assets/panel.js for a stored one.

function explainStatement(view) {
  const silent = view.applies === "no";
  const details = make("details", { open: !silent, className: view.effect === "Deny" && !silent ? "deny" : "" },
    make("summary", {}, make("strong", {}, view.effect || "unread"), " ", bdi(view.policy), " › ", bdi(view.label)));
  if (view.why) details.append(make("p", {}, bdi(view.why)));
  if (view.when) details.append(make("p", { className: "w-conditional" }, "Applies: ", bdi(view.when)));
  details.append(make("p", { className: "sub" }, bdi(view.facts)));
  if (view.place) details.append(make("p", { className: "sub" }, make("code", {}, view.place), " ", make("code", {}, view.pointer)));
  if (view.lines.length) {
    const pre = make("pre", { tabIndex: 0, "aria-label": `JSON of statement ${view.label}`, role: "group" });
    view.lines.forEach(([text, deciding], index) => {
      pre.append(deciding ? make("mark", {}, text) : text, index < view.lines.length - 1 ? "\n" : "");
    });
    details.append(pre);
  }
  return details;
}

/** One layer with its statements; those that simply allow, after the first, are folded. */
function explainLayer(layer, order) {
  const outcome = [layer.decision, layer.when].filter(Boolean).join(": ");
  const element = make("details", { className: "layer", open: order === 0 || layer.decision !== "allows" },
    make("summary", {}, make("strong", {}, bdi(layer.title)), " ", make("span", { className: "sub" }, bdi(outcome))));
  const silent = layer.statements.filter((view) => view.applies === "no");
  element.append(...layer.statements.filter((view) => view.applies !== "no").map(explainStatement));
  if (silent.length) {
    const rest = make("details", {}, make("summary", {}, `${plural(silent.length, "statement")} without effect here`));
    rest.addEventListener("toggle", () => {
      if (rest.open && rest.childElementCount === 1) rest.append(...silent.map(explainStatement));
    });
    element.append(rest);
  }
  return element;
}

const explainList = (title, texts) => texts.length === 0 ? [] : [
  ...(title ? [make("h4", {}, title)] : []),
  make("ul", {}, ...texts.map((text) => make("li", {}, bdi(text)))),
];

/** A button for each organization that the same question is asked of. */
function explainPlaces(places, chosen, choose) {
  if (places.length < 2) return null;
  return make("div", { className: "places", role: "group", "aria-label": "Organization" }, ...places.map((place) => {
    const button = make("button", { type: "button", "aria-pressed": String(place.key === chosen) },
      make("span", { className: `w-${WORD[place.code]}`, "aria-hidden": "true" }, SYMBOL[place.code]),
      " ", bdi(place.label), make("span", { className: "hidden" }, `, ${WORD[place.code]}`));
    button.addEventListener("click", () => choose(place.key));
    return button;
  }));
}

/** The elements of an explanation, in order. */
function explainCell(cell) {
  return [
    make("p", { className: "verdict" }, verdict(WORD.indexOf(cell.decision)),
      cell.when ? ": " : null, cell.when ? bdi(cell.when) : null,
      make("span", { className: "sub" }, bdi(cell.where))),
    ...explainList("", cell.reasons),
    ...cell.layers.map(explainLayer),
    ...explainList("What would have to change", cell.changes),
    ...(cell.witness.length === 0 ? [] : [make("h4", {}, "A request that is allowed"),
      make("table", {}, make("tbody", {}, ...cell.witness.map(([key, value]) => make("tr", {},
        make("th", { scope: "row" }, make("code", {}, key)), make("td", {}, make("code", {}, value))))))]),
    ...explainList("", cell.notes),
    ...(cell.python ? [make("h4", {}, "The same in Python"),
      make("pre", { tabIndex: 0, role: "group", "aria-label": "Python" }, cell.python)] : []),
  ];
}

// The explanation of one cell: the decision, the statements behind it, and what would have to change.
const panel = document.getElementById("panel");
const work = document.querySelector(".work");
let comeBack = null;

/** A stored text with the names of this cell put back. */
function say(index, cell) {
  const names = { "\ue000": cell.principal.arn, "\ue001": actions[cell.action].name,
    "\ue002": cell.place < 0 ? "" : organizations[cell.place].arn };
  return data.texts[index].replace(/[\ue000-\ue002]/g, (mark) => names[mark]);
}

function showStatement(viewIndex, cell) {
  const [statementIndex, through, applies, why, when, parts] = data.views[viewIndex];
  const [policyIndex, label, effect, place, pointer, lines] = data.statements[statementIndex];
  const [policy, kind, arn, version] = data.policies[policyIndex];
  const silent = applies === "no";
  const details = make("details", { open: !silent, className: effect === "Deny" && !silent ? "deny" : "" },
    make("summary", {}, make("strong", {}, effect || "unread"), " ", bdi(policy), " › ", bdi(label)));
  const reason = say(why, cell);
  const way = say(through, cell);
  if (reason) details.append(make("p", {}, bdi(reason)));
  if (say(when, cell)) details.append(make("p", { className: "w-conditional" }, "Applies: ", bdi(say(when, cell))));
  const facts = [way, kind === "inline" ? "" : kind, version, arn].filter(Boolean).join(", ");
  details.append(make("p", { className: "sub" }, bdi(facts)));
  if (place) details.append(make("p", { className: "sub" }, make("code", {}, place), " ", make("code", {}, pointer)));
  if (lines.length) {
    const pre = make("pre", { tabIndex: 0, "aria-label": `JSON of statement ${label}`, role: "group" });
    lines.forEach(([text, deciding], index) => {
      const marked = !silent && deciding.some((part) => parts.includes(part));
      pre.append(marked ? make("mark", {}, text) : text, index < lines.length - 1 ? "\n" : "");
    });
    details.append(pre);
  }
  return details;
}

/** One layer with its statements; those that simply allow, after the first, are folded. */
function showLayer(layerIndex, order, cell) {
  const [title, decision, when, views] = data.layers[layerIndex];
  const outcome = [decision, say(when, cell)].filter(Boolean).join(": ");
  const layer = make("details", { className: "layer", open: order === 0 || decision !== "allows" },
    make("summary", {}, make("strong", {}, bdi(say(title, cell))), " ", make("span", { className: "sub" }, bdi(outcome))));
  const silent = [];
  for (const view of views) {
    if (data.views[view][2] === "no") silent.push(view);
    else layer.append(showStatement(view, cell));
  }
  if (silent.length) {
    const rest = make("details", {}, make("summary", {}, `${plural(silent.length, "statement")} without effect here`));
    rest.addEventListener("toggle", () => {
      if (rest.open && rest.childElementCount === 1) rest.append(...silent.map((view) => showStatement(view, cell)));
    });
    layer.append(rest);
  }
  return layer;
}

const list = (title, indexes, cell) => indexes.length === 0 ? [] : [
  ...(title ? [make("h4", {}, title)] : []),
  make("ul", {}, ...indexes.map((index) => make("li", {}, bdi(say(index, cell))))),
];

/** The Python line that gives the same explanation. */
function pythonLine(cell) {
  const where = cell.place < 0 ? "" : `, org=${JSON.stringify(organizations[cell.place].arn)}`;
  return `${data.python}.explain(${JSON.stringify(cell.principal.arn)}, ${JSON.stringify(actions[cell.action].name)}${where})`;
}

function placeButtons(cell, places) {
  if (places.length < 2) return null;
  return make("div", { className: "places", role: "group", "aria-label": "Organization" }, ...places.map(([place, row]) => {
    const decision = decisionIn(row, cell.action);
    const button = make("button", { type: "button", "aria-pressed": String(place === cell.place) },
      make("span", { className: `w-${["denied", "conditional", "allowed"][decision]}`, "aria-hidden": "true" }, SYMBOL[decision]),
      " ", bdi(organizations[place].label), make("span", { className: "hidden" }, `, ${WORD[decision]}`));
    button.addEventListener("click", () => {
      showPanel({ ...cell, place }, null);
      panel.querySelector('[aria-pressed="true"]').focus();
    });
    return button;
  }));
}

/** Show the explanation of a cell; place null means the most permissive organization. */
function showPanel(cell, back) {
  if (back) comeBack = back;
  const { principal, action } = cell;
  const places = placesOf(principal, action);
  if (cell.place === null || !places.some(([place]) => place === cell.place)) {
    const best = places.reduce((a, b) => (decisionIn(b[1], action) > decisionIn(a[1], action) ? b : a), places[0]);
    cell = { ...cell, place: best ? best[0] : null };
  }
  const close = make("button", { type: "button" }, "Close");
  close.addEventListener("click", hidePanel);
  const title = make("h3", { tabIndex: -1 }, bdi(principal.name), " › ", actions[action].name);
  const body = [make("header", {}, title, close),
    make("p", { className: "facts" }, make("code", {}, principal.arn))];
  if (cell.place === null) {
    body.push(make("p", { className: "verdict" }, `· denied. Account ${accountName(principal.account)} has no WorkMail organization, and WorkMail has no policies that open one to another account.`));
  } else {
    body.push(...explanationBody(cell, places));
  }
  panel.replaceChildren(...body.filter((part) => part !== null));
  panel.hidden = false;
  panel.scrollTop = 0;
  work.classList.add("open");
  return title;
}

function explanationBody(cell, places) {
  const row = places.find(([place]) => place === cell.place)[1];
  const [decision, when, layers, reasons, changes, notes, witness] = data.explanations[explanationIn(row, cell.action)];
  const code = { denied: DENIED, conditional: CONDITIONAL, allowed: ALLOWED }[decision];
  const where = cell.place < 0 ? "takes no organization" : organizations[cell.place].label;
  const condition = say(when, cell);
  return [
    placeButtons(cell, places),
    make("p", { className: "verdict" },
      make("span", { className: `w-${decision}` }, make("span", { "aria-hidden": "true" }, SYMBOL[code], " "),
        make("strong", {}, WORD[code])), condition ? ": " : null, condition ? bdi(condition) : null,
      make("span", { className: "sub" }, bdi(where))),
    ...list("", reasons, cell),
    ...layers.map((layer, order) => showLayer(layer, order, cell)),
    ...list("What would have to change", changes, cell),
    ...(witness.length === 0 ? [] : [make("h4", {}, "A request that is allowed"),
      make("table", {}, make("tbody", {}, ...witness.map(([key, value]) => make("tr", {},
        make("th", { scope: "row" }, make("code", {}, say(key, cell))), make("td", {}, make("code", {}, say(value, cell)))))))]),
    ...list("", notes, cell),
    make("h4", {}, "The same in Python"),
    make("pre", { tabIndex: 0, role: "group", "aria-label": "Python" }, pythonLine(cell)),
  ];
}

function hidePanel() {
  panel.hidden = true;
  work.classList.remove("open");
  if (comeBack) comeBack();
}
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hidePanel();
});

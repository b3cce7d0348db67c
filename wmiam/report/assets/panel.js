// The panel beside the matrix: the explanation of one cell, from the tables in which each text stands once.
const panel = document.getElementById("panel");
const work = document.querySelector(".work");
let comeBack = null;

/** A stored text with the names of this cell put back. */
function say(index, cell) {
  const names = { "\ue000": cell.principal.arn, "\ue001": actions[cell.action].name,
    "\ue002": cell.place < 0 ? "" : organizations[cell.place].arn };
  return data.texts[index].replace(/[\ue000-\ue002]/g, (mark) => names[mark]);
}

/** A stored statement as the explanation takes it. */
function storedStatement(viewIndex, cell) {
  const [statementIndex, through, applies, why, when, parts] = data.views[viewIndex];
  const [policyIndex, label, effect, place, pointer, lines] = data.statements[statementIndex];
  const [policy, kind, arn, version] = data.policies[policyIndex];
  const silent = applies === "no";
  return {
    effect, policy, label, applies, place, pointer, why: say(why, cell), when: say(when, cell),
    facts: [say(through, cell), kind === "inline" ? "" : kind, version, arn].filter(Boolean).join(", "),
    lines: lines.map(([text, deciding]) => [text, !silent && deciding.some((part) => parts.includes(part))]),
  };
}

/** The stored explanation of a cell as the explanation takes it. */
function storedCell(cell, row) {
  const [decision, when, layers, reasons, changes, notes, witness] = data.explanations[explanationIn(row, cell.action)];
  const said = (indexes) => indexes.map((index) => say(index, cell));
  return {
    decision, when: say(when, cell), where: cell.place < 0 ? "takes no organization" : organizations[cell.place].label,
    layers: layers.map((layerIndex) => {
      const [title, outcome, condition, views] = data.layers[layerIndex];
      return { title: say(title, cell), decision: outcome, when: say(condition, cell), statements: views.map((view) => storedStatement(view, cell)) };
    }),
    reasons: said(reasons), changes: said(changes), notes: said(notes), witness: witness.map(said), python: pythonLine(cell),
  };
}

/** The Python line that gives the same explanation. */
function pythonLine(cell) {
  const where = cell.place < 0 ? "" : `, org=${JSON.stringify(organizations[cell.place].arn)}`;
  return `${data.python}.explain(${JSON.stringify(cell.principal.arn)}, ${JSON.stringify(actions[cell.action].name)}${where})`;
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
    const choices = places.map(([place, row]) => ({ key: place, label: place < 0 ? "" : organizations[place].label, code: decisionIn(row, action) }));
    body.push(explainPlaces(choices, cell.place, (place) => {
      showPanel({ ...cell, place }, null);
      panel.querySelector('[aria-pressed="true"]').focus();
    }), ...explainCell(storedCell(cell, places.find(([place]) => place === cell.place)[1])));
  }
  panel.replaceChildren(...body.filter((part) => part !== null));
  panel.hidden = false;
  panel.scrollTop = 0;
  work.classList.add("open");
  return title;
}

function hidePanel() {
  panel.hidden = true;
  work.classList.remove("open");
  if (comeBack) comeBack();
}
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hidePanel();
});

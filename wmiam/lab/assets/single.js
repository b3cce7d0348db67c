// Where everything begins: a widget in a notebook, or the data of a view in a page without kernel.

/** A matrix by itself, with the filters that need no kernel; of a `partial` one cells without decision stay empty. */
function matrixAlone(element, data, { partial = false }) {
  const names = readNames(data.names);
  const cells = readCells(fromBase64(data.rows), fromBase64(data.rowOf), names.actions.length);
  const filters = () => ({ organization: "", ...form.value });
  const status = make("p", { className: "status", role: "status" });
  const matrix = new Matrix({ names, label: "Principals by actions", choose: (principal, action) => matrix.select(principal, action, false) });
  const draw = () => {
    const actions = chosenActions(names, filters());
    const principals = chosenPrincipals(names, cells, filters(), actions);
    matrix.show(cells, principals, groupActions(names, actions, form.group.value), partial);
    status.textContent = `${number(principals.length)} of ${plural(names.principals.length, "principal")}, ${number(actions.length)} of ${plural(names.actions.length, "action")}`;
  };
  const form = new FilterForm({ names, changed: draw, grouped: draw, without: ["organization", "severity"] });
  element.append(form.element, make("div", { className: "bar" }, status, matrixLegend()), matrix.element);
  draw();
  return () => matrix.destroy();
}

function explanationAlone(element, cell) {
  element.append(make("div", { className: "panel" }, make("h4", { className: "cell" }, bdi(cell.name), " › ", cell.action),
    make("p", { className: "sub" }, make("code", {}, cell.arn)), ...explainCell(cell)));
}

function conditionAlone(element, condition) {
  element.append(make("div", { className: "panel" },
    make("p", { className: "verdict" }, verdict(WORD.indexOf(condition.decision)), condition.sentence ? ": " : "", bdi(condition.sentence)),
    ...explainList("Depends on", condition.keys), ...explainList("Depends on whether", condition.unknowns),
    ...(condition.policy ? [make("h4", {}, "As a policy's Condition"), make("pre", { tabIndex: 0, role: "group", "aria-label": "Condition block" }, condition.policy)] : []),
    ...(condition.problem ? [make("p", { className: "sub" }, condition.problem)] : [])));
}

function graphAlone(element, drawing, options) {
  element.append(drawing.boxes
    ? make("div", { className: "picture", tabIndex: 0, role: "group", "aria-label": "Graph, scrolls" }, graphPicture(drawing, options.title || "Graph", () => null))
    : make("p", { className: "hint" }, `${number(drawing.many)} nodes are too many to read.`));
}

/** Findings to choose from, and the chosen one with its evidence and mend. */
function findingsAlone(element, { rows, total, told }) {
  const panel = make("div", { className: "panel", tabIndex: 0, role: "group", "aria-label": "Finding, scrolls" });
  const note = rows.length < total ? [`The gravest ${number(rows.length)} of ${number(total)}.`] : total === 0 ? ["Nothing was found."] : [];
  const show = ([id]) => {
    list.show(rows, (row) => row[0] === id, ...note);
    panel.replaceChildren(...explainFinding(told[id]));
    panel.scrollTop = 0;
  };
  const list = new List({ label: "Findings", line: findingLine, choose: show });
  list.show(rows, () => false, ...note);
  if (rows.length) show(rows[0]);
  element.append(make("div", { className: "beside" }, list.element, ...(rows.length ? [panel] : [])));
}

function chainsAlone(element, chain) {
  element.append(make("div", { className: "panel" }, ...explainChain(chain)));
}

const ALONE = { matrix: matrixAlone, explanation: explanationAlone, condition: conditionAlone, graph: graphAlone,
  findings: findingsAlone, chains: chainsAlone };

/** Keep keys from JupyterLab, of whose shortcuts one letter can cut a cell.  It asks the focused element itself. */
function keepKeys(element) {
  const mark = (event) => {
    if (!element.contains(event.target)) return;
    // With Ctrl they are meant for JupyterLab, as Ctrl+S is.
    if (event.ctrlKey || event.metaKey) delete event.target.dataset.lmSuppressShortcuts;
    else event.target.dataset.lmSuppressShortcuts = "true";
  };
  // JupyterLab listens at the document, so this must be told before.
  addEventListener("keydown", mark, true);
  return () => removeEventListener("keydown", mark, true);
}

/** Show a view's data in an element; `data` is compressed JSON, as bytes or in base64.  Returns how to end it. */
async function hydrate(element, kind, options, data) {
  element.classList.add("wmiam-lab");
  const release = keepKeys(element);
  const end = ALONE[kind](element, await unpack(typeof data === "string" ? fromBase64(data) : data), options);
  return () => {
    release();
    if (end) end();
  };
}

async function render({ model, el }) {
  if (model.get("_kind") !== "explorer") return hydrate(el, model.get("_kind"), model.get("_options"), bytesOf(model.get("_data")));
  el.classList.add("wmiam-lab");
  const explorer = new Explorer(model, readNames(await unpack(bytesOf(model.get("_names")))));
  el.append(explorer.element);
  const release = keepKeys(el);
  return () => {
    release();
    explorer.destroy();
  };
}

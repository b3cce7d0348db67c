// The explorer: the parts on one screen, tied to the traits that Python sees.

const region = (className, title, ...children) => {
  const id = freshId(className);
  return make("section", { className, "aria-labelledby": id }, make("h3", { id }, title), ...children);
};

const NO_SELECTION = { principal: "", action: "", organization: "", finding: "", target: "" };
/** What of the filters decides which cells there are; all others only choose among them. */
const cellsOf = ({ organization, severity }) => `${organization} ${severity}`;

class Explorer {
  constructor(model, names) {
    Object.assign(this, { model, names });
    this.counts = new Counts({ names, choose: (capability) => this.set("filters", { ...model.get("filters"), capability }) });
    this.filters = new FilterForm({ names, changed: (value) => this.set("filters", value), grouped: () => this.drawMatrix() });
    this.context = new ContextForm({ controls: model.get("_controls"), changed: (value) => this.set("context", value) });
    this.matrix = new Matrix({ names, label: "Principals by actions", choose: (principal, action) => this.select(principal, action) });
    this.table = new Table({ names, ask: (question) => model.send(question), choose: (principal, action) => this.select(principal, action) });
    this.findings = new List({ label: "Findings", line: findingLine, choose: ([id]) => this.pick({ finding: id }) });
    this.chains = new List({ label: "Chains", line: chainLine, choose: (row) => this.pickChain(row) });
    this.status = make("p", { className: "status", role: "status" });
    this.clear = make("button", { type: "button", hidden: true }, "Clear selection");
    this.clear.addEventListener("click", () => { this.pick({}); this.matrix.grid.focus(); });
    this.panel = make("div", { className: "panel", tabIndex: 0, role: "group", "aria-label": "Explanation, scrolls" });
    this.picture = make("div", { className: "picture", tabIndex: 0, role: "group", "aria-label": "Graph, scrolls" });
    this.rowCount = make("span", { className: "sub" });
    [this.findingCount, this.chainCount] = ["", ""].map(() => make("span", { className: "tally" }));
    this.tabs = new Tabs({ label: "What is listed", parts: [
      { key: "table", title: "Table", tally: this.rowCount, panel: this.table.element },
      { key: "findings", title: "Findings", tally: this.findingCount, panel: this.findings.element },
      { key: "chains", title: "Chains", tally: this.chainCount, panel: this.chains.element },
    ], changed: () => this.table.draw() });
    this.element = make("div", { className: "explorer" },
      this.counts.element, this.filters.element, this.context.element,
      make("div", { className: "bar" }, this.status, this.clear, ...this.tools()),
      this.output, this.pinForm,
      make("div", { className: "work" },
        region("matrix-part", "Matrix", matrixLegend(), this.matrix.element),
        region("explanation-part", "Explanation", this.panel),
        make("section", { className: "table-part", "aria-label": "Lists" }, this.tabs.element),
        region("graph-part", "Graph", graphLegend(), this.picture)));
    this.follow = later(300, () => {
      if (model.get("_follows") && model.get("_by_chains").length === 0) model.send({ ask: "chains" });
    });
    this.stop = [
      this.on("change:filters", () => this.drawFiltered()),
      this.on("change:_counts change:_by_chains change:filters", () => this.drawCounts()),
      this.on("change:filters", () => { this.filters.value = model.get("filters"); }),
      this.on("change:context", () => { this.context.value = model.get("context"); }),
      this.on("change:_working", () => this.drawStatus()),
      this.on("change:selection change:_marked", () => this.drawSelection(true)),
      // Every answer of the kernel ends with this trait, and comes in one message.
      this.on("change:_table", () => this.drawAnswer()),
      this.on("change:_explanation", () => this.drawExplanation()),
      // A cell and a chain are told anew for each selection; a finding may stay.
      this.on("change:selection", () => { if ([undefined, "finding"].includes(this.model.get("_explanation").kind)) this.drawExplanation(); }),
      this.on("change:_findings change:selection", () => this.drawFindings()),
      this.on("change:_chains change:_follows change:selection", () => this.drawChains()),
      this.on("change:_graph", () => this.drawGraph()),
      this.on("change:_code", () => { this.code.textContent = model.get("_code"); }),
      this.on("change:pins", () => this.drawPins()),
      this.on("msg:custom", (message) => { if (message.rows) this.table.take(message); }),
    ];
    this.filters.value = model.get("filters");
    this.context.value = model.get("context");
    this.drawCounts();
    this.drawMatrix();
    this.drawTable();
    this.drawExplanation();
    this.drawFindings();
    this.drawChains();
    this.drawGraph();
    this.drawPins();
  }

  on(events, call) {
    this.model.on(events, call);
    return () => this.model.off(events, call);
  }

  destroy() {
    for (const stop of this.stop) stop();
    this.matrix.destroy();
    this.table.destroy();
  }

  set(trait, value) {
    this.model.set(trait, value);
    this.model.save_changes();
  }

  /** Select these parts, and nothing else. */
  pick(parts) {
    this.set("selection", { ...NO_SELECTION, ...parts });
  }

  /** Select a cell, or a part of one; a finding that is about its principal stays, so that its cells can be gone through. */
  select(principal, action, organization = "") {
    const { principals } = this.model.get("_marked");
    const stays = principal >= 0 && (principals === null || (principals && principals.includes(principal)));
    this.pick({
      principal: principal < 0 ? "" : this.names.principals[principal].arn,
      action: action < 0 ? "" : this.names.actions[action].name,
      organization,
      finding: stays ? this.model.get("selection").finding : "",
    });
  }

  pickChain(row) {
    const { about, target } = this.model.get("_chains");
    if (about === "capability") this.pick({ principal: row.node, target });
    else this.pick({ principal: this.model.get("selection").principal, target: row.node });
  }

  tools() {
    this.code = make("pre", { tabIndex: 0, role: "group", "aria-label": "Python of this view" }, this.model.get("_code"));
    this.output = make("div", { className: "output", hidden: true }, this.code);
    const show = make("button", { type: "button", "aria-expanded": "false" }, "Show code");
    show.addEventListener("click", () => {
      this.output.hidden = !this.output.hidden;
      show.setAttribute("aria-expanded", String(!this.output.hidden));
      show.textContent = this.output.hidden ? "Show code" : "Hide code";
    });
    const pin = make("button", { type: "button", "aria-expanded": "false" }, "Pin this view");
    this.pinForm = this.pinning(pin);
    this.pinList = make("span", { className: "pins", role: "group", "aria-label": "Pinned views" });
    return [show, pin, this.pinList];
  }

  /** The form for what a pinned view is called, how a report shows it, and what there is to say of it. */
  pinning(pin) {
    const [title, note] = [make("input", { type: "text", autocomplete: "off" }), make("textarea", { rows: 2, placeholder: "Markdown" })];
    const kind = make("select", {}, ...["table", "matrix", "explanation", "graph", "findings"].map((name) => option(name, name)));
    const drop = make("button", { type: "button" }, "Cancel");
    const form = make("form", { className: "pinning", hidden: true, "aria-label": "Pin this view" }, field("Title", title),
      field("In the report as", kind), field("Note", note), make("button", { type: "submit" }, "Keep"), drop);
    const open = (shown) => {
      form.hidden = !shown;
      pin.setAttribute("aria-expanded", String(shown));
      (shown ? title : pin).focus();
    };
    pin.addEventListener("click", () => {
      const { principal, action } = this.model.get("selection");
      kind.value = principal && action ? "explanation" : this.tabs.shown === "findings" ? "findings" : "table";
      title.value = `View ${this.model.get("pins").length + 1}`;
      open(form.hidden);
      title.select();
    });
    drop.addEventListener("click", () => open(false));
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") open(false);
      else if (event.key === "Enter" && event.target === title) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.model.send({ ask: "pin", title: title.value, note: note.value, kind: kind.value });
      note.value = "";
      open(false);
    });
    return form;
  }

  drawPins() {
    this.pinList.replaceChildren(...this.model.get("pins").map((pinned) => {
      const told = ["Go back to this view", pinned.note].filter(Boolean).join(": ");
      const button = make("button", { type: "button", title: visible(told) }, bdi(visible(String(pinned.title))));
      button.addEventListener("click", () => {
        for (const trait of ["filters", "selection", "context"]) this.model.set(trait, pinned[trait] ?? {});
        this.model.save_changes();
      });
      return button;
    }));
  }

  drawCounts() {
    this.counts.show(this.model.get("_counts"), this.model.get("_by_chains"), this.model.get("filters").capability);
    this.follow();
  }

  drawStatus() {
    this.status.textContent = this.model.get("_working") || this.shown;
  }

  /** Filters need no kernel, but for those that decide which cells there are: these are asked for, and the old ones stay until they come. */
  drawFiltered() {
    if (cellsOf(this.model.get("filters")) === this.drawn) this.drawMatrix();
    else this.element.ariaBusy = "true";
  }

  drawAnswer() {
    const told = this.rows !== this.model.get("_rows") || this.rowOf !== this.model.get("_row_of");
    if (told || cellsOf(this.model.get("filters")) !== this.drawn) this.drawMatrix();
    this.drawTable();
  }

  drawMatrix() {
    this.rows = this.model.get("_rows");
    this.rowOf = this.model.get("_row_of");
    this.element.ariaBusy = "false";
    const filters = this.model.get("filters");
    this.drawn = cellsOf(filters);
    const cells = readCells(this.rows, this.rowOf, this.names.actions.length);
    const actions = chosenActions(this.names, filters);
    const principals = chosenPrincipals(this.names, cells, filters, actions);
    this.matrix.show(cells, principals, groupActions(this.names, actions, this.filters.group.value), filters.severity !== "");
    this.shown = `${number(principals.length)} of ${plural(this.names.principals.length, "principal")}, `
      + `${number(actions.length)} of ${plural(this.names.actions.length, "action")}`;
    this.drawStatus();
    this.drawSelection();
  }

  drawSelection(intoSight = false) {
    const selection = this.model.get("selection");
    const { principal, action, finding } = selection;
    const { principals, actions } = this.model.get("_marked");
    const some = (members) => (members === null ? null : new Set(members));
    const marks = finding && principals !== undefined ? { principals: some(principals), actions: some(actions) } : null;
    this.matrix.select(this.names.principals.findIndex(({ arn }) => arn === principal && arn !== ""),
      this.names.actions.findIndex(({ name }) => name === action), intoSight, marks);
    this.clear.hidden = Object.values(selection).every((part) => !part);
  }

  drawTable() {
    const { total, number: ticket } = this.model.get("_table");
    const { principal, action, finding } = this.model.get("selection");
    const what = principal || action ? "the selection" : finding ? "what the finding is about" : "";
    this.rowCount.textContent = plural(total, "row");
    this.table.show(total, ticket, what ? `Nothing to list: ${what} is outside the filters, or denied.` : "Nothing is left by the filters.");
  }

  drawFindings() {
    const { total, of, rows } = this.model.get("_findings");
    const { finding } = this.model.get("selection");
    if (rows === undefined) {
      const look = make("button", { type: "button" }, "Look for findings");
      look.addEventListener("click", () => this.model.send({ ask: "findings" }));
      this.findings.show([], () => false, look, " What is remarkable, how grave, why, and what would mend it. Every rule is tried; of a large estate that takes some seconds, and Kernel › Interrupt stops it.");
      return;
    }
    this.findingCount.textContent = total === of ? number(of) : `${number(total)} of ${number(of)}`;
    const note = total === 0 ? ["No finding is about what is shown."] : total > rows.length ? [`The gravest ${number(rows.length)} of ${number(total)}.`] : [];
    this.findings.show(rows, ([id]) => id === finding, ...note);
  }

  drawChains() {
    const { about, title, total, rows } = this.model.get("_chains");
    const { principal, target } = this.model.get("selection");
    if (!about) {
      this.chainCount.textContent = "";
      const start = make("button", { type: "button" }, "Follow chains");
      start.addEventListener("click", () => this.model.send({ ask: "chains" }));
      const hint = "choose a principal to see whom it can become, or a capability to see who comes to it.";
      this.chains.show([], () => false, ...(this.model.get("_follows") ? [`Roles, and permissions that turn into more: ${hint}`]
        : [start, " Who comes to what over roles, and by permissions that turn into more. Of a large estate this takes some seconds, and Kernel › Interrupt stops it."]));
      return;
    }
    this.chainCount.textContent = number(total);
    const whom = about === "principal" ? [bdi(title), ` can become ${total ? plural(total, "other") : "nobody else"}`] : [`${title}: ${total ? `${plural(total, "principal")} by chains alone` : "nobody by chains alone"}`];
    this.chains.show(rows, ({ node }) => node === (about === "principal" ? target : principal), ...whom, total > rows.length ? `, the nearest ${number(rows.length)}:` : total ? ":" : ".");
  }

  drawExplanation() {
    const told = this.model.get("_explanation");
    const back = document.activeElement && this.panel.contains(document.activeElement);
    if (this.told !== told) this.panel.scrollTop = 0;
    this.told = told;
    const parts = { cell: () => this.cellParts(told), chain: () => explainChain(told), finding: () => this.findingParts(told) };
    this.panel.replaceChildren(...(parts[told.kind] ?? (() => this.hintParts()))().filter((part) => part !== null));
    // A choice of another organization draws the buttons anew; the keyboard stays on the one that was chosen.
    if (back) (this.panel.querySelector('[aria-pressed="true"]') ?? this.panel).focus();
  }

  hintParts() {
    const { principal } = this.model.get("selection");
    const person = this.names.principals.find(({ arn }) => arn === principal && arn !== "");
    if (!person) return [make("p", { className: "hint" }, "Choose a cell of the matrix, by mouse or with the arrow keys and Enter, for the statements behind it.")];
    return [make("h4", { className: "cell" }, bdi(person.name)), make("p", { className: "sub" }, make("code", {}, visible(person.arn))),
      make("p", {}, "Choose an action as well, to see why it is allowed or denied."), make("p", {}, this.become("Whom can it become?"))];
  }

  /** A button that leads to whom the selected principal can become. */
  become(text) {
    const button = make("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      this.tabs.show("chains");
      if (!this.model.get("_follows")) this.model.send({ ask: "chains" });
      this.tabs.parts.find(({ key }) => key === "chains").tab.focus();
    });
    return button;
  }

  findingParts(finding) {
    const known = new Map(this.names.principals.map((principal) => [principal.arn, principal]));
    const person = (arn) => {
      if (!known.has(arn)) return bdi(visible(arn));
      const { name, index } = known.get(arn);
      const button = make("button", { type: "button", className: "link", title: visible(arn) }, bdi(name));
      button.addEventListener("click", () => this.select(index, -1));
      return button;
    };
    const { principal } = this.model.get("selection");
    const chosen = known.has(principal) ? [make("p", {}, this.become(`Whom can ${known.get(principal).name} become?`))] : [];
    return [...chosen, ...explainFinding(finding, { attempt: () => this.model.send({ ask: "mend" }), person })];
  }

  cellParts(cell) {
    const { finding } = this.model.get("selection");
    const head = [make("h4", { className: "cell" }, bdi(cell.name), " › ", cell.action), make("p", { className: "sub" }, make("code", {}, cell.arn))];
    if (finding) {
      const again = make("button", { type: "button" }, "Back to the finding");
      again.addEventListener("click", () => this.pick({ finding }));
      head.unshift(make("p", {}, again));
    }
    if (!cell.decision) {
      return [...head, make("p", { className: "verdict" }, verdict(DENIED), ": the principal's account has no WorkMail organization, and WorkMail has no policies that open one to another account.")];
    }
    const places = cell.places.map((place) => ({ key: place.arn, label: place.label, code: WORD.indexOf(place.decision) }));
    const choose = (organization) => this.set("selection", { ...this.model.get("selection"), organization });
    return [...head, explainPlaces(places, cell.place, choose), ...explainCell(cell)];
  }

  drawGraph() {
    const drawing = this.model.get("_graph");
    if (!drawing.boxes) {
      const hint = drawing.working ? "Working out who can become whom. This is done once." : drawing.many ? `${number(drawing.many)} nodes are too many to read.`
        : "Choose a principal, by its name or a cell of the matrix, to see what it holds and whom it can become.";
      this.picture.replaceChildren(make("p", { className: "hint" }, hint));
      return;
    }
    const known = new Map(this.names.principals.map(({ arn, index }) => [arn, index]));
    const actions = new Map(this.names.actions.map(({ name, index }) => [name, index]));
    const { principal } = this.model.get("selection");
    this.picture.replaceChildren(graphPicture(drawing, "Graph of the selection", (node) => {
      if (known.has(node)) return () => this.select(known.get(node), actions.get(this.model.get("selection").action) ?? -1);
      return actions.has(node) ? () => this.select(known.get(principal) ?? -1, actions.get(node)) : null;
    }, ({ kind, source, target }) => {
      if ((kind !== "can-assume" && kind !== "escalates") || !known.has(source) || target === principal) return null;
      if (known.has(target) || /^\d+$/.test(target)) return () => this.pick({ principal: this.model.get("selection").principal, target });
      return () => this.tabs.show("chains");
    }));
    // Whom it is about comes into sight, with some of what leads there.
    const box = drawing.boxes.find(({ node }) => node === principal) ?? { x: 0, y: 0 };
    this.picture.scrollTo(box.x - this.picture.clientWidth / 3, box.y - this.picture.clientHeight / 2);
  }
}

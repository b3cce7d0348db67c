// The explorer: the parts on one screen, tied to the traits that Python sees.

const region = (className, title, ...children) => {
  const id = freshId(className);
  return make("section", { className, "aria-labelledby": id }, make("h3", { id }, title), ...children);
};

class Explorer {
  constructor(model, names) {
    Object.assign(this, { model, names });
    this.counts = new Counts({ names, choose: (capability) => this.set("filters", { ...model.get("filters"), capability }) });
    this.filters = new FilterForm({ names, changed: (value) => this.set("filters", value), grouped: () => this.drawMatrix() });
    this.context = new ContextForm({ controls: model.get("_controls"), changed: (value) => this.set("context", value) });
    this.matrix = new Matrix({ names, label: "Principals by actions", choose: (principal, action) => this.select(principal, action) });
    this.table = new Table({ names, ask: (question) => model.send(question), choose: (principal, action) => this.select(principal, action) });
    this.status = make("p", { className: "status", role: "status" });
    this.clear = make("button", { type: "button", hidden: true }, "Clear selection");
    this.clear.addEventListener("click", () => { this.select(-1, -1); this.matrix.grid.focus(); });
    this.panel = make("div", { className: "panel", tabIndex: 0, role: "group", "aria-label": "Explanation, scrolls" });
    this.picture = make("div", { className: "picture", tabIndex: 0, role: "group", "aria-label": "Graph, scrolls" });
    this.rowCount = make("span", { className: "sub" });
    this.element = make("div", { className: "explorer" },
      this.counts.element, this.filters.element, this.context.element,
      make("div", { className: "bar" }, this.status, this.clear, ...this.tools()),
      this.output,
      make("div", { className: "work" },
        region("matrix-part", "Matrix", matrixLegend(), this.matrix.element),
        region("explanation-part", "Explanation", this.panel),
        region("table-part", "Table", this.rowCount, this.table.element),
        region("graph-part", "Graph", this.picture)));
    this.stop = [
      this.on("change:filters", () => this.drawFiltered()),
      this.on("change:_counts change:filters", () => this.drawCounts()),
      this.on("change:filters", () => { this.filters.value = model.get("filters"); }),
      this.on("change:context", () => { this.context.value = model.get("context"); }),
      this.on("change:selection", () => this.drawSelection(true)),
      // Every answer of the kernel ends with this trait, and comes in one message.
      this.on("change:_table", () => this.drawAnswer()),
      this.on("change:_explanation", () => this.drawExplanation()),
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

  select(principal, action, organization = "") {
    this.set("selection", {
      principal: principal < 0 ? "" : this.names.principals[principal].arn,
      action: action < 0 ? "" : this.names.actions[action].name,
      organization,
    });
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
    const pin = make("button", { type: "button" }, "Pin this view");
    pin.addEventListener("click", () => this.model.send({ ask: "pin" }));
    this.pinList = make("span", { className: "pins", role: "group", "aria-label": "Pinned views" });
    return [show, pin, this.pinList];
  }

  drawPins() {
    this.pinList.replaceChildren(...this.model.get("pins").map((pinned) => {
      const button = make("button", { type: "button", title: "Go back to this view" }, bdi(visible(String(pinned.title))));
      button.addEventListener("click", () => {
        for (const trait of ["filters", "selection", "context"]) this.model.set(trait, pinned[trait] ?? {});
        this.model.save_changes();
      });
      return button;
    }));
  }

  drawCounts() {
    this.counts.show(this.model.get("_counts"), this.model.get("filters").capability);
  }

  /** Filters need no kernel, but for the organization: its cells are asked for, and the old ones stay until they come. */
  drawFiltered() {
    if (this.model.get("filters").organization === this.organization) this.drawMatrix();
    else this.element.ariaBusy = "true";
  }

  drawAnswer() {
    const told = this.rows !== this.model.get("_rows") || this.rowOf !== this.model.get("_row_of");
    if (told || this.model.get("filters").organization !== this.organization) this.drawMatrix();
    this.drawTable();
  }

  drawMatrix() {
    this.rows = this.model.get("_rows");
    this.rowOf = this.model.get("_row_of");
    this.organization = this.model.get("filters").organization;
    this.element.ariaBusy = "false";
    const filters = this.model.get("filters");
    const cells = readCells(this.rows, this.rowOf, this.names.actions.length);
    const actions = chosenActions(this.names, filters);
    const principals = chosenPrincipals(this.names, cells, filters, actions);
    this.matrix.show(cells, principals, groupActions(this.names, actions, this.filters.group.value));
    this.status.textContent = `${number(principals.length)} of ${plural(this.names.principals.length, "principal")}, `
      + `${number(actions.length)} of ${plural(this.names.actions.length, "action")}`;
    this.drawSelection();
  }

  drawSelection(intoSight = false) {
    const { principal, action } = this.model.get("selection");
    this.matrix.select(this.names.principals.findIndex(({ arn }) => arn === principal && arn !== ""),
      this.names.actions.findIndex(({ name }) => name === action), intoSight);
    this.clear.hidden = !principal && !action;
  }

  drawTable() {
    const { total, number: ticket } = this.model.get("_table");
    const { principal, action } = this.model.get("selection");
    const outside = total === 0 && (principal || action) ? ": the selection is outside the filters, or denied" : "";
    this.rowCount.textContent = plural(total, "row") + outside;
    this.table.show(total, ticket);
  }

  drawExplanation() {
    const cell = this.model.get("_explanation");
    const { principal, action } = this.model.get("selection");
    this.panel.scrollTop = 0;
    if (!cell.action) {
      const hint = principal && !action ? "Choose an action as well, to see why it is allowed or denied."
        : "Choose a cell of the matrix, by mouse or with the arrow keys and Enter, for the statements behind it.";
      this.panel.replaceChildren(make("p", { className: "hint" }, hint));
      return;
    }
    const head = [make("h4", { className: "cell" }, bdi(cell.name), " › ", cell.action), make("p", { className: "sub" }, make("code", {}, cell.arn))];
    if (!cell.decision) {
      this.panel.replaceChildren(...head, make("p", { className: "verdict" }, verdict(DENIED), ": the principal's account has no WorkMail organization, and WorkMail has no policies that open one to another account."));
      return;
    }
    const places = cell.places.map((place) => ({ key: place.arn, label: place.label, code: WORD.indexOf(place.decision) }));
    const back = document.activeElement && this.panel.contains(document.activeElement);
    const choose = (organization) => this.set("selection", { ...this.model.get("selection"), organization });
    const parts = [...head, explainPlaces(places, cell.place, choose), ...explainCell(cell)];
    this.panel.replaceChildren(...parts.filter((part) => part !== null));
    // A choice of another organization draws the buttons anew; the keyboard stays on the one that was chosen.
    if (back) this.panel.querySelector('[aria-pressed="true"]')?.focus();
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
    }));
    this.picture.scrollTo(0, 0);
  }
}

// The explorer in a page without kernel: the matrix with its filters, and the explanation of every cell.

/** The names of what is stored, as the parts of the lab read them. */
const storedNames = (access, capabilities) => readNames({
  kinds: access.data.kinds,
  principals: access.principals.map(({ arn, kind, name }) => [arn, access.data.kinds.indexOf(kind), name]),
  accounts: [...new Set(access.principals.map(({ account }) => account))].sort().map((id) => [id, access.data.accounts[id] ?? ""]),
  organizations: access.organizations.map(({ arn, label, account }) => [arn, label, account]),
  actions: access.data.actions,
  capabilities,
});

/** The codes of all cells on one organization (its place), or on any of the account (null); see readCells. */
function storedCells(access, place) {
  const { data, actions, organizations } = access;
  const rows = [];
  const row = (group) => {
    if (rows[group] === undefined) {
      const codes = rows[group] = new Uint8Array(actions.length);
      const [account] = data.classes[group];
      data.resources[account].forEach(([where, about], resource) => {
        if (place !== null && where >= 0 && where !== place) return;
        const decisions = access.codesAt(group, resource);
        for (const action of access.members(about)) codes[action] |= HAS[decisions[action]];
      });
      // No policy of WorkMail's opens an organization to another account.
      if (place !== null && organizations[place].account !== account) for (const action of access.placed) codes[action] |= HAS[DENIED];
    }
    return rows[group];
  };
  const rowOf = Uint32Array.from(access.principals, ({ group }) => group);
  return { rowOf, distinct: data.classes.length, row, code: (principal, action) => row(rowOf[principal])[action] };
}

class Offline {
  constructor({ access, capabilities }, options) {
    this.access = storedAccess(access);
    // Actions that are asked of an organization.
    this.access.placed = [...new Set(Object.values(this.access.data.resources).flat()
      .flatMap(([place, about]) => (place < 0 ? [] : this.access.members(about))))];
    this.names = storedNames(this.access, capabilities);
    const choose = (principal, action) => this.explain(principal, action);
    this.filters = new FilterForm({ names: this.names, changed: () => this.draw(), grouped: () => this.draw(), without: ["severity"] });
    this.filters.value = { ...this.filters.value, ...options.filters };
    this.status = make("p", { className: "status", role: "status" });
    this.matrix = new Matrix({ names: this.names, label: "Principals by actions", choose });
    this.panel = make("div", { className: "panel", tabIndex: 0, role: "group", "aria-label": "Explanation, scrolls" },
      make("p", { className: "hint" }, "Choose a cell of the matrix, by mouse or with the arrow keys and Enter, for the statements behind it."));
    this.element = make("div", { className: "offline" }, this.filters.element,
      make("div", { className: "bar" }, this.status, matrixLegend()),
      make("div", { className: "work" }, this.matrix.element, make("section", { className: "explanation-part", "aria-label": "Explanation" }, this.panel)));
    this.draw();
    const { principal, action } = options.selection ?? {};
    this.explain(this.names.principals.findIndex(({ arn }) => arn === principal), this.names.actions.findIndex(({ name }) => name === action), null, true);
  }

  draw() {
    const filters = this.filters.value;
    const place = this.names.organizations.findIndex(({ arn }) => arn === filters.organization);
    const cells = storedCells(this.access, place < 0 ? null : place);
    const actions = chosenActions(this.names, filters);
    const principals = chosenPrincipals(this.names, cells, filters, actions);
    this.place = place;
    this.matrix.show(cells, principals, groupActions(this.names, actions, this.filters.group.value));
    this.status.textContent = `${number(principals.length)} of ${plural(this.names.principals.length, "principal")}, `
      + `${number(actions.length)} of ${plural(this.names.actions.length, "action")}`;
  }

  /** Explain a cell, on the organization that is asked for, filtered for, or else the most permissive one. */
  explain(who, what, wanted = null, intoSight = false) {
    this.matrix.select(who, what, intoSight);
    if (who < 0 || what < 0) return;
    const [principal, action] = [this.access.principals[who], this.access.actions[what]];
    const places = this.access.placesOf(principal, what);
    const chosen = places.find(({ place }) => place === (wanted ?? this.place))
      ?? places.reduce((best, place) => (place.code > best.code ? place : best), places[0]);
    const parts = [make("h4", { className: "cell" }, bdi(principal.name), " › ", action.name), make("p", { className: "sub" }, make("code", {}, principal.arn))];
    if (chosen === undefined) {
      parts.push(make("p", { className: "verdict" }, verdict(DENIED), ": the principal's account has no WorkMail organization, and WorkMail has no policies that open one to another account."));
    } else {
      const choices = places.map(({ place, code }) => ({ key: place, label: place < 0 ? "" : this.names.organizations[place].label, code }));
      const choose = (place) => {
        this.explain(who, what, place);
        this.panel.querySelector('[aria-pressed="true"]').focus();
      };
      parts.push(explainPlaces(choices, chosen.place, choose), ...explainCell(this.access.composeCell({ principal, action: what, ...chosen })));
    }
    this.panel.replaceChildren(...parts.filter((part) => part !== null));
    this.panel.scrollTop = 0;
  }
}

ALONE.access = (element, raw, options) => {
  const offline = new Offline(raw, options);
  element.append(offline.element);
  return () => offline.matrix.destroy();
};

// The table: every cell that is shown, one row each; rows are asked of the kernel as they come into sight.

const ROW = 30;
// A browser cannot scroll further than this; of a longer table the scroll bar stands for shares of it.
const HIGHEST = 6e6;

class Table {
  constructor({ names, ask, choose }) {
    Object.assign(this, { names, ask, choose });
    this.rows = new Map();
    this.total = 0;
    this.pool = [];
    const heads = ["Principal", "Account", "Action", "Organization", "Decision", "When", "Through"];
    this.body = make("tbody");
    this.table = make("table", { "aria-label": "Cells that are shown" },
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), this.body);
    this.sheet = make("div", { className: "sheet" }, this.table);
    this.space = make("div", { className: "space", "aria-hidden": "true" });
    this.grid = make("div", { className: "rows", tabIndex: 0, role: "group", "aria-label": "Table, scrolls" }, this.sheet, this.space);
    this.nothing = make("p", { className: "hint nothing", hidden: true });
    this.element = make("div", { className: "table" }, this.grid, this.nothing);
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row && row.told) this.choose(row.told[0], row.told[1]);
    });
    this.resize = new ResizeObserver(() => this.draw());
    this.resize.observe(this.grid);
  }

  destroy() {
    this.resize.disconnect();
  }

  /** Show a table of that many rows, or why there are none; `ticket` tells answers about it from late ones about another. */
  show(total, ticket, why = "") {
    this.ticket = ticket;
    this.nothing.textContent = why;
    this.nothing.hidden = total > 0;
    this.total = total;
    this.rows = new Map();
    this.asked = "";
    this.space.style.height = `${Math.min(total * ROW, HIGHEST)}px`;
    this.table.setAttribute("aria-rowcount", String(total + 1));
    this.grid.scrollTop = 0;
    this.draw();
  }

  /** Take rows that the kernel sent. */
  take({ rows, first, number: ticket }) {
    if (ticket !== this.ticket) return;
    rows.forEach((row, index) => this.rows.set(first + index, row));
    this.draw();
  }

  draw() {
    const room = Math.max(1, Math.floor((this.grid.clientHeight - this.table.tHead.offsetHeight) / ROW));
    const count = Math.min(room + 1, this.total);
    const scrolls = this.total * ROW - room * ROW;
    const full = Math.min(this.total * ROW, HIGHEST) - room * ROW;
    const share = full > 0 ? Math.min(1, this.grid.scrollTop / full) : 0;
    const first = Math.max(0, Math.min(Math.round((share * Math.max(0, scrolls)) / ROW), this.total - room));
    this.sheet.style.height = `${this.grid.clientHeight}px`;
    while (this.pool.length < count) {
      const button = make("button", { type: "button", className: "link" });
      const cells = Array.from({ length: 6 }, () => make("td"));
      const row = make("tr", {}, make("th", { scope: "row" }, button), ...cells);
      this.pool.push({ row, button, cells });
      this.body.append(row);
    }
    while (this.pool.length > count) this.pool.pop().row.remove();
    let missing = -1;
    this.pool.forEach((line, index) => {
      const at = first + index;
      const told = this.rows.get(at);
      if (!told && at < this.total && missing < 0) missing = at;
      this.fill(line, at < this.total ? told : null, at);
    });
    if (missing >= 0) this.request(Math.max(0, missing - room), 3 * room + 3);
  }

  request(first, count) {
    const key = `${first} ${count} ${this.ticket}`;
    if (key === this.asked) return;
    this.asked = key;
    this.ask({ ask: "rows", first, count, number: this.ticket });
  }

  fill({ row, button, cells }, told, at) {
    row.told = told;
    row.hidden = told === null;
    row.setAttribute("aria-rowindex", String(at + 2));
    if (!told) {
      button.textContent = "…";
      cells.forEach((cell) => cell.replaceChildren());
      return;
    }
    const [principal, action, decision, organization, when, through] = told;
    const who = this.names.principals[principal];
    button.replaceChildren(bdi(who.name));
    const texts = [this.names.accountName(who.account), this.names.actions[action].short, organization || "(none)", null, when, through];
    cells.forEach((cell, index) => {
      if (texts[index] === null) cell.replaceChildren(verdict(decision));
      else cell.replaceChildren(bdi(texts[index]));
      cell.title = texts[index] ?? "";
    });
  }
}

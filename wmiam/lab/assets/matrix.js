// The matrix: principals by actions on a canvas that draws only what is in sight, driven by mouse or keyboard.

const CELL = 26;
const GROUP = 26;

/** Watch how a theme changes, and say so. */
function onTheme(changed) {
  const watch = new MutationObserver(changed);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", changed);
  return () => {
    watch.disconnect();
    scheme.removeEventListener("change", changed);
  };
}

/** What the signs in the cells mean. */
const matrixLegend = () => make("p", { className: "legend" }, ...[ALLOWED, CONDITIONAL, DENIED].map((code) => make("span", {},
  make("span", { className: `w-${WORD[code]}`, "aria-hidden": "true" }, SYMBOL[code]), ` ${["denied", "under a condition", "allowed"][code]}`)));

class Matrix {
  constructor({ names, label, choose }) {
    Object.assign(this, { names, choose });
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.space = make("div", { className: "space", "aria-hidden": "true" });
    this.rowHead = make("div", { role: "rowheader" });
    this.cell = make("div", { role: "gridcell", id: freshId("cell") });
    this.reader = make("div", { role: "row", className: "hidden" }, this.rowHead, this.cell);
    this.grid = make("div", { className: "grid", role: "grid", tabIndex: 0, "aria-label": label,
      "aria-activedescendant": this.cell.id }, this.canvas, this.space, this.reader);
    this.where = make("p", { className: "where" });
    this.element = make("div", { className: "matrix" }, this.grid, this.where);
    this.at = { line: 0, column: 0 };
    this.chosen = { principal: -1, action: -1 };
    this.marked = null;
    this.hover = null;
    this.items = [];
    this.columns = [];
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("focus", () => this.draw());
    this.grid.addEventListener("blur", () => this.draw());
    this.grid.addEventListener("click", (event) => this.click(event));
    this.grid.addEventListener("mousemove", (event) => this.point(this.find(event)));
    this.grid.addEventListener("mouseleave", () => this.point(null));
    this.resize = new ResizeObserver(() => this.measure());
    this.resize.observe(this.grid);
    this.dropTheme = onTheme(() => { this.ink = null; this.draw(); });
  }

  destroy() {
    this.resize.disconnect();
    this.dropTheme();
  }

  /** Show some principals and groups of actions of some cells; of `partial` ones those without any decision stay empty. */
  show(cells, principals, groups, partial = false) {
    this.cells = cells;
    this.partial = partial;
    this.items = [];
    let head = null;
    for (const principal of principals) {
      if (head === null || head.account !== principal.account) {
        head = { account: principal.account, size: 0 };
        this.items.push(head);
      }
      head.size += 1;
      this.items.push({ principal });
    }
    this.columns = groups.flatMap(([title, members]) => members.map((action, index) => ({ action, title, first: index === 0, span: members.length })));
    this.at = { line: Math.min(this.at.line, Math.max(0, this.items.length - 1)), column: Math.min(this.at.column, Math.max(0, this.columns.length - 1)) };
    if (this.items[this.at.line] && !this.items[this.at.line].principal) this.at.line = this.nextLine(this.at.line, 1);
    this.grid.setAttribute("aria-rowcount", String(this.items.length + 1));
    this.grid.setAttribute("aria-colcount", String(this.columns.length + 1));
    this.measure();
  }

  /** Mark a principal and an action (-1 for none), or some of each, and bring them into sight where that is asked. */
  select(principal, action, intoSight, marked = null) {
    this.chosen = { principal, action };
    this.marked = principal < 0 && action < 0 ? marked : null;
    const wanted = (one, some) => (index) => (this.marked ? some !== null && some.has(index) : index === one);
    const [isLine, isColumn] = [wanted(principal, this.marked && this.marked.principals), wanted(action, this.marked && this.marked.actions)];
    const line = this.items.findIndex((item) => item.principal && isLine(item.principal.index));
    const column = this.columns.findIndex((item) => isColumn(item.action.index));
    const same = this.columns[this.at.column] && this.columns[this.at.column].action.index === action;
    if (line >= 0) this.at.line = line;
    if (column >= 0 && !same) this.at.column = column;
    if (intoSight && (line >= 0 || column >= 0)) this.reveal();
    this.tell();
    this.draw();
  }

  best(principal, action) {
    const best = bestOf(this.cells.code(principal.index, action.index));
    return best === NOTHING && !this.partial ? DENIED : best;
  }

  measure() {
    const wide = this.grid.clientWidth;
    this.left = wide < 560 ? 128 : 232;
    this.top = (wide < 560 ? 132 : 164) + GROUP;
    this.space.style.width = `${this.left + this.columns.length * CELL + 8}px`;
    this.space.style.height = `${this.top + this.items.length * CELL}px`;
    this.tell();
    this.draw();
  }

  /** What an event is over: a line, a column, or both. */
  find(event) {
    const box = this.grid.getBoundingClientRect();
    const x = event.clientX - box.left - this.grid.clientLeft;
    const y = event.clientY - box.top - this.grid.clientTop;
    const line = y < this.top ? -1 : Math.floor((y - this.top + this.grid.scrollTop) / CELL);
    const column = x < this.left ? -1 : Math.floor((x - this.left + this.grid.scrollLeft) / CELL);
    const inside = line < this.items.length && column < this.columns.length && !(line < 0 && column < 0);
    return inside && (line < 0 || this.items[line].principal) ? { line, column } : null;
  }

  point(place) {
    const same = (place === null) === (this.hover === null) && (!place || (place.line === this.hover.line && place.column === this.hover.column));
    if (same) return;
    this.hover = place;
    this.grid.style.cursor = place ? "pointer" : "default";
    this.tell();
    this.draw();
  }

  click(event) {
    const place = this.find(event);
    if (!place) return;
    if (place.line >= 0) this.at.line = place.line;
    if (place.column >= 0) this.at.column = place.column;
    this.pick(place.line, place.column);
  }

  pick(line, column) {
    this.choose(line < 0 ? -1 : this.items[line].principal.index, column < 0 ? -1 : this.columns[column].action.index);
  }

  key(event) {
    const { line, column } = this.at;
    const page = Math.max(1, Math.floor((this.grid.clientHeight - this.top) / CELL) - 1);
    const all = event.ctrlKey || event.metaKey;
    const moves = {
      ArrowDown: () => [this.nextLine(line, 1), column],
      ArrowUp: () => [this.nextLine(line, -1), column],
      ArrowRight: () => [line, column + 1],
      ArrowLeft: () => [line, column - 1],
      PageDown: () => [this.nextLine(line, page), column],
      PageUp: () => [this.nextLine(line, -page), column],
      Home: () => [all ? this.nextLine(-1, 1) : line, 0],
      End: () => [all ? this.items.length - 1 : line, this.columns.length - 1],
    };
    if (this.items.length === 0 || this.columns.length === 0) return;
    if (event.key === "Enter" || event.key === " ") this.pick(line, column);
    else if (event.key === "Escape") this.choose(-1, -1);
    else if (moves[event.key]) {
      const [nextLine, nextColumn] = moves[event.key]();
      this.at = { line: nextLine, column: Math.min(Math.max(nextColumn, 0), this.columns.length - 1) };
      this.hover = null;
      this.reveal();
      this.tell();
      this.draw();
    } else return;
    // The notebook must not take these keys for its own.
    event.preventDefault();
    event.stopPropagation();
  }

  nextLine(line, step) {
    let next = Math.min(Math.max(line + step, 0), this.items.length - 1);
    const way = Math.sign(step);
    while (next > 0 && next < this.items.length - 1 && !this.items[next].principal) next += way;
    // The first line is a heading, and the last never is.
    return this.items[next].principal ? next : next + 1;
  }

  reveal() {
    const { line, column } = this.at;
    const y = line * CELL;
    const x = column * CELL;
    const high = this.grid.clientHeight - this.top;
    const wide = this.grid.clientWidth - this.left;
    if (y - CELL < this.grid.scrollTop) this.grid.scrollTop = y - CELL;
    else if (y + CELL > this.grid.scrollTop + high) this.grid.scrollTop = y + CELL - high;
    if (x < this.grid.scrollLeft) this.grid.scrollLeft = x;
    else if (x + CELL > this.grid.scrollLeft + wide) this.grid.scrollLeft = x + CELL - wide;
  }

  /** Say where the keyboard is, for screen readers, and what the pointer is over, for everybody. */
  tell() {
    const place = this.hover ?? this.at;
    const item = this.items[this.at.line];
    const column = this.columns[this.at.column];
    if (!item || !item.principal || !column) {
      this.rowHead.textContent = "";
      this.cell.textContent = "nothing is shown";
      this.where.textContent = "";
      return;
    }
    const said = (principal, action) => `${action.name}: ${WORD[this.best(principal, action)] ?? "no finding is about it"}`;
    this.reader.setAttribute("aria-rowindex", String(this.at.line + 2));
    this.cell.setAttribute("aria-colindex", String(this.at.column + 2));
    this.cell.setAttribute("aria-selected", String(item.principal.index === this.chosen.principal && column.action.index === this.chosen.action));
    this.rowHead.textContent = item.principal.name;
    this.cell.textContent = `${item.principal.name}, ${said(item.principal, column.action)}`;
    const [over, above] = [this.items[place.line], this.columns[place.column]];
    this.where.replaceChildren(...(over && over.principal ? [bdi(over.principal.name), over.principal.kind === "root" ? "" : ` (${over.principal.kind})`] : []),
      over && above ? " › " : "", above ? (over && over.principal ? said(over.principal, above.action) : above.action.name) : "");
  }

  /** Draw at the next frame, however often it is asked for. */
  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  colours() {
    if (this.ink) return this.ink;
    const style = getComputedStyle(this.element);
    const get = (name) => style.getPropertyValue(`--${name}`).trim();
    this.ink = Object.fromEntries(["page", "raised", "line", "ink", "soft", "allow", "allow-fill", "when", "when-fill", "focus"].map((name) => [name, get(name)]));
    this.ink.font = style.fontFamily;
    return this.ink;
  }

  paint() {
    const wide = this.grid.clientWidth;
    const high = this.grid.clientHeight;
    if (!wide || !high || !this.cells) return;
    const scale = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(wide * scale) || this.canvas.height !== Math.round(high * scale)) {
      this.canvas.width = Math.round(wide * scale);
      this.canvas.height = Math.round(high * scale);
      this.canvas.style.width = `${wide}px`;
      this.canvas.style.height = `${high}px`;
    }
    const c = this.canvas.getContext("2d");
    const ink = this.colours();
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.fillStyle = ink.page;
    c.fillRect(0, 0, wide, high);
    const [sx, sy] = [this.grid.scrollLeft, this.grid.scrollTop];
    const lines = [Math.floor(sy / CELL), Math.min(this.items.length, Math.ceil((sy + high - this.top) / CELL))];
    const columns = [Math.floor(sx / CELL), Math.min(this.columns.length, Math.ceil((sx + wide - this.left) / CELL))];
    this.clip(c, this.left, this.top, wide, high, () => this.paintCells(c, ink, lines, columns, sx, sy));
    this.clip(c, this.left, 0, wide, this.top, () => this.paintHeads(c, ink, columns, sx));
    c.strokeStyle = ink.line;
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(0, this.top - 0.5);
    c.lineTo(wide, this.top - 0.5);
    c.moveTo(this.left - 0.5, 0);
    c.lineTo(this.left - 0.5, high);
    c.stroke();
    this.clip(c, 0, this.top, wide, high, () => this.paintNames(c, ink, lines, sy, wide));
    this.painted = (this.painted || 0) + 1;
    this.element.dataset.painted = String(this.painted);
  }

  clip(c, x, y, right, bottom, paint) {
    c.save();
    c.beginPath();
    c.rect(x, y, right - x, bottom - y);
    c.clip();
    paint();
    c.restore();
  }

  paintCells(c, ink, [from, to], [first, last], sx, sy) {
    const focused = document.activeElement === this.grid;
    for (let line = from; line < to; line += 1) {
      const { principal } = this.items[line];
      const y = this.top + line * CELL - sy;
      if (!principal) continue;
      for (let column = first; column < last; column += 1) {
        const { action } = this.columns[column];
        this.paintCell(c, ink, this.left + column * CELL - sx, y, this.best(principal, action));
        const chosen = this.isChosen(principal, action);
        const here = focused && line === this.at.line && column === this.at.column;
        if (chosen || here) this.frame(c, ink, this.left + column * CELL - sx, y, here);
      }
    }
    c.strokeStyle = ink.line;
    c.lineWidth = 1;
    c.beginPath();
    for (let column = first; column < last; column += 1) {
      if (!this.columns[column].first || column === 0) continue;
      const x = Math.round(this.left + column * CELL - sx) - 0.5;
      c.moveTo(x, this.top);
      c.lineTo(x, this.top + to * CELL - sy);
    }
    c.stroke();
    if (this.hover && this.hover.line >= 0 && this.hover.column >= 0) {
      c.strokeStyle = ink.soft;
      c.strokeRect(this.left + this.hover.column * CELL - sx + 0.5, this.top + this.hover.line * CELL - sy + 0.5, CELL - 1, CELL - 1);
    }
  }

  isChosen(principal, action) {
    const { principal: who, action: what } = this.chosen;
    if (this.marked) return [[this.marked.principals, principal], [this.marked.actions, action]].every(([some, { index }]) => some === null || some.has(index));
    return (who >= 0 || what >= 0) && (who < 0 || who === principal.index) && (what < 0 || what === action.index);
  }

  frame(c, ink, x, y, strong) {
    c.strokeStyle = ink.focus;
    c.lineWidth = strong ? 2.5 : 1.5;
    c.strokeRect(x + 1.5, y + 1.5, CELL - 3, CELL - 3);
  }

  /** A sign besides the colour: a full disc, a half one, or a dot. */
  paintCell(c, ink, x, y, best) {
    if (best === NOTHING) return;
    const [cx, cy, r] = [x + CELL / 2, y + CELL / 2, 5];
    if (best === DENIED) {
      c.fillStyle = ink.soft;
      c.fillRect(cx - 1, cy - 1, 2, 2);
      return;
    }
    c.fillStyle = best === ALLOWED ? ink["allow-fill"] : ink["when-fill"];
    c.fillRect(x, y, CELL - 1, CELL - 1);
    c.fillStyle = c.strokeStyle = best === ALLOWED ? ink.allow : ink.when;
    c.lineWidth = 1.4;
    c.beginPath();
    c.arc(cx, cy, r, 0, 2 * Math.PI);
    if (best === ALLOWED) c.fill();
    else {
      c.stroke();
      c.beginPath();
      c.arc(cx, cy, r, Math.PI / 2, 1.5 * Math.PI);
      c.fill();
    }
  }

  paintHeads(c, ink, [first, last], sx) {
    c.textBaseline = "middle";
    c.textAlign = "left";
    for (let column = first; column < last; column += 1) {
      const { action } = this.columns[column];
      const x = this.left + column * CELL - sx + CELL / 2;
      const lit = action.index === this.chosen.action || (this.hover && this.hover.column === column);
      c.save();
      c.translate(x, this.top - 6);
      c.rotate(-Math.PI / 2);
      c.font = `${lit ? 600 : 400} 12px ${ink.font}`;
      c.fillStyle = lit ? ink.focus : ink.ink;
      c.fillText(this.fitted(c, action.short, this.top - GROUP - 14), 0, 0);
      c.restore();
    }
    c.fillStyle = ink.raised;
    c.fillRect(this.left, 0, this.grid.clientWidth, GROUP);
    c.font = `600 12px ${ink.font}`;
    let start = 0;
    while (start < this.columns.length) {
      const { title, span } = this.columns[start];
      const x = this.left + start * CELL - sx;
      const end = x + span * CELL;
      if (end > this.left && x < this.grid.clientWidth) {
        const from = Math.max(x, this.left) + 6;
        c.fillStyle = ink.ink;
        // Beyond the last group there is nothing that its title could cover.
        const room = start + span === this.columns.length ? this.grid.clientWidth - from : end - from - 6;
        c.fillText(this.fitted(c, title, room), from, GROUP / 2);
        c.fillStyle = ink.line;
        if (start) c.fillRect(x - 1, 0, 1, this.top);
      }
      start += span;
    }
  }

  paintNames(c, ink, [from, to], sy, wide) {
    c.textBaseline = "middle";
    for (let line = from; line < to; line += 1) {
      const { principal, account, size } = this.items[line];
      const y = this.top + line * CELL - sy;
      if (!principal) {
        c.fillStyle = ink.raised;
        c.fillRect(0, y, wide, CELL - 1);
        c.fillStyle = ink.ink;
        c.font = `600 12px ${ink.font}`;
        c.fillText(this.fitted(c, `${this.names.accountName(account)} · ${plural(size, "principal")}`, wide - 20), 8, y + CELL / 2);
        continue;
      }
      c.fillStyle = ink.page;
      c.fillRect(0, y, this.left - 1, CELL);
      const lit = principal.index === this.chosen.principal || (this.hover && this.hover.line === line);
      c.fillStyle = lit ? ink.focus : ink.ink;
      c.font = `${lit ? 600 : 400} 12.5px ${ink.font}`;
      c.fillText(this.fitted(c, principal.name, this.left - 18), 10, y + CELL / 2);
    }
  }

  fitted(c, text, room) {
    if (room <= 10) return "";
    if (c.measureText(text).width <= room) return text;
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (c.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    return low ? `${text.slice(0, low)}…` : "";
  }
}

// Lists beside the table: findings, and chains; and the tabs that show one of them at a time.

/** Several panels of which one is shown; `parts` have key, title, panel, and a place for a number. */
class Tabs {
  constructor({ label, parts, changed = () => {} }) {
    this.parts = parts.map(({ key, title, panel, tally }) => {
      const tab = make("button", { type: "button", role: "tab", id: freshId("tab") }, title, " ", tally);
      const body = make("div", { className: "tab-panel", role: "tabpanel", id: freshId("panel"), "aria-labelledby": tab.id }, panel);
      tab.setAttribute("aria-controls", body.id);
      tab.addEventListener("click", () => { this.show(key); changed(key); });
      return { key, tab, body };
    });
    this.bar = make("div", { className: "tabs", role: "tablist", "aria-label": label }, ...this.parts.map(({ tab }) => tab));
    this.bar.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const at = this.parts.findIndex(({ key }) => key === this.shown);
      const next = this.parts[(at + step + this.parts.length) % this.parts.length];
      next.tab.click();
      next.tab.focus();
    });
    this.element = make("div", {}, this.bar, ...this.parts.map(({ body }) => body));
    this.show(parts[0].key);
  }

  show(key) {
    this.shown = key;
    for (const part of this.parts) {
      const chosen = part.key === key;
      part.tab.setAttribute("aria-selected", String(chosen));
      part.tab.tabIndex = chosen ? 0 : -1;
      part.body.hidden = !chosen;
    }
  }
}

/** Lines to choose from, by mouse or with the arrow keys and Enter; `line` makes what stands on one. */
class List {
  constructor({ label, line, choose }) {
    Object.assign(this, { line, choose });
    this.rows = [];
    this.options = [];
    this.at = -1;
    this.box = make("div", { className: "list", role: "listbox", tabIndex: 0, "aria-label": label });
    this.note = make("p", { className: "hint" });
    this.element = make("div", { className: "listed" }, this.note, this.box);
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("click", (event) => {
      const at = this.options.findIndex((option) => option.contains(event.target));
      if (at >= 0) { this.point(at); this.choose(this.rows[at]); }
    });
  }

  /** Show rows, the chosen one marked, and a note above them; without rows the note alone. */
  show(rows, isChosen, ...note) {
    const same = rows.length === this.rows.length && rows.every((row, index) => JSON.stringify(row) === JSON.stringify(this.rows[index]));
    this.rows = rows;
    if (!same) {
      this.options = rows.map((row) => make("div", { role: "option", id: freshId("option") }, ...this.line(row)));
      this.box.replaceChildren(...this.options);
      this.box.scrollTop = 0;
    }
    const chosen = rows.findIndex(isChosen);
    this.options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
    if (!same || chosen >= 0) this.point(chosen);
    this.box.hidden = rows.length === 0;
    this.note.hidden = note.length === 0;
    this.note.replaceChildren(...note);
  }

  point(at) {
    this.at = at;
    this.options.forEach((option, index) => option.classList.toggle("at", index === at));
    if (at >= 0) this.box.setAttribute("aria-activedescendant", this.options[at].id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const last = this.rows.length - 1;
    const moves = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: last, PageDown: this.at + 5, PageUp: this.at - 5 };
    if (event.key in moves) {
      this.point(Math.max(0, Math.min(last, moves[event.key])));
      const [option, box] = [this.options[this.at], this.box];
      if (option.offsetTop < box.scrollTop) box.scrollTop = option.offsetTop;
      else if (option.offsetTop + option.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = option.offsetTop + option.offsetHeight - box.clientHeight;
    } else if ((event.key === "Enter" || event.key === " ") && this.at >= 0) this.choose(this.rows[this.at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const SEVERITIES = ["critical", "high", "medium", "low", "info"];

/** A severity as a word with a sign of as many bars as it is grave. */
const severityMark = (severity) => make("span", { className: `severity s-${severity}` },
  make("span", { "aria-hidden": "true" }, "▮".repeat(5 - SEVERITIES.indexOf(severity)), "▯".repeat(SEVERITIES.indexOf(severity))), ` ${severity}`);

const findingLine = ([, severity, title, summary]) => [severityMark(severity),
  make("span", { className: "what" }, make("strong", {}, bdi(title)), ". ", bdi(summary))];

const DECISION = { allowed: ALLOWED, conditional: CONDITIONAL };

/** A line of the list of chains: who, by which steps, when, and what is gained. */
const chainLine = ({ name, decision, when, steps, gains }) => {
  const code = DECISION[decision];
  return [make("span", { className: `way w-${WORD[code]}` }, make("span", { "aria-hidden": "true" }, SYMBOL[code]), make("span", { className: "hidden" }, WORD[code])),
    make("span", { className: "what" }, make("strong", {}, bdi(name)), " ", bdi(steps),
      ...(when ? [" ", make("span", { className: "w-conditional" }, bdi(when))] : []),
      ...(gains.length ? [make("span", { className: "sub" }, ` Has: ${gains.join(", ")}.`)] : []))];
};

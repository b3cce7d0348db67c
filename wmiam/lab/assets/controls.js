// Filters, context keys, and the counts of the first screen.

const option = (value, text) => make("option", { value }, text);

/** An id that no other element of the page has. */
const freshId = (name) => `wmiam-${name}-${Math.random().toString(36).slice(2)}`;

/** A labelled control. */
function field(label, control) {
  control.id = freshId("field");
  return make("div", { className: "field" }, make("label", { htmlFor: control.id }, label), control);
}

/** Call something when nothing more happens for a while. */
function later(wait, call) {
  let timer = null;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), wait);
  };
}

/** The filters as a form; `changed` gets all of them, and how columns are grouped stays here. */
class FilterForm {
  constructor({ names, changed, grouped, without = [] }) {
    const text = (placeholder) => make("input", { type: "search", placeholder, autocomplete: "off", spellcheck: false });
    const select = (...options) => make("select", {}, ...options);
    const levels = [...new Set(names.actions.map((action) => action.level))].sort();
    this.fields = {
      principals: text("in the ARN"),
      actions: text("e.g. password"),
      account: select(option("", "all accounts"), ...names.accounts.map((id) => option(id, names.accountName(id)))),
      organization: select(option("", "any of the account"), ...names.organizations.map(({ arn, label }) => option(arn, label))),
      capability: select(option("", "all"), ...names.capabilities.map(({ name, title }) => option(name, title))),
      level: select(option("", "all"), ...levels.map((level) => option(level, level))),
      decision: select(option("", "any access"), option("allowed", "allowed in every case"), option("conditional", "only under a condition"),
        option("denied", "denied"), option("all", "all, denied too")),
      severity: select(option("", "with or without"), option("critical", "critical"),
        ...["high", "medium", "low"].map((severity) => option(severity, `${severity} or graver`)), option("info", "any finding")),
    };
    for (const name of without) delete this.fields[name];
    const titles = { principals: "Principals", actions: "Actions", account: "Account", organization: "Organization",
      capability: "Capability", level: "Access level", decision: "Decision", severity: "Finding severity" };
    this.group = select(option("capability", "by capability"), option("level", "by access level"), option("none", "in one row"));
    const reset = make("button", { type: "reset" }, "Reset");
    this.element = make("form", { className: "filters", "aria-label": "Filters" },
      ...Object.entries(this.fields).map(([name, control]) => field(titles[name], control)), field("Columns", this.group), reset);
    const send = () => changed(this.value);
    const soon = later(90, send);
    this.element.addEventListener("input", (event) => {
      if (event.target === this.group) grouped();
      else if (event.target.type === "search") soon();
      else send();
    });
    this.element.addEventListener("reset", () => setTimeout(() => { grouped(); send(); }));
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  get value() {
    return Object.fromEntries(Object.entries(this.fields).map(([name, control]) => [name, control.value]));
  }

  /** Show filters that were set elsewhere, and leave alone what is being typed. */
  set value(filters) {
    for (const [name, control] of Object.entries(this.fields)) {
      if (control.value !== filters[name] && !(control.type === "search" && control === document.activeElement)) control.value = filters[name];
    }
  }
}

const OPEN = "open";
const OWN = "own";
// How many keys are in sight before "more".
const FIRST_KEYS = 5;

/** The context keys: each left open, or fixed to a value. */
class ContextForm {
  constructor({ controls, changed }) {
    this.controls = controls.map((control) => this.control(control));
    this.changed = changed;
    const rest = this.controls.slice(FIRST_KEYS);
    this.more = make("details", { className: "more" }, make("summary", {}, `${plural(rest.length, "more key")}`),
      make("div", { className: "fields" }, ...rest.map(({ element }) => element)));
    this.clear = make("button", { type: "button" }, "Leave all open");
    this.clear.addEventListener("click", () => { this.value = {}; this.changed({}); });
    this.element = make("form", { className: "context", "aria-label": "Context of the request" },
      make("div", { className: "fields" }, ...this.controls.slice(0, FIRST_KEYS).map(({ element }) => element), this.clear),
      rest.length ? this.more : null);
    this.element.addEventListener("submit", (event) => event.preventDefault());
    const soon = later(250, () => this.changed(this.value));
    this.element.addEventListener("input", (event) => {
      for (const { select, own } of this.controls) own.hidden = select.value !== OWN;
      if (event.target.type === "text") soon();
      else if (event.target.value === OWN) this.controls.find(({ select }) => select === event.target).own.focus();
      else this.changed(this.value);
    });
  }

  control({ key, title, kind, options }) {
    const values = options.map(([value]) => value);
    const select = make("select", { title: key }, option(OPEN, "open"), ...options.map(([, text], index) => option(String(index), text)));
    if (kind === "value") select.append(option(OWN, "another value …"));
    const own = make("input", { type: "text", hidden: true, autocomplete: "off", spellcheck: false, "aria-label": `${title}: value` });
    return { key, values, select, own, element: make("div", { className: "key" }, field(title, select), own) };
  }

  get value() {
    const found = {};
    for (const { key, values, select, own } of this.controls) {
      if (select.value === OWN) {
        if (own.value !== "") found[key] = own.value;
      } else if (select.value !== OPEN) found[key] = values[Number(select.value)];
    }
    return found;
  }

  set value(context) {
    const given = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
    for (const { key, values, select, own } of this.controls) {
      if (own === document.activeElement) continue;
      const value = given.get(key.toLowerCase());
      const at = values.findIndex((known) => JSON.stringify(known) === JSON.stringify(value));
      const known = given.has(key.toLowerCase());
      // What only Python can say (several values, say) is shown as text, and stays as it is until it is changed here.
      select.value = !known ? OPEN : at >= 0 ? String(at) : OWN;
      if (known && at < 0 && !select.value) select.value = OPEN;
      own.hidden = select.value !== OWN;
      own.value = select.value === OWN ? String(value) : "";
      if (known && this.controls.findIndex((control) => control.key === key) >= FIRST_KEYS) this.more.open = true;
    }
    this.clear.disabled = given.size === 0;
  }
}

/** A word for which there is no room on the screen. */
const BY = () => make("span", { className: "hidden" }, "by ");

/** The capabilities with the numbers of those who have them, directly and by chains; a click shows only their actions. */
class Counts {
  constructor({ names, choose }) {
    this.buttons = names.capabilities.map(({ name, title, why }) => {
      const [allowed, conditional, chained] = [make("b"), make("span", { className: "w-conditional" }), make("span", { className: "chained" })];
      const button = make("button", { type: "button", title: why, "aria-pressed": "false" }, make("span", {}, title),
        make("span", { className: "numbers" }, allowed, conditional), chained);
      button.addEventListener("click", () => choose(button.getAttribute("aria-pressed") === "true" ? "" : name));
      return { name, button, allowed, conditional, chained };
    });
    this.element = make("div", { className: "counts", role: "group", "aria-label": "How many principals can" },
      ...this.buttons.map(({ button }) => button));
  }

  /** Show how many can; `chains` has the numbers of those who come to it by chains alone, or nothing yet. */
  show(counts, chains, chosen) {
    this.buttons.forEach(({ name, button, allowed, conditional, chained }, index) => {
      const [always, sometimes] = counts[index];
      button.setAttribute("aria-pressed", String(name === chosen));
      allowed.textContent = number(always);
      conditional.replaceChildren(...underCondition(sometimes, "+"));
      if (chains.length === 0) {
        chained.replaceChildren(BY(), "chains ?");
        return;
      }
      const [free, bound] = chains[index];
      chained.replaceChildren(BY(), free || bound ? "chains " : "chains none", ...(free ? [`+${number(free)} `] : []), ...underCondition(bound, "+"));
    });
  }
}

/** A number of principals with the sign of a condition, and its words for who does not see it. */
const underCondition = (value, sign) => value ? [make("span", { className: "w-conditional" }, `${sign}${number(value)} `,
  make("span", { "aria-hidden": "true" }, SYMBOL[CONDITIONAL]), make("span", { className: "hidden" }, "under a condition"))] : [];

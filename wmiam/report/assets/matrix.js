// The matrix: principals by actions, drawn as it scrolls, driven by mouse or keyboard.
const grid = document.getElementById("grid");
const form = document.getElementById("filters");
const ROW = 30;
const COLUMN = 30;
const table = make("table", { role: "grid", "aria-label": "Principals by actions" });
const widths = make("colgroup");
const head = make("thead");
const body = make("tbody");
table.append(widths, head, body);
grid.append(table);
let columns = [];
let items = [];
let drawn = [-1, -1];
// Line and column of the cell that the keyboard is on, and of the one explained.
let at = { line: 0, column: 0 };
let chosen = null;

const option = (value, text) => make("option", { value }, text);
const chosenPlace = () => (form.place.value === "" ? null : Number(form.place.value));

function fillFilters() {
  const accounts = [...new Set(principals.map((principal) => principal.account))].sort();
  form.account.append(option("", "all accounts"), ...accounts.map((id) => option(id, accountName(id))));
  form.place.append(option("", "any: the most permissive"), ...data.order.map((index) => option(String(index), organizations[index].label)));
  form.columns.append(option("worth", "by capability"), option("level", "by access level"));
  const only = make("optgroup", { label: "only" });
  data.capabilities.forEach((title, index) => only.append(option(String(index), title)));
  form.columns.append(only);
}

/** Columns to show: runs of actions under a heading; an action stands under each capability it serves. */
function chooseColumns() {
  const words = form.what.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = actions.filter((action) => words.every((word) => action.name.toLowerCase().includes(word)));
  const choice = form.columns.value;
  const groups = [];
  if (choice === "level") {
    for (const level of [...new Set(actions.map((action) => action.level))].sort()) {
      groups.push([level, wanted.filter((action) => action.level === level)]);
    }
  } else {
    data.capabilities.forEach((title, index) => {
      if (choice === "worth" || Number(choice) === index) groups.push([title, wanted.filter((a) => a.worth.includes(index))]);
    });
    if (choice === "worth") groups.push(["Everything else", wanted.filter((action) => action.worth.length === 0)]);
  }
  columns = groups.filter(([, members]) => members.length).flatMap(([title, members]) => {
    const width = Math.max(COLUMN, Math.ceil((title.length * 7.4 + 18) / members.length));
    return members.map((action, index) => ({ action, width, title: index ? "" : title, span: members.length, edge: index === 0 }));
  });
}

/** Rows to show: principals that pass the filters, under their accounts. */
function chooseRows() {
  const words = form.who.value.toLowerCase().split(/\s+/).filter(Boolean);
  const place = chosenPlace();
  const access = form.access.value;
  const passes = { 1: (code) => code > DENIED, 2: (code) => code === ALLOWED, c: (code) => code === CONDITIONAL }[access];
  const wanted = [...new Set(columns.map(({ action }) => action.index))];
  const passing = new Map();
  // Everybody of a class has the same decisions.
  const groupPasses = (group) => {
    let found = passing.get(group);
    if (found === undefined) {
      const codes = codesIn(group, place);
      found = wanted.some((action) => passes(codes[action]));
      passing.set(group, found);
    }
    return found;
  };
  const rows = principals.filter((principal) => (form.account.value === "" || principal.account === form.account.value)
    && words.every((word) => principal.search.includes(word))
    && (access === "0" || groupPasses(principal.group)));
  const sizes = new Map();
  for (const { account } of rows) sizes.set(account, (sizes.get(account) ?? 0) + 1);
  items = [];
  for (const principal of rows) {
    const { account } = principal;
    if (items.length === 0 || items[items.length - 1].account !== account) items.push({ account, size: sizes.get(account) });
    items.push({ account, principal });
  }
  document.getElementById("shown").textContent =
    `${number(rows.length)} of ${plural(principals.length, "principal")}, ${number(wanted.length)} of ${plural(actions.length, "action")}`;
}

function drawHead() {
  const wide = grid.clientWidth < 600 ? 140 : 300;
  table.style.setProperty("--names", `${wide}px`);
  widths.replaceChildren(...[wide, ...columns.map((column) => column.width)].map((width) => {
    const col = make("col");
    col.style.width = `${width}px`;
    return col;
  }));
  table.style.width = `${columns.reduce((sum, column) => sum + column.width, wide)}px`;
  const groups = make("tr", {}, make("th", { className: "corner", scope: "col", rowSpan: 2 }, make("span", { className: "hidden" }, "Principal")));
  const names = make("tr");
  columns.forEach((column) => {
    if (column.edge) groups.append(make("th", { scope: "colgroup", colSpan: column.span, title: column.title }, make("span", {}, column.title)));
    const name = column.action.name.replace(/^workmail:|^workmail(?=messageflow:)/, "");
    names.append(make("th", { scope: "col", className: column.edge ? "edge" : "", title: column.action.name }, make("div", { className: "act" }, name)));
  });
  head.replaceChildren(groups, names);
  table.setAttribute("aria-rowcount", String(items.length + 2));
  table.setAttribute("aria-colcount", String(columns.length + 1));
}

function drawRow(line) {
  const item = items[line];
  const row = make("tr", { "aria-rowindex": String(line + 3) });
  if (!item.principal) {
    row.className = "group";
    row.append(make("th", { scope: "rowgroup", colSpan: columns.length + 1 },
      make("div", {}, bdi(accountName(item.account)), make("small", {}, plural(item.size, "principal")))));
    return row;
  }
  const { principal } = item;
  const codes = codesIn(principal.group, chosenPlace());
  row.append(make("th", { scope: "row", title: principal.arn },
    make("div", {}, bdi(principal.name), make("small", {}, principal.kind.replace("service-linked role", "linked role")))));
  columns.forEach(({ action, edge }, column) => {
    const code = codes[action.index];
    const here = at.line === line && at.column === column;
    const cell = make("td", { role: "gridcell", tabIndex: here ? 0 : -1, className: CLASS[code] + (edge ? " edge" : ""),
      "aria-label": WORD[code], "aria-colindex": String(column + 2) }, SYMBOL[code]);
    if (chosen && chosen.principal === principal && chosen.action === action.index) cell.setAttribute("aria-selected", "true");
    row.append(cell);
  });
  return row;
}

/** Draw the rows in sight, and blank space for the others. */
function draw(force) {
  const above = Math.max(0, Math.floor(grid.scrollTop / ROW) - 8);
  const first = Math.min(above, Math.max(0, items.length - 1));
  const last = Math.min(items.length, first + Math.ceil(grid.clientHeight / ROW) + 16);
  if (!force && first === drawn[0] && last === drawn[1]) return;
  const focused = body.contains(document.activeElement);
  drawn = [first, last];
  const space = (rows) => {
    const row = make("tr", { "aria-hidden": "true" });
    row.style.height = `${rows * ROW}px`;
    return row;
  };
  const rows = [];
  for (let line = first; line < last; line += 1) rows.push(drawRow(line));
  body.replaceChildren(...(first ? [space(first)] : []), ...rows, ...(last < items.length ? [space(items.length - last)] : []));
  if (focused) cellAt(at.line, at.column)?.focus({ preventScroll: true });
}

function cellAt(line, column) {
  if (line < drawn[0] || line >= drawn[1]) return null;
  return body.children[line - drawn[0] + (drawn[0] ? 1 : 0)]?.children[column + 1] ?? null;
}

/** Move the keyboard to a cell and bring it into sight. */
function moveTo(line, column, focus) {
  const old = cellAt(at.line, at.column);
  if (old) old.tabIndex = -1;
  at = { line, column };
  const headHeight = head.offsetHeight;
  const top = line * ROW;
  if (top < grid.scrollTop + ROW) grid.scrollTop = top - ROW;
  else if (top + ROW > grid.scrollTop + grid.clientHeight - headHeight) grid.scrollTop = top + ROW - grid.clientHeight + headHeight;
  const firstWidth = head.rows[0].cells[0].offsetWidth;
  const left = columns.slice(0, column).reduce((sum, item) => sum + item.width, 0);
  if (left < grid.scrollLeft) grid.scrollLeft = left;
  else if (left + columns[column].width > grid.scrollLeft + grid.clientWidth - firstWidth) {
    grid.scrollLeft = left + columns[column].width - grid.clientWidth + firstWidth;
  }
  draw(false);
  const cell = cellAt(line, column);
  if (!cell) return;
  cell.tabIndex = 0;
  if (!focus) return;
  cell.focus({ preventScroll: true });
  // The grid itself may reach beyond the window.
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function choose(line, column, byKeyboard, place = chosenPlace()) {
  const { principal } = items[line];
  const action = columns[column].action.index;
  moveTo(line, column, true);
  chosen = { principal, action };
  const title = showPanel({ principal, action, place }, () => moveTo(at.line, at.column, true));
  // The open panel takes room from the grid: bring the cell into what is left.
  moveTo(line, column, true);
  draw(true);
  if (byKeyboard) title.focus();
}

function nextLine(line, step) {
  let next = line + step;
  while (next >= 0 && next < items.length && !items[next].principal) next += Math.sign(step);
  if (next < 0) next = items.findIndex((item) => item.principal);
  if (next >= items.length) next = items.length - 1;
  return next;
}

const KEYS = {
  ArrowDown: ({ line, column }) => [nextLine(line, 1), column],
  ArrowUp: ({ line, column }) => [nextLine(line, -1), column],
  ArrowRight: ({ line, column }) => [line, column + 1],
  ArrowLeft: ({ line, column }) => [line, column - 1],
  PageDown: ({ line, column }) => [nextLine(line, 15), column],
  PageUp: ({ line, column }) => [nextLine(line, -15), column],
  Home: ({ line }, all) => [all ? nextLine(-1, 1) : line, 0],
  End: ({ line }, all) => [all ? items.length - 1 : line, columns.length - 1],
};

body.addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(at.line, at.column, true);
    return;
  }
  const move = KEYS[event.key];
  if (!move) return;
  event.preventDefault();
  const [line, column] = move(at, event.ctrlKey);
  moveTo(line, Math.min(Math.max(column, 0), columns.length - 1), true);
});
body.addEventListener("click", (event) => {
  const cell = event.target.closest("td[role=gridcell]");
  if (!cell) return;
  const line = Number(cell.parentElement.getAttribute("aria-rowindex")) - 3;
  choose(line, Number(cell.getAttribute("aria-colindex")) - 2, false);
});

/** Apply the filters. */
function refresh() {
  chooseColumns();
  chooseRows();
  at = { line: Math.max(0, items.findIndex((item) => item.principal)), column: 0 };
  drawHead();
  grid.scrollTop = 0;
  draw(true);
}
form.addEventListener("input", refresh);
form.addEventListener("reset", () => setTimeout(refresh));
form.addEventListener("submit", (event) => event.preventDefault());
grid.addEventListener("scroll", () => draw(false), { passive: true });
new ResizeObserver(() => {
  drawHead();
  draw(true);
}).observe(grid);

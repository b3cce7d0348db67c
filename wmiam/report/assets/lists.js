// Lists that can be sorted, narrowed by a word and taken along; and links that open what they lead to.
const LONG_LIST = 8;

/** The text of a table's cell as a reader has it, folded parts included. */
const cellText = (cell) => (cell?.textContent ?? "").replace(/\s+/g, " ").trim();

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function sortRows(table, column, descending) {
  const rows = [...table.tBodies[0].rows].map((row) => [cellText(row.cells[column]), row]);
  rows.sort(([one], [other]) => collator.compare(one, other) * (descending ? -1 : 1));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function makeSortable(table) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button", className: "sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortRows(table, column, descending);
    });
  });
}

/** Show only what has all the words; returns how many that are. */
function keepWords(items, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const [item, content] of items) {
    const kept = words.every((word) => content.includes(word));
    item.classList.toggle("sifted", !kept);
    shown += Number(kept);
  }
  return shown;
}

function sieve(label, items, noun, after) {
  const input = make("input", { type: "search", placeholder: "a word or several", autocomplete: "off", spellcheck: false });
  const status = make("span", { role: "status", className: "sub" });
  let contents = null;
  input.addEventListener("input", () => {
    contents ??= items.map((item) => [item, item.textContent.toLowerCase()]);
    const shown = keepWords(contents, input.value);
    status.textContent = input.value.trim() ? `${number(shown)} of ${plural(items.length, noun)}` : "";
    after?.();
  });
  return [make("label", {}, label, " ", input), status];
}

function saveTable(table, title) {
  const rows = [...table.rows].filter((row) => !row.hidden && !row.classList.contains("sifted"));
  const name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "list";
  saveFile(`${name}.csv`, rows.map((row) => csvRow([...row.cells].map((cell) => cell.getAttribute("aria-label") ?? cellText(cell)))));
}

function addTools(table) {
  const rows = [...table.tBodies[0].rows];
  makeSortable(table);
  if (rows.length < LONG_LIST) return;
  const title = cellText(table.closest("section")?.querySelector("h2, h3")?.firstChild) || "list";
  const save = make("button", { type: "button" }, "Download as CSV");
  save.addEventListener("click", () => saveTable(table, title));
  const tools = make("div", { className: "tools" }, ...sieve("Find in this list", rows, "row"), save);
  (table.closest(".scroll") ?? table).before(tools);
}
for (const table of document.querySelectorAll("main table:is(.people, .ranks)")) if (table.tHead && table.tBodies[0]) addTools(table);

function siftFindings() {
  const findings = [...document.querySelectorAll("#findings details.finding")];
  if (findings.length < LONG_LIST) return;
  const groups = [...document.querySelectorAll("#findings .severity-group")];
  // A heading, and the reason below it, go where none of its findings stays.
  const hideEmpty = () => groups.forEach((group) => {
    let heads = [];
    let kept = false;
    let whole = false;
    const settle = () => heads.forEach((head) => head.classList.toggle("sifted", !kept));
    for (const child of group.children) {
      if (child.tagName === "H3") continue;
      if (child.tagName === "H4") {
        settle();
        heads = [child];
        kept = false;
      } else if (child.matches("details.finding")) {
        kept ||= !child.classList.contains("sifted");
        whole ||= kept;
      } else heads.push(child);
    }
    settle();
    group.classList.toggle("sifted", !whole);
  });
  groups[0].before(make("div", { className: "tools" }, ...sieve("Find in the findings", findings, "finding", hideEmpty)));
}
siftFindings();

/** Open what a link leads to, and what it lies in.  Ids of this page need no decoding. */
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", openTarget);
openTarget();

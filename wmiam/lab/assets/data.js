// The names and codes that the kernel sends, opened.

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Text with every character that does not show, or that reorders others, spelled out. */
const visible = (text) => text.replace(HIDDEN, (char) => `⟨U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

/** What a traitlet of bytes holds, as an array of bytes. */
const bytesOf = (value) => value instanceof DataView
  ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);

const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** The JSON value that compressed bytes hold. */
async function unpack(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** The names behind rows, columns and choices; ARNs stay as they are, because the kernel knows them so. */
function readNames(raw) {
  const accounts = new Map(raw.accounts);
  return {
    principals: raw.principals.map(([arn, kind, name], index) => ({
      index, arn, kind: raw.kinds[kind], account: arn.split(":")[4],
      name: name ?? visible(arn.slice(arn.lastIndexOf("/") + 1)),
      search: arn.toLowerCase(),
    })),
    actions: raw.actions.map(([name, level, worth], index) => ({
      index, name, level, worth, short: name.replace(/^workmail:|^workmail(?=messageflow:)/, ""), search: name.toLowerCase(),
    })),
    organizations: raw.organizations.map(([arn, label, account]) => ({ arn, label, account })),
    capabilities: raw.capabilities.map(([name, title, why]) => ({ name, title, why })),
    accounts: raw.accounts.map(([id]) => id),
    accountName: (id) => (accounts.get(id) ? `${accounts.get(id)} ${visible(id)}` : visible(id)),
  };
}

// A cell's code holds a bit for each decision that occurs in it, on one organization or another.
const HAS = [1, 2, 4];
const PASSES = { "": 6, allowed: 4, conditional: 2, denied: 1, all: 7 };

// What a cell without any decision is: nothing of it is shown, or its account has no organization.
const NOTHING = -1;

/** The best decision of a code. */
const bestOf = (code) => (code & HAS[ALLOWED] ? ALLOWED : code & HAS[CONDITIONAL] ? CONDITIONAL : code ? DENIED : NOTHING);

/** The codes of all cells: distinct rows, and which of them each principal has. */
function readCells(rows, rowOf, width) {
  const codes = bytesOf(rows);
  const own = bytesOf(rowOf);
  const rowNumbers = new Uint32Array(own.buffer.slice(own.byteOffset, own.byteOffset + own.byteLength));
  return {
    rowOf: rowNumbers,
    distinct: codes.length / width,
    row: (row) => codes.subarray(row * width, (row + 1) * width),
    code: (principal, action) => codes[rowNumbers[principal] * width + action],
  };
}

const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** The actions that pass the filters. */
function chosenActions(names, filters) {
  const words = wordsOf(filters.actions);
  const worth = names.capabilities.findIndex((capability) => capability.name === filters.capability);
  return names.actions.filter((action) => (worth < 0 || action.worth.includes(worth))
    && (filters.level === "" || action.level === filters.level)
    && words.every((word) => action.search.includes(word)));
}

/** The principals that pass the filters and have a cell among the actions that is shown. */
function chosenPrincipals(names, cells, filters, actions) {
  const words = wordsOf(filters.principals);
  const wanted = PASSES[filters.decision];
  const passes = new Uint8Array(cells.distinct);
  for (let row = 0; row < cells.distinct; row += 1) {
    const codes = cells.row(row);
    passes[row] = actions.some(({ index }) => codes[index] & wanted) ? 1 : 0;
  }
  return names.principals.filter((principal) => passes[cells.rowOf[principal.index]]
    && (filters.account === "" || principal.account === filters.account)
    && words.every((word) => principal.search.includes(word)));
}

/** Columns in groups: by capability (an action stands under each that it serves), by access level, or in one. */
function groupActions(names, actions, by) {
  if (by === "level") {
    const levels = [...new Set(actions.map((action) => action.level))].sort();
    return levels.map((level) => [level, actions.filter((action) => action.level === level)]);
  }
  if (by === "none") return [["All actions", actions]];
  const groups = names.capabilities.map(({ title }, index) => [title, actions.filter((action) => action.worth.includes(index))]);
  groups.push(["Everything else", actions.filter((action) => action.worth.length === 0)]);
  return groups.filter(([, members]) => members.length);
}

// Data of the page, read into rows and columns.
const data = JSON.parse(document.getElementById("data").textContent);

const principals = data.principals.map(([arn, kind, group, name]) => ({
  arn, kind: data.kinds[kind],
  name: name ?? arn.slice(arn.lastIndexOf("/") + 1),
  account: arn.split(":")[4],
  search: `${arn} ${data.kinds[kind]}`.toLowerCase(),
  // Pairs of organization (-1 for actions without resource) and row.
  held: data.groups[group],
}));
const organizations = data.organizations.map(([arn, label, account, region], index) => ({ arn, label, account, region, index }));
const actions = data.actions.map(([name, level, worth], index) => ({ name, level, worth, index }));
const accountName = (id) => (data.accounts[id] ? `${data.accounts[id]} ${id}` : id);

/** The decision of one row on one action; -1 where the action is not asked there. */
const decisionIn = (row, action) => {
  const code = data.rows[row][0][action];
  return code === " " ? -1 : Number(code);
};

/** The explanation of one row on one action. */
function explanationIn(row, action) {
  let left = action;
  for (const [explanation, run] of data.rows[row][1]) {
    if (left < run) return explanation;
    left -= run;
  }
  return -1;
}

/** Where a principal is asked about an action: pairs of organization index and row. */
const placesOf = (principal, action) => principal.held.filter(([, row]) => decisionIn(row, action) >= 0);

/** The decision of a cell: on one organization, or the most permissive of all (place null). */
function decisionOf(principal, action, place) {
  let best = DENIED;
  for (const [where, row] of principal.held) {
    if (place !== null && where !== place && !(where < 0 && organizations[place].account === principal.account)) continue;
    best = Math.max(best, decisionIn(row, action));
  }
  return best;
}

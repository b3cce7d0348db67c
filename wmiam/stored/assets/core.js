// Stored data, read into rows and columns.  A set of actions or resources is a number, bit by bit.
const accountOfPrefix = data.prefixes.map((prefix) => prefix.split(":")[4]);
const principals = data.principals.map(([prefix, rest, kind, group, holding, name]) => {
  const arn = data.prefixes[prefix] + rest;
  return {
    arn, kind: data.kinds[kind], group, holding,
    name: name ?? rest.slice(rest.lastIndexOf("/") + 1),
    account: accountOfPrefix[prefix],
    search: `${arn} ${data.kinds[kind]}`.toLowerCase(),
  };
});
const organizations = data.organizations.map(([arn, label, account, region], index) => ({ arn, label, account, region, index }));
const actions = data.actions.map(([name, level, worth], index) => ({ name, level, worth, index }));
const accountName = (id) => (data.accounts[id] ? `${data.accounts[id]} ${id}` : id);

const masks = data.masks.map((hex) => BigInt(`0x${hex}`));
const has = (mask, bit) => (masks[mask] >> BigInt(bit) & 1n) === 1n;

const membersOf = [];
/** The members of a stored set. */
function members(mask) {
  if (membersOf[mask] === undefined) {
    const digits = masks[mask].toString(2);
    membersOf[mask] = [];
    for (let bit = 0; bit < digits.length; bit += 1) if (digits[digits.length - 1 - bit] === "1") membersOf[mask].push(bit);
  }
  return membersOf[mask];
}

const codesOf = new Map();
/** The decisions of a class on every action, on one resource of its account. */
function codesAt(group, resource) {
  const key = `${group} ${resource}`;
  let codes = codesOf.get(key);
  if (codes === undefined) {
    codes = new Uint8Array(actions.length);
    const [account, , allowed] = data.classes[group];
    const about = masks[data.resources[account][resource][1]];
    for (const [resources, cells] of allowed) {
      if (!has(resources, resource)) continue;
      for (const [set, answer] of cells) {
        for (const action of members(set)) if (about >> BigInt(action) & 1n) codes[action] = data.answers[answer][0];
      }
    }
    codesOf.set(key, codes);
  }
  return codes;
}

const bestOf = new Map();
/** The decisions of a class on every action: on one organization, or the most permissive of all (place null). */
function codesIn(group, place) {
  const key = `${group} ${place}`;
  let best = bestOf.get(key);
  if (best === undefined) {
    best = new Uint8Array(actions.length);
    const [account] = data.classes[group];
    data.resources[account].forEach(([where], resource) => {
      if (place !== null && where !== place && !(where < 0 && organizations[place].account === account)) return;
      codesAt(group, resource).forEach((code, action) => { if (code > best[action]) best[action] = code; });
    });
    bestOf.set(key, best);
  }
  return best;
}

const decisionOf = (principal, action, place) => codesIn(principal.group, place)[action];

/** Where a principal is asked about an action: places of organizations (-1 for actions without one), resources, decisions. */
const placesOf = (principal, action) => data.resources[principal.account]
  .map(([place, about], resource) => ({ place, about, resource }))
  .filter(({ about }) => has(about, action))
  .map(({ place, resource }) => ({ place, resource, code: codesAt(principal.group, resource)[action] }));

// The explanation of one cell, composed of what statements and layers do to it: as wmiam.access.explain says it.
const APPLIES = ["no", "conditional", "applies"];
const LAYER = ["does not allow", "conditional", "allows", "denies"];
const ACTION_MARK = "\ue001";

/** What a stored table says of a cell: the values behind the sets that hold its resource and its action. */
function lookUp(table, resource, action) {
  const row = table.find(([resources]) => has(resources, resource));
  const cell = row && row[1].find(([set]) => has(set, action));
  return cell && cell.slice(1);
}

/** A condition in words so that it can follow a verb. */
const clause = (words) => (words === "" || data.follows.some((begin) => words.startsWith(begin)) ? words : `when ${words}`);

/** The statements of one policy that cover a cell's action. */
function statementsOf([policyIndex, through], cell) {
  const [name, kind, arn, version, number, places] = data.policies[policyIndex];
  const text = (index) => data.texts[index];
  const effects = data.effects[data.effectSets[data.classes[cell.principal.group][4]][number]];
  return effects.flatMap(([covered, entries], index) => {
    if (!has(covered, cell.action)) return [];
    const [, , applies, why, when, parts, never] = entries.find(([set, resources]) => has(set, cell.action) && has(resources, cell.resource));
    const [label, effect, lines] = data.documents[number][index];
    const [place, pointer] = places[index];
    const outcome = APPLIES[applies];
    return [{
      policy: text(name), label: text(label), effect: text(effect), applies: outcome, through: text(through),
      why: text(why).replaceAll(ACTION_MARK, actions[cell.action].name), when: text(when), place: text(place), pointer: text(pointer),
      facts: [text(through), text(kind) === "inline" ? "" : text(kind), text(version), text(arn)].filter(Boolean).join(", "),
      lines: lines.map(([line, deciding]) => [line, outcome !== "no" && deciding.some((part) => parts.includes(part))]),
      never: never.map(text),
    }];
  });
}

/** What must allow a cell, each with its statements. */
function layersOf(cell) {
  const [account, , , tables] = data.classes[cell.principal.group];
  const [identity, boundary] = data.holdings[cell.principal.holding];
  const root = cell.principal.kind === "root";
  const layers = [[data.titles[Number(root)], identity]];
  if (boundary) layers.push([data.texts[boundary[0]], boundary[1]]);
  for (const [title, policies] of data.levels[account]) layers.push([data.texts[title], policies]);
  return tables.map((table, index) => {
    const [title, policies] = layers[index];
    const [decision, when] = lookUp(data.layerTables[table], cell.resource, cell.action);
    return { title, decision: LAYER[decision], when: data.texts[when], statements: policies.flatMap((held) => statementsOf(held, cell)) };
  });
}

const named = (statement) => `${statement.policy}#${statement.label}`;
const after = (words) => (words ? ` ${words}` : "");

function reasonsFor(decision, layers, dead) {
  if (dead) return ["The fixed context keys leave no request that this principal could make."];
  const reasons = [];
  for (const layer of layers) {
    for (const view of layer.statements) {
      if (view.effect !== "Deny" || view.applies === "no") continue;
      reasons.push(view.applies === "applies"
        ? `${named(view)} denies it in every request (${layer.title}).` : `${named(view)} denies it ${clause(view.when)}.`);
    }
    if (layer.decision === "does not allow") reasons.push(`Nothing in ${layer.title} allows it.`);
  }
  if (decision !== "denied") {
    for (const view of layers[0].statements.filter((one) => one.effect === "Allow" && one.applies !== "no")) {
      reasons.push(`${named(view)} allows it${after(clause(view.when))} (${view.through}).`);
    }
  }
  return reasons;
}

function changesFor(decision, layers, action) {
  const changes = [];
  for (const layer of decision === "allowed" ? [] : layers) {
    for (const view of layer.statements) {
      if (view.effect === "Deny" && view.applies !== "no") changes.push(`${named(view)} would have to except it.`);
    }
    if (layer.decision !== "does not allow") continue;
    const near = layer.statements.find((view) => view.effect === "Allow" && view.applies === "no");
    changes.push(`A statement in ${layer.title} would have to allow ${action}${near ? ` (${named(near)} does not: ${near.why})` : ""}.`);
  }
  for (const view of decision === "denied" ? [] : layers[0].statements) {
    if (view.effect === "Allow" && view.applies !== "no") changes.push(`To take it away: remove ${action} from ${named(view)}, or deny it.`);
  }
  return changes;
}

function notesFor(layers, cell) {
  const keys = [...new Set(layers.flatMap((layer) => layer.statements.flatMap((view) => view.never)))].sort();
  const notes = keys.map((key) => `Requests for ${actions[cell.action].name} never carry ${key}.`);
  if (cell.place >= 0) {
    const [, , , , state, untagged] = data.organizations[cell.place];
    if (data.texts[state]) notes.push(data.texts[state]);
    if (untagged) notes.push("No file lists the organization's tags, so conditions on aws:ResourceTag stay open.");
  }
  return notes;
}

/** The explanation of a cell: its principal, action, place and resource. */
function composeCell(cell) {
  const action = actions[cell.action].name;
  const [, dead, allowed] = data.classes[cell.principal.group];
  const [answer] = lookUp(allowed, cell.resource, cell.action) ?? [];
  const [code, when, witness] = answer === undefined ? [DENIED, null, []] : data.answers[answer];
  const decision = WORD[code];
  const layers = layersOf(cell);
  return {
    decision, when: when === null ? "" : data.texts[when], where: cell.place < 0 ? "takes no organization" : organizations[cell.place].label, layers,
    reasons: reasonsFor(decision, layers, has(dead, cell.resource)), changes: changesFor(decision, layers, action), notes: notesFor(layers, cell),
    witness: witness.map((pair) => pair.map((index) => data.texts[index])), python: pythonLine(cell),
  };
}

/** The Python line that gives the same explanation. */
function pythonLine(cell) {
  const where = cell.place < 0 ? "" : `, org=${JSON.stringify(organizations[cell.place].arn)}`;
  return `${data.python}.explain(${JSON.stringify(cell.principal.arn)}, ${JSON.stringify(actions[cell.action].name)}${where})`;
}

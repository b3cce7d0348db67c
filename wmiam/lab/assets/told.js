// A finding and a chain as elements: what was found, what it rests on, and what would change it.

const tagged = (label, value) => make("p", {}, make("strong", {}, `${label}: `), value);

/** Statements by name and place, each with its lines to unfold. */
const statementList = (statements, more, open) => [
  ...statements.map(({ name, place, pointer, label, lines }) => {
    const head = [bdi(name), ...(place ? [" ", make("code", { className: "sub" }, place)] : [])];
    if (lines.length === 0) return make("p", {}, ...head);
    const pre = make("pre", { tabIndex: 0, role: "group", "aria-label": `JSON of statement ${label}` });
    lines.forEach(([text, deciding], index) => pre.append(deciding ? make("mark", {}, text) : text, index < lines.length - 1 ? "\n" : ""));
    return make("details", { open }, make("summary", {}, ...head), ...(pointer ? [make("p", { className: "sub" }, make("code", {}, pointer))] : []), pre);
  }),
  ...(more ? [make("p", { className: "sub" }, `… ${plural(more, "more statement")}`)] : []),
];

const requestTable = (rows) => make("table", {}, make("tbody", {}, ...rows.map(([key, value]) => make("tr", {},
  make("th", { scope: "row" }, make("code", {}, key)), make("td", {}, make("code", {}, value))))));

const pythonOf = (text) => text ? [make("h4", {}, "The same in Python"),
  make("pre", { tabIndex: 0, role: "group", "aria-label": "Python" }, text)] : [];

const listedNames = (names, more) => [...names, ...(more ? [`${number(more)} more`] : [])].join(", ");

/** The elements of a finding; `attempt` tries its mend, where there is something to ask, and `person` makes what stands for a principal. */
function explainFinding(finding, { attempt = null, person = (arn) => bdi(visible(arn.split(":").slice(5).join(":"))) } = {}) {
  const { mend } = finding;
  const parts = [
    make("h4", { className: "cell" }, bdi(finding.title)),
    make("p", { className: "sub" }, make("code", {}, finding.id)),
    make("p", {}, bdi(finding.summary)),
    make("p", {}, severityMark(finding.severity), ": ", bdi(finding.reason)),
    ...(finding.principals.length ? [tagged("Principals", make("span", {}, ...finding.principals.flatMap((arn, index) => [index ? ", " : "", person(arn)]),
      finding.morePrincipals ? ` and ${number(finding.morePrincipals)} more` : ""))] : []),
    ...(finding.organizations.length ? [tagged("Organizations", bdi(finding.organizations.join(", ")))] : []),
    ...(finding.actions.length ? [tagged("Actions", bdi(listedNames(finding.actions, finding.moreActions)))] : []),
  ];
  if (finding.statements.length) parts.push(make("h4", {}, "By these statements"), ...statementList(finding.statements, finding.moreStatements, finding.statements.length === 1));
  parts.push(...explainList(finding.statements.length ? "" : "Evidence", [...finding.details, ...(finding.moreDetails ? [`${number(finding.moreDetails)} more`] : [])]));
  if (finding.witness.length) parts.push(make("h4", {}, "A request that shows it"), requestTable(finding.witness), ...explainList("if", finding.depends));
  parts.push(make("h4", {}, "Mend"));
  parts.push(make("p", {}, mend.what ? bdi(mend.what) : make("span", {}, "None that is safe to name: ", bdi(mend.why_not))));
  if (mend.tried) parts.push(make("p", {}, `${mend.tried[0].toUpperCase()}${mend.tried.slice(1)}.`), ...explainList("", mend.rows));
  else if (mend.can && attempt) {
    const button = make("button", { type: "button" }, "Try it on a copy");
    button.addEventListener("click", attempt);
    parts.push(make("p", {}, button, make("span", { className: "sub" }, " and see what it would take away")));
  }
  if (mend.instead) parts.push(tagged("Consider", bdi(mend.instead)));
  return [...parts, ...pythonOf(finding.python)];
}

/** One chain: its steps in order, each with its conditions and statements. */
function explainPath(path, several) {
  const code = DECISION[path.decision];
  const steps = path.steps.map((step) => make("li", {}, make("strong", {}, bdi(step.title)),
    ...(step.conditions.length ? [make("span", { className: "w-conditional" }, ", ", bdi(step.conditions.join(", and ")))] : []),
    ...(step.reason ? [make("p", { className: "sub" }, bdi(step.reason))] : []), ...statementList(step.statements, 0, false)));
  return [make("p", { className: "verdict" }, verdict(code), several ? bdi(`: ${path.steps.map(({ title }) => title).join(", ")}`) : ""),
    ...(path.throughout.length ? [tagged("Throughout", bdi(path.throughout.join(", and ")))] : []),
    make("ol", {}, ...steps),
    ...(path.organizations.length ? [tagged("On", bdi(path.organizations.join(", ")))] : []),
    ...path.notes.map((note) => make("p", { className: "sub" }, bdi(note)))];
}

/** The elements of the chains from somebody to something. */
function explainChain(chain) {
  const head = chain.question ? [make("h4", { className: "cell" }, bdi(`Chains ${chain.question}`))]
    : [make("h4", { className: "cell" }, bdi(chain.name), " ⇢ ", bdi(chain.target)), make("p", { className: "sub" }, make("code", {}, chain.arn))];
  if (chain.paths.length === 0) return [...head, make("p", {}, "There is no chain."), ...pythonOf(chain.python)];
  const several = chain.paths.length > 1;
  return [...head, ...chain.paths.flatMap((path) => explainPath(path, several)),
    ...(chain.more ? [make("p", { className: "sub" }, `… and ${plural(chain.more, "more chain")} of the same length`)] : []),
    ...pythonOf(chain.python)];
}

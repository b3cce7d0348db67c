// Cells as links and as rows of a file.  A link names principal, action and organization, not places in this page.
const CELL = "cell/";
const MOST_SAVED = 500000;

const cellLink = (cell) => `#${CELL}${[cell.principal.arn, actions[cell.action].name,
  cell.place === null || cell.place < 0 ? "" : organizations[cell.place].arn].map(encodeURIComponent).join("/")}`;

/** Let the address name the cell that is explained, so that it can be copied. */
function noteCell(cell) {
  history.replaceState(null, "", cellLink(cell));
}
function forgetCell() {
  if (location.hash.startsWith(`#${CELL}`)) history.replaceState(null, "", "#matrix");
}

function linkButton() {
  const button = make("button", { type: "button" }, "Copy link");
  button.addEventListener("click", async () => {
    const address = location.href;
    try {
      await navigator.clipboard.writeText(address);
      button.textContent = "Copied";
    } catch {
      // Some browsers give a file from disk no clipboard: show what is to be copied.
      const field = make("input", { type: "text", value: address, readOnly: true, "aria-label": "Link to this cell" });
      button.replaceWith(field);
      field.select();
    }
  });
  return button;
}

/** Open the cell that the address names. */
function openCell() {
  if (!location.hash.startsWith(`#${CELL}`)) return;
  let names;
  try {
    names = location.hash.slice(CELL.length + 1).split("/").map(decodeURIComponent);
  } catch {
    return;
  }
  const [arn, actionName, where] = names;
  const action = actions.find(({ name }) => name === actionName);
  if (!action || !principals.some((principal) => principal.arn === arn)) {
    document.getElementById("shown").textContent = "The link names a principal or an action that this report does not have.";
    return;
  }
  form.reset();
  form.who.value = arn;
  form.access.value = "0";
  refresh();
  const line = items.findIndex((item) => item.principal?.arn === arn);
  const column = columns.findIndex((one) => one.action === action);
  const place = organizations.findIndex((organization) => organization.arn === where);
  document.getElementById("matrix").scrollIntoView();
  choose(line, column, false, place < 0 ? null : place);
}

/** The cells that the matrix shows, one row each, as far as they pass the filter of decisions. */
function saveCells() {
  const access = form.access.value;
  const passes = { 0: () => true, 1: (code) => code > DENIED, 2: (code) => code === ALLOWED, c: (code) => code === CONDITIONAL }[access];
  const wanted = [...new Set(columns.map(({ action }) => action.index))].sort((a, b) => a - b);
  const chosen = chosenPlace();
  const parts = [csvRow(["principal", "name", "kind", "account", "action", "organization", "alias", "decision", "when"])];
  for (const { principal } of items) {
    if (!principal) continue;
    for (const action of wanted) {
      for (const { place, resource, code } of placesOf(principal, action)) {
        if (!passes(code) || (chosen !== null && place >= 0 && place !== chosen)) continue;
        const [answer] = lookUp(data.classes[principal.group][2], resource, action) ?? [];
        parts.push(csvRow([principal.arn, principal.name, principal.kind, principal.account, actions[action].name,
          place < 0 ? "*" : organizations[place].arn, place < 0 ? "" : organizations[place].label, WORD[code],
          answer === undefined ? "" : data.texts[data.answers[answer][1]]]));
        if (parts.length > MOST_SAVED) {
          document.getElementById("shown").textContent = `These are more than ${number(MOST_SAVED)} cells: narrow the matrix first.`;
          return;
        }
      }
    }
  }
  saveFile("cells.csv", parts);
}
document.getElementById("save").addEventListener("click", saveCells);

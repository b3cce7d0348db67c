// Views in a page without kernel: each stands as HTML that reads without script, beside its data.

const CALLED = { access: "Matrix and explanations", matrix: "Matrix", explanation: "Explanation", condition: "Condition", graph: "Graph" };

/** Show a view in place of what reads without script, which stays where this fails. */
async function revive(script, index) {
  const place = script.parentElement;
  const { version, kind, options, data } = JSON.parse(script.textContent);
  if (version !== 1 || !Object.hasOwn(ALONE, kind) || place.classList.contains("wmiam-live")) return;
  const element = make("div");
  // For whoever goes by headings; those of the view itself stand below this one.
  element.append(make("h3", { className: "hidden" }, `${CALLED[kind]}, view ${index + 1}`));
  place.append(element);
  place.classList.add("wmiam-live");
  try {
    await hydrate(element, kind, options, data);
    // Parts of several views must differ in name.
    for (const form of element.querySelectorAll("form[aria-label]")) form.ariaLabel += `, view ${index + 1}`;
  } catch (problem) {
    element.remove();
    place.classList.remove("wmiam-live");
    throw problem;
  }
}

// A page may hold this script several times, where every view brings its own.
if (!document.getElementById("wmiam-style")) document.head.append(make("style", { id: "wmiam-style" }, STYLE));
document.querySelectorAll('.wmiam-view > script[type="application/json"]').forEach(revive);

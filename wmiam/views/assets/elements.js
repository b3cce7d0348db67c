// What every view's script begins with: words, signs, and helpers that make elements.  Text is only ever set as text.
const [DENIED, CONDITIONAL, ALLOWED] = [0, 1, 2];
const SYMBOL = ["·", "◐", "●"];
const WORD = ["denied", "conditional", "allowed"];
const CLASS = ["n", "c", "a"];

/** Make an element: properties that begin with "aria-" or "data-" become attributes, strings become text. */
function make(name, properties, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key.includes("-") || key === "role") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const bdi = (text) => make("bdi", {}, text);
const number = (value) => value.toLocaleString("en-GB");
const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** The sign and the word of a decision, coloured; `code` is its position in WORD. */
const verdict = (code, ...more) => make("span", { className: `w-${WORD[code]}` },
  make("span", { "aria-hidden": "true" }, SYMBOL[code], " "), make("strong", {}, WORD[code]), ...more);

// A graph as an SVG picture; where everything stands was worked out in Python.

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** What the lines of a graph mean. */
const graphLegend = () => make("p", { className: "legend" }, ...["── in every case", "╌╌ under a condition", "··· limits, denies or places", "▸▸ escalation"].map((text) => make("span", {}, text)));

/** Let an element be chosen, by mouse or keyboard. */
function choosable(element, choose) {
  element.addEventListener("click", choose);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    choose();
  });
}

/** The picture of a drawing; `chooser` and `follower` return for a node's id and for a line what choosing it does, or null. */
function graphPicture(drawing, label, chooser, follower = () => null) {
  const title = (text) => shape("title", {}, text);
  const heads = drawing.heads.map(([x, text]) => shape("text", { class: "head", x, y: 20 }, text));
  const lines = drawing.lines.map((line) => {
    const choose = follower(line);
    const group = shape("g", { class: `${line.style} ${line.kind}` }, title(line.told),
      shape("path", { class: "e", d: line.curve }), shape("path", { class: "tip", d: line.arrow }));
    if (choose) {
      // The line itself is too thin to be pointed at.
      group.append(shape("path", { class: "wide", d: line.curve }));
      for (const [name, value] of Object.entries({ tabindex: 0, role: "button", "aria-label": line.told })) group.setAttribute(name, value);
      choosable(group, choose);
    }
    return group;
  });
  // Words stand above all lines, and for those who hear them in the line's own.
  const said = drawing.lines.filter((line) => line.label).map((line) => shape("text",
    { class: "said", "aria-hidden": "true", x: line.x, y: line.y - 3, "text-anchor": "middle" }, line.label));
  const boxes = drawing.boxes.map((box) => {
    const text = shape("text", { x: 28, y: box.height / 2 + 4.5 }, box.label);
    if (box.account) text.append(shape("tspan", { class: "of" }, ` ${box.account}`));
    const choose = chooser(box.node);
    const place = `translate(${box.x},${box.y})`;
    const group = shape("g", { class: "n", transform: place, tabindex: 0, role: choose ? "button" : "img", "aria-label": box.told },
      title(box.told), shape("rect", { width: box.width, height: box.height, rx: 5 }),
      shape("path", { transform: `translate(15,${box.height / 2}) scale(.9)`, d: box.sign }), text);
    if (choose) choosable(group, choose);
    return group;
  });
  return shape("svg", { class: "graph", role: "group", "aria-label": `${label}: ${drawing.description}`,
    viewBox: `0 0 ${drawing.width} ${drawing.height}`, width: drawing.width, height: drawing.height }, ...heads, ...lines, ...said, ...boxes);
}

// A graph as an SVG picture; where everything stands was worked out in Python.

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** The picture of a drawing; `chooser` returns for a node's id what choosing it does, or null. */
function graphPicture(drawing, label, chooser) {
  const title = (text) => shape("title", {}, text);
  const heads = drawing.heads.map(([x, text]) => shape("text", { class: "head", x, y: 20 }, text));
  const lines = drawing.lines.map((line) => shape("g", { class: line.style }, title(line.told),
    shape("path", { class: "e", d: line.curve }), shape("path", { class: "tip", d: line.arrow })));
  const boxes = drawing.boxes.map((box) => {
    const text = shape("text", { x: 28, y: box.height / 2 + 4.5 }, box.label);
    if (box.account) text.append(shape("tspan", { class: "of" }, ` ${box.account}`));
    const choose = chooser(box.node);
    const place = `translate(${box.x},${box.y})`;
    const group = shape("g", { class: "n", transform: place, tabindex: 0, role: choose ? "button" : "img", "aria-label": box.told },
      title(box.told), shape("rect", { width: box.width, height: box.height, rx: 5 }),
      shape("path", { transform: `translate(15,${box.height / 2}) scale(.9)`, d: box.sign }), text);
    if (choose) {
      group.addEventListener("click", choose);
      group.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        choose();
      });
    }
    return group;
  });
  return shape("svg", { class: "graph", role: "group", "aria-label": `${label}: ${drawing.description}`,
    viewBox: `0 0 ${drawing.width} ${drawing.height}`, width: drawing.width, height: drawing.height }, ...heads, ...lines, ...boxes);
}

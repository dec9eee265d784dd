"use strict";
// Shows the value under the pointer. Everything can be read without.
for (const svg of document.querySelectorAll("svg[data-hover]")) {
  const { box, points } = JSON.parse(svg.dataset.hover);
  const make = (name, kind) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    element.setAttribute("class", kind);
    return element;
  };
  const set = (element, values) => {
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  };
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "g");
  const [line, dot, hint] = [make("line", "cursor"), make("circle", "dot"), make("text", "hint")];
  mark.append(line, dot, hint);
  svg.addEventListener("pointermove", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    let near = points[0];
    for (const point of points) if (Math.abs(point[0] - at.x) < Math.abs(near[0] - at.x)) near = point;
    const [x, y, step, value] = near;
    const isRight = x > (box[0] + box[2]) / 2;
    set(line, { x1: x, x2: x, y1: box[1], y2: box[3] });
    set(dot, { cx: x, cy: y, r: 4 });
    set(hint, { x: x + (isRight ? -8 : 8), y: box[1] + 12, "text-anchor": isRight ? "end" : "start" });
    hint.textContent = `${value} at ${step}`;
    svg.append(mark);
  });
  svg.addEventListener("pointerleave", () => mark.remove());
}

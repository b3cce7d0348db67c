// What ties the parts of the page together: names lead to the matrix, numbers narrow a list, print opens all.
document.getElementById("explorer").hidden = false;
for (const note of document.querySelectorAll(".script-off")) note.hidden = true;
fillFilters();
refresh();
openCell();
addEventListener("hashchange", openCell);

document.addEventListener("click", (event) => {
  const name = event.target.closest("a[data-principal]");
  if (name) {
    form.reset();
    form.who.value = principals[Number(name.dataset.principal)].arn;
    setTimeout(refresh);
    return;
  }
  const organization = event.target.closest("a[data-place]:not(.number)");
  if (organization) {
    form.reset();
    form.place.value = organization.dataset.place;
    setTimeout(refresh);
    return;
  }
  const counted = event.target.closest("a.number");
  if (counted) narrow(document.querySelector(counted.getAttribute("href")), counted.dataset.place ?? "");
});

/** Show only those rows of a capability's list that concern one organization; "" shows all. */
function narrow(section, place) {
  for (const row of section.querySelectorAll("tbody tr")) {
    row.hidden = place !== "" && !row.dataset.places.split(" ").includes(place);
  }
  const note = section.querySelector(".narrowed");
  note.hidden = place === "";
  if (place !== "") note.querySelector("bdi").textContent = organizations[Number(place)].label;
}
for (const button of document.querySelectorAll(".narrowed button")) {
  button.addEventListener("click", () => narrow(button.closest(".capability"), ""));
}

addEventListener("beforeprint", () => {
  for (const section of document.querySelectorAll(".capability")) narrow(section, "");
});

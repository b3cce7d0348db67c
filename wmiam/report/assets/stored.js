// What the page holds, as it stands in it; the scripts behind this one read it, and are used by exported notebooks, too.
const data = JSON.parse(document.getElementById("data").textContent);

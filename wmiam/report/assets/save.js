// What is shown, as a file: CSV that no spreadsheet takes for formulas.

/** One cell of CSV: quoted where it must be, and defused where a spreadsheet would calculate it. */
function csvCell(value) {
  const text = String(value);
  const harmless = /^[\s\u0000-\u001f]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u.test(text) || /^[\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
const csvRow = (cells) => `${cells.map(csvCell).join(",")}\r\n`;

/** Offer a file to the reader; nothing leaves the page. */
function saveFile(name, parts) {
  const address = URL.createObjectURL(new Blob(["\ufeff", ...parts], { type: "text/csv;charset=utf-8" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  theme.hidden = false;
  label();
  system.addEventListener("change", label);
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
  });

  // A folded part would be missing on paper.
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });

  // Numbers as they are shown: 1,234 and 12.5 %. What is no number sorts last, in either direction.
  const key = (cell, isNumber) => {
    if (!isNumber) return cell.textContent;
    const text = cell.dataset.sort ?? cell.textContent.replace(/[,\s%]/g, "");
    const value = Number.parseFloat(text);
    return Number.isNaN(value) ? null : value;
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  for (const table of document.querySelectorAll("table")) {
    const headers = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    headers.forEach((header, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      header.replaceChildren(button);
      const isNumber = header.classList.contains("number");
      button.addEventListener("click", () => {
        const now = header.getAttribute("aria-sort");
        const order = now === "descending" || (!now && !isNumber) ? "ascending" : "descending";
        const sign = order === "ascending" ? 1 : -1;
        for (const other of headers) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", order);
        const rows = [...body.rows].map((row) => [key(row.cells[index], isNumber), row]);
        rows.sort(([a], [b]) =>
          a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b));
        body.append(...rows.map(([, row]) => row));
      });
    });

    if (body.rows.length < 30) continue;
    const tools = document.createElement("div");
    tools.className = "tools";
    const search = document.createElement("input");
    search.type = "search";
    search.placeholder = "Find in this table";
    search.setAttribute("aria-label", "Find in this table");
    const found = document.createElement("span");
    found.setAttribute("role", "status");
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      let count = 0;
      for (const row of body.rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
        if (!row.hidden) ++count;
      }
      found.textContent = wanted ? `${count} of ${body.rows.length} rows` : "";
    });
    tools.append(search, found);
    table.parentElement.before(tools);
  }
})();

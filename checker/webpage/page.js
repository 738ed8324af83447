"use strict";
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const words = document.getElementById("words");
  const count = document.getElementById("count");
  const none = document.getElementById("none");
  const marks = ["fail", "error", "skip", "pass"];
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  // Sorting: a button in each head, as the mouse and the keyboard want it.
  const keys = {
    text: cell => cell.textContent,
    number: cell => { const n = parseInt(cell.textContent, 10); return isNaN(n) ? -1 : n; },
    mark: cell => marks.findIndex(m => cell.classList.contains(m)),
  };
  const sort = (head, down) => {
    const column = head.cellIndex, key = keys[head.dataset.by];
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const all = rows.map((row, i) => ({ row, i, key: key(row.cells[column]) }));
    all.sort((a, b) => {
      // What has nothing in this column stands last, whichever way.
      if ((a.key === "") !== (b.key === "")) return a.key === "" ? 1 : -1;
      const order = typeof a.key === "string" ? collator.compare(a.key, b.key) : a.key - b.key;
      return (down ? -order : order) || a.i - b.i;
    });
    body.append(...all.map(each => each.row));
  };
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head, head.getAttribute("aria-sort") === "ascending"));
    head.append(button);
  }

  // The filter: a row stays that has all the words in its name, verdict or first
  // cause, or among the tags that the links above ask for: is:fail for its
  // verdict, 2:fail for a step, no-child@1 for what it failed for there.
  const heads = [...table.tHead.rows[0].cells];
  const entries = rows.map(row => {
    const cells = [...row.cells], verdict = cells[1];
    const tags = new Set((row.dataset.is || "").split(" "));
    tags.add("is:" + verdict.classList[1]);
    heads.forEach((head, i) => { if (head.dataset.step) tags.add(head.dataset.step + ":" + cells[i].classList[1]); });
    const text = [cells[0], verdict, cells[cells.length - 1]].map(cell => cell.textContent).join("\n").toLowerCase();
    const id = cells[0].firstElementChild.getAttribute("href").slice(1);
    return { row, article: document.getElementById(id), tags, text };
  });
  const filter = () => {
    const all = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const e of entries) {
      const shown = all.every(word => e.tags.has(word) || e.text.includes(word));
      e.row.hidden = e.article.hidden = !shown;
      left += shown;
    }
    count.value = all.length ? left + " of " + entries.length : "";
    none.hidden = left > 0 || entries.length === 0;
  };
  const set = text => { words.value = text; filter(); };
  words.addEventListener("input", filter);
  words.addEventListener("keydown", e => { if (e.key === "Escape") set(""); });
  for (const link of document.querySelectorAll("a[data-find]")) {
    link.addEventListener("click", () => set(link.dataset.find));
  }
  // A link to what the filter hides shows it.
  window.addEventListener("hashchange", () => {
    const to = document.getElementById(location.hash.slice(1));
    if (to && to.closest("[hidden]")) { set(""); to.scrollIntoView(); }
  });
  document.getElementById("find").hidden = false;
  filter();
})();

"use strict";
(() => {
  const form = document.getElementById("filters");
  const said = form.querySelector("output");
  const chosen = () => Object.fromEntries([...form.querySelectorAll("select")].map(one => [one.dataset.filter, one.value]));
  const apply = () => {
    const wanted = chosen();
    let left = 0;
    for (const [name, value] of Object.entries(wanted)) {
      for (const element of document.querySelectorAll(`[data-${name}]`)) {
        const out = value !== "" && element.dataset[name] !== value;
        element.classList.toggle(`not-${name}`, out);
        left += out ? 1 : 0;
      }
    }
    // What is asked for is not to lie folded away.
    for (const rest of document.querySelectorAll("details.rest")) rest.open = Boolean(wanted.python);
    const active = Object.values(wanted).filter(Boolean);
    said.textContent = active.length ? `only ${active.join(", ")}; ${left} hidden` : "";
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
    try { history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`); } catch { /* a page without an address */ }
  };
  for (const [name, value] of new URLSearchParams(location.search)) {
    const select = form.querySelector(`select[data-filter="${CSS.escape(name)}"]`);
    if (select) select.value = value;
  }
  form.addEventListener("change", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  apply();
})();

"use strict";
(() => {
  // A link to a row that is folded opens it.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  const form = document.getElementById("filters");
  if (!form) return;
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
    for (const one of document.querySelectorAll("details.workload")) one.open = one.dataset.workload === wanted.workload;
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
  if (Object.values(chosen()).some(Boolean)) apply();
})();

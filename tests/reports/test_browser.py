"""The page in a real browser: it fits a telephone, and it draws without any network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
)  # fmt: skip
MEASURE = """
<script>
const frame = document.getElementById("page");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement, found = [];
  for (const element of page.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    const held = element.closest(".scroll") && !element.classList.contains("scroll");
    const out = box.width > 0 && box.right > root.clientWidth + 1;
    if (out && !held) found.push(element.tagName + ": " + element.textContent.slice(0, 60));
  }
  const shown = [...page.querySelectorAll("figure svg")].filter(one => one.getBoundingClientRect().width > 0);
  const texts = shown.flatMap(one => [...one.querySelectorAll("text")]);
  const size = one => parseFloat(frame.contentWindow.getComputedStyle(one).fontSize);
  const scale = one => one.ownerSVGElement.getBoundingClientRect().width / one.ownerSVGElement.viewBox.baseVal.width;
  const small = Math.min(...texts.map(one => size(one) * scale(one)));
  const first = [...page.querySelectorAll(".bar, figure svg")].map(one => one.getBoundingClientRect().top);
  const fetched = frame.contentWindow.performance.getEntriesByType("resource").map(one => one.name);
  const says = {
    width: root.clientWidth, scroll: root.scrollWidth, found, charts: shown.length, texts: texts.length, small,
    height: root.scrollHeight, first: Math.min(...first), map: page.getElementById("map")?.getBoundingClientRect().top,
    fetched, ground: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
  };
  document.title = "measured " + encodeURIComponent(JSON.stringify(says));
});
</script>
"""

CLICK = """
<script>
const frame = document.getElementById("page");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, errors = [];
  frame.contentWindow.addEventListener("error", event => errors.push(event.message));
  frame.contentWindow.console.error = (...said) => errors.push(said.join(" "));
  const shown = selector => [...page.querySelectorAll(selector)].filter(one => one.getClientRects().length).length;
  const form = page.getElementById("filters");
  const choose = (name, value) => {
    const select = form.querySelector(`select[data-filter="${name}"]`);
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const says = { form: !form.hidden, rows: shown("tr[data-runner]"), sections: shown("[data-workload]") };
  choose("runner", "asyncio");
  says.asyncio = shown('tr[data-runner="asyncio"]');
  says.others = shown('tr[data-runner]:not([data-runner="asyncio"])');
  choose("runner", "");
  choose("workload", "mixed");
  says.one_section = shown("[data-workload]");
  choose("workload", "");
  choose("python", "3.14t");
  for (const one of page.querySelectorAll("details")) one.open = true;
  says.verdicts = shown(".verdict"), says.free = shown('.verdict[data-python="3.14t"]');
  says.told = form.querySelector("output").textContent;
  form.querySelector("button").click();
  for (const one of page.querySelectorAll("details")) one.open = false;
  const row = page.querySelector("details.claim[id]");
  frame.contentWindow.location.hash = row.id;
  setTimeout(() => {
    says.opened = row.open;
    says.rows_again = shown("tr[data-runner]");
    const cell = page.querySelector("details.cell");
    const claim = cell.parentElement.closest("details");
    if (!claim.open) claim.querySelector("summary").click();
    cell.querySelector("summary").click();
    says.cell = cell.querySelector("p").getClientRects().length > 0;
    says.values = cell.querySelector("p").textContent;
    says.errors = errors;
    document.title = "measured " + encodeURIComponent(JSON.stringify(says));
  }, 50);
});
</script>
"""

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium here; get it with: apt-get update && apt-get install -y chromium"
)


def measured(page: Path, folder: Path, width: int, *, dark: bool = False, script: str = MEASURE) -> dict[str, Any]:
    """What a browser makes of a page at a width: an outer document holds it in a frame and measures from there."""
    text = escape(page.read_text(encoding="utf-8"), quote=True)
    outer = folder / "outer.html"
    frame = f'<iframe id="page" style="border:0;width:{width}px;height:900px" srcdoc="{text}"></iframe>'
    outer.write_text(f"<!DOCTYPE html><title>waiting</title><body>{frame}{script}</body>", encoding="utf-8")
    theme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [str(BROWSER), *FLAGS, theme, profile, "--virtual-time-budget=5000", "--dump-dom", outer.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"<title>measured ([^<]*)</title>", done.stdout)
    assert found, done.stdout[:500] + done.stderr[-500:]
    result: dict[str, Any] = json.loads(unquote(found[1]))
    return result


def test_the_page_of_a_default_run_keeps_its_limits(recorded: Path, tmp_path: Path) -> None:
    assert recorded.stat().st_size <= 1_000_000
    says = measured(recorded, tmp_path, 1280)
    assert says["height"] <= 12_000
    assert says["first"] <= 300, "the first chart is on the first screen"
    assert says["map"] <= 800, "the map begins on the first screen of 1280 x 900"
    assert says["small"] >= 12
    assert says["found"] == []


def test_the_page_of_a_default_run_prints_on_ten_sheets(recorded: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [str(BROWSER), *FLAGS, profile, f"--print-to-pdf={pdf}", recorded.as_uri()]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    sheets = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
    assert 1 <= sheets <= 10


def test_the_page_of_a_default_run_fits_a_telephone(recorded: Path, tmp_path: Path) -> None:
    says = measured(recorded, tmp_path, 390)
    assert (says["scroll"], says["found"]) == (390, [])
    assert says["small"] >= 11


@pytest.mark.parametrize("name", ["two", "nasty", "smoke", "crowd", "claims"])
def test_nothing_sticks_out_at_the_width_of_a_telephone(pages: dict[str, Path], tmp_path: Path, name: str) -> None:
    says = measured(pages[name] / "index.html", tmp_path, 390)
    assert says["width"] == 390
    assert says["found"] == []
    assert says["scroll"] == 390


def test_charts_stay_readable_on_a_telephone_and_nothing_is_fetched(pages: dict[str, Path], tmp_path: Path) -> None:
    says = measured(pages["two"] / "index.html", tmp_path, 390)
    assert says["charts"]
    assert says["texts"]
    assert says["small"] >= 11
    assert says["fetched"] == []


def test_the_page_follows_the_theme_of_the_reader(pages: dict[str, Path], tmp_path: Path) -> None:
    grounds = []
    for dark in (False, True):
        folder = tmp_path / str(dark)
        folder.mkdir()
        grounds.append(measured(pages["standard"] / "index.html", folder, 1200, dark=dark)["ground"])
    assert grounds == ["rgb(253, 253, 251)", "rgb(21, 24, 28)"]


def test_a_reader_filters_and_opens_a_number_without_an_error(pages: dict[str, Path], tmp_path: Path) -> None:
    says = measured(pages["claims"] / "index.html", tmp_path, 1280, script=CLICK)
    assert says["errors"] == []
    assert says["form"]
    assert says["asyncio"]
    assert says["others"] == 0
    assert (says["sections"], says["one_section"]) == (2, 1)
    assert says["verdicts"] == says["free"] != 0
    assert str(says["told"]).startswith("only 3.14t; ")
    assert says["rows_again"] == says["rows"]
    assert says["opened"], "a link to a claim opens its row"
    assert says["cell"]
    assert "6 processes, 30 rounds. Median makespan of each process: " in str(says["values"])

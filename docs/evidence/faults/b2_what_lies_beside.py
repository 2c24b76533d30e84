"""Helpers, data and packages that lie beside the code are found, each side's own in the gate."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import ANSWER, GATE, IGNORED, PROJECT, SLOWER, TARGET, TRY

SEEN = "import os\ndef total(x):\n    open(os.environ['SEEN'], 'a').write(__file__ + '\\n')\n    return {}\n"
PATHS = (
    'export PYTHONPATH=../lib SEEN="$PWD/seen.txt"; mkdir -p ../lib ../site; mv lib.py ../lib/pricing.py; mv site.py '
    "../site/pricing.py; SITE=$(mktemp -d); {} ; S=$?; sort -u seen.txt; exit $S"
)
PER_COMMIT = TARGET.format("1").replace("[[1]]", "[]")

KIND = Kind(
    name="a helper, a data file or PYTHONPATH is not found, or another one is",
    promise="the module that `python` would import is measured; in the gate each side has what lies beside its own",
    inputs=(
        Input(
            "a package in src/ that is not installed",
            TRY.format("shop:total --args '[[1, 2]]'"),
            ANSWER,
            files={"src/shop/__init__.py": "def total(x): return sum(x)\n", "pyproject.toml": PROJECT},
        ),
        Input(
            "a module that only PYTHONPATH leads to",
            "mkdir ../lib; mv shop.py ../lib; PYTHONPATH=../lib " + TRY.format("shop:total --args '[[1, 2]]'"),
            ANSWER,
            files={"shop.py": "def total(x): return sum(x)\n"},
            handed="14",
        ),
        Input(
            "two modules of one name: PYTHONPATH comes first",
            PATHS.format(TRY.format("pricing:total --args '[[1, 2]]'")),
            r"/lib/pricing\.py",
            files={"lib.py": SEEN.format("sum(x)"), "site.py": SEEN.format("sum(x) * 2")},
            never=r"/site/pricing\.py",
            handed="14",
        ),
        Input(
            "a module of the folder hides one of PYTHONPATH, as in python",
            'mkdir ../lib; mv lib.py ../lib/pricing.py; export PYTHONPATH=../lib SEEN="$PWD/seen.txt"; '
            + TRY.format("pricing:total --args '[[1, 2]]'")
            + "; S=$?; sort -u seen.txt; exit $S",
            r"project/pricing\.py|\./pricing\.py",
            files={"lib.py": SEEN.format("0"), "pricing.py": SEEN.format("sum(x)")},
            never=r"/lib/pricing\.py",
        ),
        Input(
            "a file of data that the function opens by a relative path",
            TRY.format("mine:total"),
            ANSWER,
            files={
                "mine.py": "def total(): return sum(map(int, open('data/prices.txt')))\n",
                "data/prices.txt": "1\n2\n",
            },
        ),
        Input(
            "a file of data beside a module that is called from above it",
            TRY.format("shop/prices.py:total"),
            ANSWER,
            files={
                "shop/prices.py": "from pathlib import Path\ndef total(): return len((Path(__file__).parent / "
                "'d.txt').read_text())\n",
                "shop/d.txt": "tea",
            },
        ),
        Input(
            "a helper beside the target, in head twice the work",
            GATE,
            SLOWER,
            1,
            files={
                "shop.py": "from sums import work\ndef total(): return work(40_000)\n",
                "sums.py": "def work(n): return sum(range(n)) + sum(range(n))\n",
                "pyproject.toml": PROJECT + PER_COMMIT,
                ".gitignore": IGNORED,
            },
            base={"sums.py": "def work(n): return 2 * sum(range(n))\n"},
            handed="16",
        ),
        Input(
            "a file of data beside the target, in head twice as long",
            GATE,
            SLOWER,
            1,
            files={
                "shop.py": "from pathlib import Path\nDATA = Path(__file__).with_name('d.txt').read_text()\n"
                "def total():\n    for c in DATA: ord(c)\n",
                "d.txt": "ab" * 40_000,
                "pyproject.toml": PROJECT + PER_COMMIT,
                ".gitignore": IGNORED,
            },
            base={"d.txt": "ab" * 20_000},
        ),
    ),
    tests=(
        "test_a_helper_beside_a_workload_is_that_of_each_side",
        "test_the_module_that_pythonpath_leads_to_comes_before_one_that_is_installed",
    ),
)

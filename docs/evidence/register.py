"""The register of recordings: what was recorded, what is in use, what replaced it, and what each said.

    python -m docs.evidence.register --write          # judge what is new, and write docs/recordings.md
    python -m docs.evidence.register --may RUN.jsonl  # whether it may be taken again; its verdicts are not shown

A file that is in the register and not on the disk any more, or is another one by its checksum, fails a test.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from when_async.reports.scene import conditions
from when_async.reports.verdicts.judging import claims, judge
from when_async.results.cells.disturbed import disturbed, known
from when_async.results.cells.noise import OTHERS_LIMIT, noise
from when_async.results.frame import load

FOLDER = Path("results/reference")
KEPT = Path("docs/evidence/register.json")
PAGE = Path("docs/recordings.md")
JUDGE = "judge"
"""The folder of those that judge predictions and no claim."""
SET_ASIDE = "-disturbed"
"""What docs/evidence/taking.py puts into the name of one that it takes again."""
MOST = 0.05
"""A recording is disturbed of whose one-thread rounds more than this share is."""
REPLACED: Mapping[str, tuple[str, str]] = {
    "replaced/claims-3.11-first.jsonl.gz": (
        "claims-3.11.jsonl.gz",
        "The claim on chats got a part with 500 members after this had been read, and the guide asked for one file a "
        "Python with all parts.",
    ),
    "replaced/claims-3.11-chat.jsonl.gz": (
        "claims-3.11.jsonl.gz",
        "It held the claims on chats and on the ceiling of threads alone, the first with its new part.",
    ),
    "replaced/claims-3.13-first.jsonl.gz": (
        "claims-3.13.jsonl.gz",
        "It ran beside tests, and two of its verdicts were INCONCLUSIVE. They were the reason: the counters called it "
        "quiet, and how long rounds waited for a CPU was not recorded then.",
    ),
}
"""By file what stands for it now, and why it was taken again."""


def may_be_taken_again(frame: pd.DataFrame) -> tuple[bool, str]:
    """Whether the rule allows it, and on which figures; no verdict is looked at."""
    found = noise(frame)
    others = found["others_cores"]
    reasons = [] if others is None else [f"other programs kept {float(others):.2g} cores busy"]
    crowded = others is not None and float(others) > OTHERS_LIMIT
    share = disturbed_share(frame)
    reasons.append(
        "the waiting of rounds was not recorded" if share is None else f"{100 * share:.1f} % of rounds disturbed"
    )
    return crowded or (share or 0.0) > MOST, "; ".join(reasons)


def disturbed_share(frame: pd.DataFrame) -> float | None:
    """Of the measured rounds of one-thread contestants; None where it was not recorded. `frame` is a raw one."""
    alone = frame[(frame["phase"] == "measure") & frame["one_core"].fillna(False)]
    if not known(frame) or alone.empty:
        return None
    return float(disturbed(frame)[alone.index].mean())


def entry(path: Path) -> dict[str, Any]:
    """What the register holds of a recording."""
    raw = load(path, raw=True)
    again, why = may_be_taken_again(raw)
    (header,) = raw.attrs["headers"]
    words: dict[str, dict[str, str]] = {str(one["label"]): {} for one in header["environments"]}
    for one in judge(load(path), claims()) if path.parent.name != JUDGE else ():
        words.setdefault(one.python, {})[one.claim.name] = str(one.word)
    return {
        "sha256": checksum(path), "run": header["run"], "started": header["started"],
        "machine": conditions.machine(header), "profile": header["profile"], "rounds": len(raw),
        "minutes": round(sum(one["wall_s"] for one in raw.attrs["accounts"]) / 60),
        "disturbed": again, "noise": why, "verdicts": words,
    }  # fmt: skip


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files() -> list[Path]:
    """All recordings that claims and predictions are judged by, those that were replaced as well."""
    names = (
        "claims-*.jsonl.gz", "noise-*.jsonl.gz", "replaced/*.gz", "before/*.jsonl.gz", "machines/*/*.jsonl.gz",
        f"{JUDGE}/*.gz",
    )  # fmt: skip
    return sorted(path for name in names for path in FOLDER.glob(name))


def page(register: Mapping[str, Mapping[str, Any]]) -> str:
    """docs/recordings.md."""
    rows = [
        "| file | machine | begun | Python | minutes | rounds | by the rule | on what figures | state |",
        "|---|---|---|---|---:|---:|---|---|---|",
    ]
    for name, one in sorted(register.items(), key=lambda pair: str(pair[1]["started"])):
        judged = "disturbed" if one["disturbed"] else "not disturbed"
        box, begun = one["machine"].partition(",")[0], one["started"][:16].replace("T", " ")
        rows.append(
            f"| `{name}` | {box} | {begun} | {', '.join(one['verdicts'])} | {one['minutes']} | {one['rounds']} | "
            f"{judged} | {one['noise']} | {_state(name)} |"
        )
    parts = [HEAD, "\n".join(rows), "## What was replaced, and what it said"]
    parts += [told(name, register) for name in REPLACED if name in register]
    return "\n\n".join([*parts, SEEN]) + "\n"


def _state(name: str) -> str:
    """What a recording is for today."""
    if name in REPLACED:
        return f"replaced by `{REPLACED[name][0]}`"
    if SET_ASIDE in name:
        return f"disturbed by the rule, and taken again as `{name.replace('replaced/', '').replace(SET_ASIDE, '')}`"
    folder = name.partition("/")[0]
    return {"before": "the reference before this one", "machines": "in use, beside the reference"}.get(folder, "in use")


def told(name: str, register: Mapping[str, Mapping[str, Any]]) -> str:
    """Why one was replaced, and where its verdicts are others than those of the one that stands for it."""
    new, why = REPLACED[name]
    lines = [f"**`{name}`**, begun {register[name]['started'][:16].replace('T', ' ')}. {why}"]
    for python, old_words in register[name]["verdicts"].items():
        now = register[new]["verdicts"][python]
        known_words = {claim: word for claim, word in old_words.items() if word != "NOT_MEASURED"}
        counts = ", ".join(f"{count} {word}" for word, count in Counter(known_words.values()).most_common())
        others = [
            f"{claim} {word} there and {now[claim]} now" for claim, word in known_words.items() if now[claim] != word
        ]
        lines.append(
            f"Python {python}, by today's rules: {counts}. "
            + (f"Otherwise decided: {'; '.join(others)}." if others else "All are decided as they are now.")
        )
    return "\n\n".join(lines)


HEAD = f"""# Recordings

This page is written by `python -m docs.evidence.register --write`. It lists every recording that verdicts of this
repository rest on, or rested on, with what the machine did meanwhile. Those in `judge/` judge [predictions](judge.md).
Those in `machines/` are of other machines and stand beside the reference. [Whether recordings agree](agreement.md) is
counted elsewhere.

## When one may be taken again

A recording is taken again only where the noise rule calls it disturbed: more than {100 * MOST:g} % of the rounds of
one-thread contestants were ([the rule for a round](method.md)), or other programs kept more than {OTHERS_LIMIT:g} cores
busy. What it says of any claim plays no part. `--may RUN.jsonl` answers from those figures alone, and shows no
verdict, so that it can be asked first. The new one stands then, whatever it says; the old one stays in
`results/reference/replaced/` and in the list below, with its verdicts. A machine that does not tell how long rounds
wait for a CPU gives no ground for a second recording, unless other programs were seen.

The rule is of 1 December 2026, and so is its {100 * MOST:g} %: a quiet recording with 0.8 % and one beside a busy
neighbour with 5.9 % had been seen by then. Every recording of claims in the list is older."""

SEEN = """## What was chosen after figures had been seen

The claim on chats was judged with 10, 50 and 200 members at first. When the first recording of 3.11 had been read, at
23:58 on 25 November 2026, a part with 500 members was added, and recorded for itself the same night. Its bound is that
of the other three. The verdict rests on all four; the first recording, which lacks it, leaves the claim
INCONCLUSIVE.

Two recordings were taken again, of 3.11 and of 3.13. That of 3.13 would not have been under the rule that stands
today: nothing that was recorded of the machine called it disturbed, and its verdicts were the reason. [The list of all
recordings](recordings.md) has the replaced ones with what they said, and the rule."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--may", type=Path, metavar="RUN", help="say whether it may be taken again")
    asked = parser.parse_args()
    if asked.may:
        again, why = may_be_taken_again(load(asked.may, raw=True))
        print(f"{'may be taken again' if again else 'stays as it is'}: {why}")
    if asked.write:
        register = {str(path.relative_to(FOLDER)): entry(path) for path in files()}
        KEPT.write_text(json.dumps(register, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(register), encoding="utf-8")


def read() -> dict[str, dict[str, Any]]:
    """The register as it is kept."""
    found: dict[str, dict[str, Any]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()

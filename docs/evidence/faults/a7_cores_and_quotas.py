"""How many cores there are, and from which share of waiting on more in flight is of use."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

SHARE = "when-async advise --wait {} --cpu 50ms -n 200 --json"

KIND = Kind(
    name="a rounding or a quota decides how many run at a time",
    promise="less than one part in a hundred of waiting is none; a CPU quota of a container counts as fewer cores",
    inputs=(
        Input("0.06 % of waiting", SHARE.format("30us"), '"in_flight": [1-4],', never='"in_flight": 100'),
        Input("0.9 % of waiting", SHARE.format("450us"), '"in_flight": [1-4],', never='"in_flight": 100'),
        Input("no waiting at all", SHARE.format("0s"), '"in_flight": [1-4],', never='"in_flight": 100'),
        Input("as much waiting as computing", SHARE.format("50ms"), '"in_flight": 100'),
    ),
    tests=("test_the_tightest_quota_of_the_groups_above_us_counts",),
)

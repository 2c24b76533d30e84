"""Section "Async IO It Is, but Which One?": other libraries, another loop for asyncio, and what works above them."""

from __future__ import annotations

from ..verdicts.claim import Bound, Claim, Part
from ..verdicts.measures import Ratio, speedup

SECTION = "Async IO It Is, but Which One?"
SLEEPS = "sleep[wait=10ms,n=1000,c=100]"
CROWD = "sleep[wait=10ms,n=10000,c=1000]"
FETCHES = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
ECHO = "echo_server[size=64B,rate=3000/s,n=300,c=100]"
HTTP = "http_server[rate=500/s,wait=5ms,n=60,c=50]"

UVLOOP = Claim(
    name="uvloop",
    section=SECTION,
    link="https://github.com/MagicStack/uvloop",
    statement="uvloop makes asyncio two to four times as fast.",
    scope="What a program sees of it: CPU for a wait, a call, a message and a request, and the time of a call.",
    parts=(
        *(
            Part(
                where=where,
                measure=Ratio((place, f"asyncio{library}"), (place, f"uvloop{library}"), figure),
                bound=Bound(2.0, 4.0),
                says="asyncio used {} the CPU of uvloop",
            )
            for where, place, library, figure in (
                ("for bare waits", CROWD, "", "cpu_per_op"),
                ("for HTTP calls", FETCHES, "/aiohttp", "cpu_per_op"),
                ("to echo a message by protocols", ECHO, "/protocol", "cpu_per_message_s"),
                ("to echo a message by streams", ECHO, "/streams", "cpu_per_message_s"),
                ("to serve HTTP", HTTP, "/aiohttp", "cpu_per_request_s"),
            )
        ),
        Part(
            where="for HTTP calls, by the clock",
            measure=speedup(FETCHES, "uvloop/aiohttp", "asyncio/aiohttp"),
            bound=Bound(2.0, 4.0),
            says="uvloop was {} as fast as asyncio",
        ),
    ),
)

ALTERNATIVES = Claim(
    name="alternatives",
    section=SECTION,
    statement="trio, anyio and curio get the same done, and asyncio is plenty for most programs.",
    scope=(
        "Every result is checked, so they get the same done. Plenty means that none of them is faster by a "
        "quarter. What each costs stands in the tables."
    ),
    parts=(
        *(
            Part(
                where=f"under {runner}",
                measure=speedup(SLEEPS, runner, "asyncio"),
                bound=Bound(high=1.25),
                says="waits reached {} the speed of asyncio",
            )
            for runner in ("trio", "anyio", "curio")
        ),
        Part(
            where="under trio with httpx",
            measure=speedup(FETCHES, "trio/httpx", "asyncio/httpx"),
            bound=Bound(high=1.25),
            says="HTTP calls reached {} the speed of asyncio",
        ),
    ),
)

ASYNCER = Claim(
    name="asyncer",
    section="Libraries to explore",
    statement="Asyncer is useful: its convenience costs little.",
    scope=(
        "CPU for a wait, against asyncio with a task for each and against asyncio.to_thread. Little means a quarter."
    ),
    parts=(
        Part(
            where="by soonify",
            measure=Ratio((SLEEPS, "asyncer"), (SLEEPS, "asyncio+per_op"), "cpu_per_op"),
            bound=Bound(high=1.25),
            says="asyncer used {} the CPU of asyncio with a task for each",
        ),
        Part(
            where="by asyncify",
            measure=Ratio((SLEEPS, "asyncer+asyncify"), (SLEEPS, "asyncio+to_thread"), "cpu_per_op"),
            bound=Bound(high=1.25),
            says="asyncer used {} the CPU of asyncio.to_thread",
        ),
    ),
)

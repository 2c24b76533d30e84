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
    scope="What a program sees of it: CPU for a wait, a fetch, a message and a request, and the time of a fetch.",
    parts=(
        *(
            Part(
                where=where,
                measure=Ratio((place, f"asyncio{library}"), (place, f"uvloop{library}"), figure),
                bound=Bound(2.0, 4.0),
                says=f"asyncio used {{}} the CPU of uvloop for {what}",
            )
            for where, place, library, figure, what in (
                ("waits, 1000 in flight", CROWD, "", "cpu_per_op", "a wait"),
                ("fetches by aiohttp, 100 in flight", FETCHES, "/aiohttp", "cpu_per_op", "a fetch"),
                ("echo by protocols", ECHO, "/protocol", "cpu_per_message_s", "a message"),
                ("echo by streams", ECHO, "/streams", "cpu_per_message_s", "a message"),
                ("HTTP by aiohttp", HTTP, "/aiohttp", "cpu_per_request_s", "a request"),
            )
        ),
        Part(
            where="fetches by aiohttp, wall time",
            measure=speedup(FETCHES, "uvloop/aiohttp", "asyncio/aiohttp"),
            bound=Bound(2.0, 4.0),
            says="uvloop was {} as fast as asyncio",
        ),
    ),
)

ALTERNATIVES = Claim(
    name="alternatives",
    section=SECTION,
    statement="trio, anyio and curio get the same things done, and asyncio is plenty for most programs.",
    scope=(
        "That they get the same done is what the oracle says of each row; that asyncio is plenty is taken as: none of "
        "them is faster than it by a quarter. What each costs for an op is on the page."
    ),
    parts=(
        *(
            Part(
                where=f"waits, {runner}",
                measure=speedup(SLEEPS, runner, "asyncio"),
                bound=Bound(high=1.25),
                says=f"{runner} was {{}} as fast as asyncio",
            )
            for runner in ("trio", "anyio", "curio")
        ),
        Part(
            where="fetches by httpx, trio",
            measure=speedup(FETCHES, "trio/httpx", "asyncio/httpx"),
            bound=Bound(high=1.25),
            says="trio was {} as fast as asyncio, both with httpx",
        ),
    ),
)

ASYNCER = Claim(
    name="asyncer",
    section="Libraries to explore",
    statement="Asyncer is useful, which here means that its convenience costs little.",
    scope="CPU for a wait against tasks made one for an op by asyncio itself; little is taken as a quarter.",
    parts=(
        Part(
            where="soonify",
            measure=Ratio((SLEEPS, "asyncer"), (SLEEPS, "asyncio+per_op"), "cpu_per_op"),
            bound=Bound(high=1.25),
            says="asyncer used {} the CPU of asyncio with a task for each op",
        ),
        Part(
            where="asyncify",
            measure=Ratio((SLEEPS, "asyncer+asyncify"), (SLEEPS, "asyncio+to_thread"), "cpu_per_op"),
            bound=Bound(high=1.25),
            says="asyncer's asyncify used {} the CPU of asyncio.to_thread",
        ),
    ),
)

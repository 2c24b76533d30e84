"""Section "Async IO It Is, but Which One?": other libraries, another loop for asyncio, and what works above them."""

from __future__ import annotations

from .. import words
from ..verdicts.claim import Bound, Claim, Part
from ..verdicts.measures import Ratio, speedup

SECTION = "Async IO It Is, but Which One?"
SLEEPS = "sleep[wait=10ms,n=1000,c=100]"
CROWD = "sleep[wait=10ms,n=10000,c=1000]"
FETCHES = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
PACED = "echo_server[size=64B,rate=3000/s,heap={},n=300,c=100]"
LOOPED = "echo_server[size=1000B,heap={},n=3000,c=3]"
"""A closed loop, by the defaults of uvloop's own examples/bench/echoclient.py: 1 000 bytes over three connections."""
README = "echo_server[size={},heap={},n={},c=3]"
"""The sizes of the chart in uvloop's README, over as many connections."""
MESSAGES = {"1KiB": 3000, "10KiB": 3000, "100KiB": 1000}
TRANSPORTS = {"protocols": "protocol", "streams": "streams"}
FACES = {words.KEPT: {**TRANSPORTS, "bare sockets": "sockets"}, words.GIVEN_BACK: TRANSPORTS}
"""With bare sockets no process of asyncio gives memory back for long: a read that finds nothing frees its block at full
size, from which glibc learns, unless its limits are fixed as they are to force the regime."""
HTTP = "http_server[rate=500/s,wait=5ms,n=60,c=50]"

UVLOOP = Claim(
    name="uvloop",
    section=SECTION,
    link="https://github.com/MagicStack/uvloop",
    statement="uvloop makes asyncio two to four times as fast.",
    scope=(
        "CPU of an echo server for a message, where its authors say it: a closed loop of 1, 10 and 100 KiB, by "
        "protocols, streams and bare sockets. Protocols and streams also with memory given back at each read, as a "
        "small fresh process does; that costs asyncio two page faults a read."
    ),
    parts=tuple(
        Part(
            where=f"to echo {size.replace('KiB', ' KiB')} by {how} {regime}",
            measure=Ratio((place, f"asyncio/{face}"), (place, f"uvloop/{face}"), "cpu_per_message_s"),
            bound=Bound(2.0, 4.0),
            says="asyncio used {} the CPU of uvloop",
        )
        for heap, regime in words.REGIMES.items()
        for size, messages in MESSAGES.items()
        for place in (README.format(size, heap, messages),)
        for how, face in FACES[regime].items()
    ),
)

UVLOOP_TODAY = Claim(
    name="uvloop-today",
    section=SECTION,
    today=True,
    link="https://github.com/MagicStack/uvloop",
    statement="uvloop gains a tenth at least, whatever the kind of work.",
    scope=(
        "CPU for a wait, a call, a message and a request, and the time of a call. Bare messages are echoed with memory "
        "kept and given back. TLS is left out."
    ),
    parts=(
        *(
            Part(
                where=where,
                measure=Ratio((place, f"asyncio{library}"), (place, f"uvloop{library}"), figure),
                bound=Bound(low=1.1),
                says="asyncio used {} the CPU of uvloop",
            )
            for where, place, library, figure in (
                ("for bare waits", CROWD, "", "cpu_per_op"),
                ("for HTTP calls", FETCHES, "/aiohttp", "cpu_per_op"),
                *(
                    (f"to echo {pace} by {how} {regime}", place.format(heap), f"/{face}", "cpu_per_message_s")
                    for pace, place in (("at 3 000 messages a second", PACED), ("in a closed loop", LOOPED))
                    for heap, regime in words.REGIMES.items()
                    for how, face in TRANSPORTS.items()
                ),
                ("to serve HTTP", HTTP, "/aiohttp", "cpu_per_request_s"),
            )
        ),
        Part(
            where="for HTTP calls, by the clock",
            measure=speedup(FETCHES, "uvloop/aiohttp", "asyncio/aiohttp"),
            bound=Bound(low=1.1),
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

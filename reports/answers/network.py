"""Answers on work that waits for a network: as a client, as a server, with many connections, and on uvloop."""

from __future__ import annotations

from when_async.bench.model import Estimate
from when_async.results.stats.estimate import inverse

from .. import words
from .answer import Evidence, Standing, decided, level, standing
from .said import Said, joined

IO, SERVER, CHAT, UV = "io-bound", "server-side", "chat", "uvloop-today"
SAME_LIBRARY = "with httpx on both sides"
REQUESTS = "with requests"
HTTP_CLIENT = "with http.client"
OVERLAP = "with 20 calls in flight"
ROOMS = (500, 200, 50, 10)
LOOPED = "to echo in a closed loop by protocols"


def http(seen: Evidence) -> Said | None:
    """Many slow calls at once, as a client."""
    model, library = seen.estimate(IO, HTTP_CLIENT), seen.estimate(IO, REQUESTS)
    if model is None or not decided(model):
        return None
    place = standing(model)
    how = {
        Standing.LEVEL: (
            "threads or asyncio alike",
            f"threads and asyncio are {level(model)}: asyncio was {words.times(model)} as fast",
        ),
        Standing.AHEAD: ("asyncio", f"asyncio wins: it was {words.times(model)} as fast as threads"),
        Standing.BEHIND: ("threads", f"threads win: they were {words.times(inverse(model))} as fast as asyncio"),
    }[place]
    lean = library is not None and standing(library) is Standing.AHEAD and place is Standing.LEVEL
    return Said(
        answer=how[0],
        sentence=f"For many slow HTTP calls with a lean client, {how[1]}.",
        figure=model,
        compares="asyncio with aiohttp over threads with http.client",
        decides="; then ".join([*_overlap(seen), _tips(library) if lean and library else "the model itself"]),
        advice="Choose a lean client first, then keep the model your code already has."
        if lean
        else "Take the model that is ahead here, and a lean client.",
        limits=joined(
            _same_library(seen), "Measured over loopback, with 100 calls in flight and 20 ms for each answer."
        ),
        claims=(IO,),
        model="asyncio" if place is Standing.AHEAD else "threading",
        in_flight=100,
    )


def _overlap(seen: Evidence) -> list[str]:
    """What either model wins over one call after another."""
    found = seen.estimate(IO, OVERLAP)
    return [f"overlap: {words.times(found)} a plain loop, 20 at once"] if found and found.low > 1 else []


def _tips(library: Estimate) -> str:
    """What the client library costs where models are level."""
    return f"the library: threads with requests take {words.times(library)} as long"


def _same_library(seen: Evidence) -> str:
    """What is left where both use one library."""
    found = seen.estimate(IO, SAME_LIBRARY)
    if found is None or found.low <= 1:
        return ""
    return f"With httpx on both sides asyncio was {words.times(found)} as fast as threads."


def serving(seen: Evidence) -> Said | None:
    """Requests served over HTTP: CPU of the server for each."""
    parts = {
        "aiohttp": (SERVER, "for HTTP, aiohttp against waitress"),
        "uvicorn": (SERVER, "for HTTP, uvicorn against waitress"),
    }
    library = next((name for name, part in parts.items() if decided(seen.estimate(*part))), "")
    found = seen.estimate(*parts[library]) if library else None
    if found is None:
        return None
    ratio = inverse(found)
    how = {
        Standing.AHEAD: (
            f"asyncio, such as {library}",
            f"asyncio wins: threads used {words.times(ratio)} the CPU for a request",
        ),
        Standing.LEVEL: (
            "threads or asyncio alike",
            f"threads used {words.times(ratio)} the CPU of asyncio, which is {level(ratio)}",
        ),
        Standing.BEHIND: ("threads", f"threads win: asyncio used {words.times(found)} the CPU for a request"),
    }[standing(ratio)]
    return Said(
        answer=how[0],
        sentence=f"To serve HTTP, {how[1]}.",
        figure=ratio,
        compares=f"CPU for a request: threads with waitress over asyncio with {library}",
        decides="the CPU for each request, while no handler blocks or computes",
        advice=f"Serve with asyncio and {library}, and keep handlers from blocking or computing."
        if standing(ratio) is Standing.AHEAD
        else "Keep the server you have.",
        limits=joined(_echo(seen), "Server and model change together here, and no handler computes."),
        claims=(SERVER,),
    )


def _echo(seen: Evidence) -> str:
    found = seen.estimate(SERVER, f"to echo at 3 000 messages a second by protocols {words.KEPT}")
    if standing(found) is not Standing.AHEAD or found is None:
        return ""
    return f"For bare messages it turns: asyncio used {words.times(found)} the CPU of threads to echo one."


def connections(seen: Evidence) -> Said | None:
    """Thousands of open connections: what each costs in memory, and what a container's limit does."""
    found = seen.estimate("thread-memory", "with a live connection each")
    if found is None or not decided(found):
        return None
    stopped = seen.outcome("thread-ceiling", "as threads under a limit of 1024")
    limit = stopped is not None and not stopped.happened
    wins = standing(found) is Standing.AHEAD
    return Said(
        answer="asyncio, for memory" if wins else "threads or tasks alike",
        sentence="For thousands of open connections use asyncio: a thread with its connection takes "
        f"{words.times(found)} the memory of a task."
        if wins
        else f"Threads and tasks with a connection are level in memory: {words.times(found)}.",
        figure=found,
        compares="memory of a thread over a task, each with a connection",
        decides="a container's limit on threads, then memory" if limit else f"memory: {words.times(found)}",
        advice=joined(
            "Use asyncio from a few thousand connections on." if wins else "",
            "Containers limit threads: under a limit of 1024 the next one failed." if limit else "",
        ),
        limits=joined(_bare(seen), _echo(seen)),
        claims=("thread-memory", "thread-ceiling", SERVER),
    )


def _bare(seen: Evidence) -> str:
    found = seen.outcome("thread-ceiling", "as threads on the bare machine")
    return "10 000 threads start, too, where nothing limits them." if found is not None and found.happened else ""


def chat(seen: Evidence) -> Said | None:
    """A room in which everybody hears everybody: CPU for each line delivered."""
    read = {size: seen.estimate(CHAT, f"{words.KEPT} and {size} members") for size in ROOMS}
    rooms = {size: found for size, found in read.items() if found and decided(found)}
    if not rooms:
        return None
    size, found = next(iter(rooms.items()))
    small = next((one for one, ratio in rooms.items() if standing(ratio) is Standing.AHEAD and one != size), None)
    how = {
        Standing.AHEAD: ("threads", f"threads win a chat room: asyncio used {words.times(found)} their CPU"),
        Standing.LEVEL: (
            "threads or asyncio alike",
            f"threads and asyncio are {level(found)} in a chat room: asyncio used {words.times(found)} the CPU",
        ),
        Standing.BEHIND: ("asyncio", f"asyncio wins a chat room: it used {words.times(found)} the CPU of threads"),
    }[standing(found)]
    turned = (
        f"Small rooms go to threads: with {small} members asyncio used {words.times(rooms[small])} their CPU."
        if small
        else ""
    )
    return Said(
        answer=how[0],
        sentence=f"With {size} members, {how[1]} for each line delivered.",
        figure=found,
        compares=f"CPU a line, asyncio over threads, {size} members",
        decides="the number of members" if small else f"CPU a line: {words.times(found)}",
        advice="Choose by memory and by limits on threads, not by CPU."
        if standing(found) is Standing.LEVEL
        else "Choose by the CPU it costs.",
        limits=joined(turned, "The room carries 100 lines a second, whatever its size."),
        claims=(CHAT,),
    )


def uvloop(seen: Evidence) -> Said | None:
    """Whether another loop under asyncio pays."""
    wall, waits = seen.estimate(UV, "for HTTP calls, by the clock"), seen.estimate(UV, "for bare waits")
    if wall is None or not decided(wall):
        return None
    saves = waits is not None and standing(waits) is Standing.AHEAD
    cpu = f"asyncio used {words.times(waits)} the CPU of uvloop" if saves and waits else ""
    alike = standing(wall) is Standing.LEVEL
    return Said(
        answer=("saves CPU, not time" if saves else "no, level") if alike else "yes" if wall.low > 1 else "no",
        sentence=f"For HTTP calls uvloop is {level(wall)} with asyncio in time: it was {words.times(wall)} as fast."
        if alike
        else f"For HTTP calls uvloop was {words.times(wall)} as fast as asyncio.",
        figure=wall,
        compares="uvloop over asyncio, HTTP calls a second",
        decides=f"how busy the loop is: bare waits cost {words.times(waits)} the CPU without it"
        if saves and waits
        else "time",
        advice=joined(
            _heap(seen),
            f"Use it where the loop itself is the load: for bare waits {cpu}." if cpu else "",
            "It is one line to try: measure your program with and without it.",
        ),
        limits=_requests(seen, waits),
        claims=(UV,),
    )


def _heap(seen: Evidence) -> str:
    """What the regime of the heap is of what uvloop gains, where it is most of it."""
    kept, given = (seen.estimate(UV, f"{LOOPED} {one}") for one in words.REGIMES.values())
    if kept is None or given is None or given.low <= kept.high:
        return ""
    return (
        f"Look at page faults first: to echo messages asyncio used {words.times(given)} its CPU where a process gives "
        f"memory back at each read, and {words.times(kept)} where it keeps it."
    )


def _requests(seen: Evidence, waits: Estimate | None) -> str:
    found = seen.estimate(UV, "to serve HTTP")
    if found is None:
        return ""
    less = "Serving HTTP it saves less" if waits is not None and found.high < waits.low else "Serving HTTP"
    return f"{less}: asyncio used {words.times(found)} the CPU of uvloop for a request."

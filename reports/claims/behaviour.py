"""What the language and its libraries do, whatever the clock says; each is shown by a small program of ours."""

from __future__ import annotations

from ..verdicts.claim import Behaviour

LOOP = "The Event Loop and asyncio.run()"
RULES = "The Rules of Async IO"
TASKS = "Creating and gathering tasks"
TESTING = "Testing"
PYTEST_ASYNCIO = "https://pytest-asyncio.readthedocs.io/en/latest/"

COROUTINE_INERT = Behaviour(
    name="coroutine-inert",
    section=LOOP,
    statement="A coroutine function that is called runs nothing of its body until a loop has the coroutine.",
    scope="A call, and then the same coroutine under asyncio.run; seen by marks that the body leaves.",
)

SYNTAX_YIELD_FROM = Behaviour(
    name="syntax-yield-from",
    section=RULES,
    statement="`yield from` inside `async def` is a SyntaxError.",
    scope="The compiler alone, with the same body below a plain `def` for comparison.",
)

SYNTAX_AWAIT = Behaviour(
    name="syntax-await",
    section=RULES,
    statement="`await` outside `async def` is a SyntaxError.",
    scope=(
        "A plain function, a lambda and the level of a module. Consoles such as python -m asyncio ask the compiler to "
        "allow it at the top level, and are left out."
    ),
)

AWAIT_PROTOCOL = Behaviour(
    name="await-protocol",
    section=RULES,
    statement="`await` takes coroutines and objects whose `__await__` returns an iterator, and refuses anything else.",
    scope=(
        "Three others, each refused with a TypeError where it is. Generators that types.coroutine has marked count as "
        "coroutines, and are left out."
    ),
)

UNAWAITED_TASK = Behaviour(
    name="unawaited-task",
    section=TASKS,
    statement=(
        "A task that `main` does not wait for may finish in time; if it has not when `main` returns, it is cancelled "
        "where it stands as the loop ends."
    ),
    scope="Under asyncio.run, with a task that needs one turn of the loop and one that waits for ever.",
)

GATHER_ORDER = Behaviour(
    name="gather-order",
    section=TASKS,
    statement="gather returns results in the order of its arguments, as_completed yields them in order of completion.",
    scope="Three jobs whose order of completion is fixed by events and differs from that of the arguments.",
)

QUEUE_JOIN = Behaviour(
    name="queue-join",
    section="Using a Queue",
    statement=(
        "Consumers of a queue never learn that it will stay empty: whoever waits for them waits for ever, unless they "
        "are cancelled after join has returned."
    ),
    scope=(
        "Nine items and three consumers, waited for without join, with join alone, and with join and cancel. That a "
        "wait is for ever is seen by the loop, which goes to sleep with no timer and nobody to wake it. From Python "
        "3.13 on Queue.shutdown is another way to end, which is told beside."
    ),
)

SEMAPHORE_THREADS = Behaviour(
    name="semaphore-threads",
    section="Tips: Limit concurrency",
    statement="asyncio.Semaphore is not made to be shared by threads.",
    scope=(
        "Shown by any of three: more inside than the limit, a second loop refused, a loop not woken by a release in "
        "another thread. The order that brings each about is forced, so that it does not take luck; how often it comes "
        "about by chance is not told."
    ),
)

RACES_THREADS = Behaviour(
    name="races-threads",
    section="When and Why Is Async IO the Right Choice?",
    statement="Threads that share a counter without a lock can lose updates.",
    scope=(
        "Two threads that read, add and write, with a switch forced in between; with a lock for comparison. It tells "
        "that updates can be lost, not how often they are."
    ),
)

RACES_TASKS = Behaviour(
    name="races-tasks",
    section="When and Why Is Async IO the Right Choice?",
    statement="Tasks of one loop cannot lose updates that they make between two awaits.",
    scope="Ten tasks that read, add and write; with an await in between for comparison, where updates must get lost.",
)

AGED_ALL_TASKS = Behaviour(
    name="aged-all-tasks",
    section=TASKS,
    statement="asyncio.Task.all_tasks lists the tasks that are pending.",
    scope="Inside a coroutine, with three tasks that wait; beside asyncio.all_tasks, which came in its place.",
    aged=True,
)

AGED_GET_EVENT_LOOP = Behaviour(
    name="aged-get-event-loop",
    section=LOOP,
    statement="asyncio.get_event_loop gives a loop to a program in which none is running yet.",
    scope=(
        "In the main thread of a fresh process; it works where a loop is made without an error and without a warning. "
        "Inside a coroutine, where a loop is running, it is tried as well and told beside."
    ),
    aged=True,
)

AGED_EVENT_LOOP_FIXTURE = Behaviour(
    name="aged-event-loop-fixture",
    section=TESTING,
    statement="A test gets the loop it runs in through pytest-asyncio's fixture `event_loop`.",
    scope="In auto mode, with the pytest-asyncio that the interpreter has; it is the library that ages, not Python.",
    requires=("pytest_asyncio",),
    aged=True,
)

PYTEST_ASYNCIO_MODES = Behaviour(
    name="pytest-asyncio-modes",
    section=TESTING,
    link=f"{PYTEST_ASYNCIO}concepts.html#test-discovery-modes",
    statement="In strict mode pytest-asyncio runs only the async tests with its marker, in auto mode all of them.",
    scope="A marked and an unmarked test in both modes, seen by whether their bodies ran; async fixtures are left out.",
    requires=("pytest_asyncio",),
)

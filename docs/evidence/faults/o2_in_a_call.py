"""A call that raises, exits, forks, dies or prints costs its own row and one line."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import ANSWER, tried

MINE = """
import os, sys, signal, threading, random
COUNT = []
def raises(): raise ValueError("no tea")
def exits(): sys.exit(3)
def dies(): os._exit(0)
def forks():
    if os.fork() == 0: os._exit(0)
    os.wait(); return 1
def prints(): print("hello"); return 1
def moves(): os.chdir("/"); return 1
def later():
    COUNT.append(1)
    if len(COUNT) > 5: raise ValueError("the sixth call")
    return 1
def rolls(): return random.random()
def locks(): return threading.Lock()
def asks(): return input("name? ")
def forever(): __import__("time").sleep(1000)
def changes(given): given.append(1); return len(given)
"""

KIND = Kind(
    name="a call raises, exits, dies, forks, prints or differs",
    promise="one clear line each, the rest measured; what cannot be sent costs the rows of processes alone",
    inputs=(
        tried("it raises", MINE, "raises", "ValueError: no tea", (2, 3)),
        tried("it exits", MINE, "exits", "SystemExit", (2, 3)),
        tried("it ends its process", MINE, "dies", "ended|died|exit", (2, 3)),
        tried("it forks and waits for its child", MINE, "forks", ANSWER),
        tried("it prints", MINE, "prints --json", r'"status": "OK"'),
        tried("it changes the folder", MINE, "moves", ANSWER),
        tried("the sixth call raises", MINE, "later", "the sixth call", 3),
        tried("its results differ by nature", MINE, "rolls", "--any-result", 2),
        tried("its result cannot be compared", MINE, "locks", "--any-result", 2),
        tried("it asks for input", MINE, "asks", "EOFError", 3),
        tried("it does not end", MINE, "forever --timeout 2", "did not end: no answer within 4 s", 3),
        tried("it changes what it is given", MINE, "changes --args '[[1]]'", ANSWER),
    ),
    tests=(
        "test_a_result_that_no_process_can_send_is_the_failure_of_that_row_alone",
        "test_arguments_that_are_changed_are_fresh_for_each_call_and_files_are_found",
    ),
)

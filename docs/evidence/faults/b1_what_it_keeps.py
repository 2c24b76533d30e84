"""Functions that keep threads, pools or processes, or make them, get their figure and a note."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import ANSWER, tried

KEPT = """
from concurrent.futures import ThreadPoolExecutor
POOL = ThreadPoolExecutor(2)
def total(): return sum(POOL.map(len, ["a", "bc"]))
"""
BAR = """
from tqdm import tqdm
def total(n=20_000): return sum(tqdm(range(n), disable=False))
"""
PROCESSES = """
from concurrent.futures import ProcessPoolExecutor
POOL = None
def total():
    global POOL
    POOL = POOL or ProcessPoolExecutor(1)
    return POOL.submit(abs, -3).result()
"""
DAEMON = """
import queue, threading
ASKED, SAID = queue.Queue(), queue.Queue()
def serve():
    while True: SAID.put(ASKED.get() * 2)
threading.Thread(target=serve, daemon=True, name="doubler").start()
def twice(n=4):
    ASKED.put(n); return SAID.get()
"""
JOBLIB = """
from joblib import Parallel, delayed
def total(): return sum(Parallel(n_jobs=2)(delayed(abs)(-i) for i in range(8)))
"""
TIMER = """
import threading
def later():
    timer = threading.Timer(0.05, print); timer.daemon = True; timer.start(); return 1
"""

KIND = Kind(
    name="a function that keeps a thread, a pool or a process gets no figure",
    promise="it is measured, and what its own code keeps is told",
    inputs=(
        tried("a pool of threads at the top of the module", KEPT, "total", ANSWER, handed="12"),
        tried("tqdm, which keeps a thread", BAR, "total --args '[20000]'", ANSWER, handed="12", needs="tqdm"),
        tried("a pool of processes kept since the first call", PROCESSES, "total", ANSWER),
        tried("a daemon thread that serves all calls", DAEMON, "twice", ANSWER),
        tried("joblib with two processes", JOBLIB, "total", ANSWER),
        tried("a timer that goes off after the call", TIMER, "later", "left behind", 3),
    ),
    tests=("test_a_pool_at_the_top_of_a_module_is_measured_with_a_note",),
)

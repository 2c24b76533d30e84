"""A target that uses all cores by itself is said to, and measured with all of them."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import tried

BLAS = """
import numpy as np
A = np.random.default_rng(1).random((900, 900))
def product(n=3):
    for _ in range(n): A @ A
    return n
"""
CHILDREN = """
import subprocess, sys
def spin():
    work = [subprocess.Popen([sys.executable, "-c", "sum(range(6_000_000))"]) for _ in range(2)]
    return [each.wait() for each in work]
"""
THREADS = """
import hashlib, threading
DATA = bytes(40_000_000)
def digests():
    work = [threading.Thread(target=hashlib.sha256, args=(DATA,)) for _ in range(2)]
    for each in work: each.start()
    for each in work: each.join()
"""
POOL = """
from concurrent.futures import ProcessPoolExecutor
from math import isqrt
def squares():
    with ProcessPoolExecutor(2) as pool:
        return sum(pool.map(work, [400_000] * 4))
def work(n):
    return sum(isqrt(i) for i in range(n))
"""
CORES = r"a call keeps about [12]\.\d cores busy by itself"

KIND = Kind(
    name="a function that uses all cores by itself is measured with one",
    promise="a look counts the cores that a plain call keeps busy; all rows may use all cores then, and it is said",
    inputs=(
        tried("a matrix product: BLAS takes all cores", BLAS, "product", CORES, never="Use processes", handed="03"),
        tried("it starts two processes", CHILDREN, "spin", CORES, never="Use processes"),
        tried("it hashes in two threads that let the GIL go", THREADS, "digests", CORES, never="Use processes"),
        tried("it makes a pool of processes for each call", POOL, "squares", CORES, never="Use processes"),
    ),
    tests=("test_each_thing_that_a_reader_must_know_has_its_sentence",),
)

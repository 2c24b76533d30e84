"""What was measured: the run file, the tidy frame, and the statistics on it."""

if __name__ == "results":
    raise ImportError("results is a part of when_async: write `import when_async.results`")

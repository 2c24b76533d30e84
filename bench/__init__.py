"""The instrument: how a concurrency model is run, timed and judged fit to publish."""

if __name__ == "bench":
    raise ImportError("bench is a part of when_async: write `import when_async.bench`")

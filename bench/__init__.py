"""The instrument: how a concurrency model is run, timed and judged fit to publish."""

"""One file a plot; each holds a pure function from a scene to a matplotlib figure, found by its type."""

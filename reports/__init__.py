"""What it means: plots, the page, its Markdown twin and the terminal summary."""

if __name__ == "reports":
    raise ImportError("reports is a part of when_async: write `import when_async.reports`")

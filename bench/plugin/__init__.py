"""The pytest plugin: cells as tests, shown through pytest-benchmark."""

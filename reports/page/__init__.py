"""The page, its sections, and its Markdown twin."""

"""What it means: plots, the page, its Markdown twin and the terminal summary."""

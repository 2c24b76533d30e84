"""One file a runner; each imports its own library inside `open`, never at module level."""

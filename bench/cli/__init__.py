"""The front door, `when-async`: one file a command, and what commands share."""

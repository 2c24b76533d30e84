"""Whether a user's file can be imported: a process of its own tries it first, then it is imported here, with care."""

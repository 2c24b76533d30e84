"""The parent's side of every process it starts: a worker, a service, and what they are not given."""

"""The parent's side of every process it starts: a worker, a service, and the reaper that ends what is left."""

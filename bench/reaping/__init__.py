"""Nothing that we start outlives us: sessions that end as a whole, and a process that ends them when we are killed."""

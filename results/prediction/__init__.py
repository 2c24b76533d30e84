"""How long work takes under each model: the law, the figures fitted for it and their file, programs and start-up."""

"""How long work will take under each model: the law and the figures fitted for it, their file, programs and start-up."""

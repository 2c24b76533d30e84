"""How long work will take under each model: the law, the figures fitted for it, the file that keeps them."""

"""How long ops take under each model, by simulating it event by event: one small file a model.

What a model costs on a machine are the figures of `Costs`; what the kernel adds to a wait stands in `kernel`.
"""

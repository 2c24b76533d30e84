"""A user's own callables: asked what they are like, planned, measured; what all doors to them share."""

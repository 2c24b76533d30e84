"""One cell over many stored runs."""

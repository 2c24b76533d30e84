"""What a claim is, what is read off the cells for it, and the verdict that follows."""

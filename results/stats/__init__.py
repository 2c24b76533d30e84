"""Small pure functions from numbers to estimates."""

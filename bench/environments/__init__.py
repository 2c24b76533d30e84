"""What workers can run in: interpreters, virtual environments, package pins, source trees."""

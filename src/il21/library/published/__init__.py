"""Models as others published them, frozen; never mixed with our own system."""

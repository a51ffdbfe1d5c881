"""Time to an event: how it is read by rule, its curve, and comparisons of curves."""

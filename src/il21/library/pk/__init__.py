"""How drugs move through the body."""

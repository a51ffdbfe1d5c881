"""Immune cells, their programmes and their signals."""

"""Tumours, and how their lesions are read."""

"""Second readings: models entered again from the written account alone, to check the first entry.

The modules use NumPy only and share no code with the rest of the project; see README.md.
"""

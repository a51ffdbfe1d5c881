"""What is known: mechanisms, numbers with sources, populations, trials; declarations alone."""

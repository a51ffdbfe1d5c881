"""Reports: the comparison table, figures and files of trials, and curves of a single run."""

"""Numbers: schedules, the reference solver, the compiled population path, trajectories."""

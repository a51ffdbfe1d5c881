"""Running what was declared: draws, virtual patients, read-outs, response, comparison."""

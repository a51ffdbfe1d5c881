"""Designs of trials: phase II with stopping bounds, two arms, dose escalation, and their worth."""

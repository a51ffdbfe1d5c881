"""Trials with patients, as designed and as reported."""

"""Campaigns: random streams, guided fuzzing, power cuts and bad links, in jobs that any executor can carry out."""

"""Issuing: what should be on a card, and the station that makes it so."""

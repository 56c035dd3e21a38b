"""Broken cards: what the judge is for is to find them."""

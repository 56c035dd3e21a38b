"""Recipes of signing for customs: the real-time data of notice 179, and the XML signatures of CEB messages.

Each recipe says what bytes go to the card; `explain` finds out which byte was wrong in somebody else's.
"""

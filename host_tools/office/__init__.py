"""The issuing office: its folder, who may do what, orders signed by a card, and log in.

Read `rules.py`, then `orders.py`. The registry below it keeps what was done; issuing and renewal above it do the
work on cards.
"""

"""Record, replay, compare and show what passes between a host and a card.

Read in this order: `model` (an exchange), `text` (the file), `recorder` (writing one), `mask` (what is never
written), `replay` and `twin` (using one), `decode` and `present` (reading one), `gsmtap` and `pcapng` (Wireshark).
"""

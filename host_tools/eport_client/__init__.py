"""The WebSocket service that Electronic Port pages and ERP systems sign through, in front of a card in any reader.

Read in this order: `envelope.py` and `frames.py` (the grammar, no I/O), `card.py` (what is asked of a card),
`desk.py` (one card, many clients), `methods.py` (what can be called), `service.py` (the sockets).
"""

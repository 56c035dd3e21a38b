"""Renewal of a card's certificates (证书延期): the rules of when, and the procedure that survives any interruption."""

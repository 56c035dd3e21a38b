"""The coprocessor's room: SM2, SM3, SM4, RSA, NIST curves, AES and TDES; bytes in, bytes out, nothing stored.

Start at `engine` (what the card gets), `sm2` (the scheme) and `points` (how its arithmetic is chosen). Nothing
is imported here, so that the package costs nothing until an engine is made.
"""

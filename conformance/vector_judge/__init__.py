"""Test vectors put before implementations: the card, libraries, programs and PKCS#11 modules, all judged alike."""

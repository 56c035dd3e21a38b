"""The PIV door: a Personal Identity Verification card (NIST SP 800-73-4), with the extensions common tools need."""

"""The PKCS#15 door (ISO/IEC 7816-15): a view of an Electronic Port card, and a blank card that OpenSC fills."""

"""Human verbs for the doors of a card: one class per door, APDUs below, host errors above."""

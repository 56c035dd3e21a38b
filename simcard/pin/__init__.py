"""Who: reference data, retry counters, policy and security status."""

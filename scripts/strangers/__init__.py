"""Cards that other people wrote, put before the judge."""

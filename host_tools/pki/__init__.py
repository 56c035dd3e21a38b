"""Public keys, certificates and signatures on the host's side."""

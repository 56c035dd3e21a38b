"""What you may use but never take: containers, key pairs, certificates, secret keys and their usage rules."""

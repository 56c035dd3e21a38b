"""Every form the registry's tables ever had, and the way from one to the next."""

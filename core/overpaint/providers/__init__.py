"""Who makes the pixels: one module a provider, one line in the registry."""

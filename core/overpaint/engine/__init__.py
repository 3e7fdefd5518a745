"""The embedded engine: needs no key, no network and no download."""

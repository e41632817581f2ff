"""Networks by name, and the neck that fits them."""

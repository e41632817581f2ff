"""Commands of npid that examine images and runs."""

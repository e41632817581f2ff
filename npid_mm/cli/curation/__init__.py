"""Commands of npid that judge images and runs."""

"""Helpers that need the standard library and torch only."""

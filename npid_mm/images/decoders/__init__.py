"""Decoders of kinds of image files."""

"""Folders of images, and lists of image files."""

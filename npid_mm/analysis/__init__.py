"""Analyze a checkpoint: nearest neighbors of held-out images, augmented views, bank order."""

"""Analyze a trained checkpoint: held-out neighbors, augmented views, the order of its bank."""

"""Convert, publish and check checkpoints."""

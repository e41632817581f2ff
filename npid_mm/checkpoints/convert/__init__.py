"""Convert checkpoints between this package and other NPID implementations."""

"""Run sets of benchmarks and sweeps on a checkpoint, and report their results."""

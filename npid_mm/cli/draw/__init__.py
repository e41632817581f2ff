"""Pictures of a run, a checkpoint or a data set."""

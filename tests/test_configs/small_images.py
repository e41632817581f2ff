"""Smaller images in a config."""


def shrink_images(dataset, sides: dict[int, int]) -> None:
    """Replace sides of images in the pipeline of a data set: those of the config -> others."""
    for step in dataset.pipeline:
        for key in step.keys() & {'scale', 'crop_size'}:
            if isinstance(step[key], int):
                step[key] = sides[step[key]]

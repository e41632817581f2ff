"""The test pipeline of a config, applied to a file or an array."""

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmpretrain.registry import TRANSFORMS

from npid_mm.images import ImageReader

from .pipeline_reader import steps_reader

LOADERS = ('LoadImage', 'LoadImageFromFile')  # the latter in configs of older indexes


def split_pipeline(cfg: Config) -> tuple[dict, list[dict]]:
    """Split the test pipeline of a config into the step that loads a file and the others.

    The pipeline of a data set in memory, such as MMPretrain's CIFAR-10, has no step that loads a
    file. Its images are RGB, so files and arrays are converted to RGB for it.
    """
    steps = list(cfg.test_dataloader.dataset.pipeline)
    loaders = [step for step in steps if step['type'] in LOADERS]
    others = [step for step in steps if step['type'] not in LOADERS]
    if loaders:
        return loaders[0], others
    to_rgb = [dict(type='NumpyToPIL', to_rgb=True), dict(type='PILToNumpy')]
    return dict(type='LoadImage'), [*to_rgb, *others]


class ImagePipeline:
    """The test pipeline of a config, applied to a file or an array.

    Args:
        cfg (Config): A config with a ``test_dataloader``.

    Attributes:
        reader (ImageReader): Reads the files.
        rgb (bool): The results are RGB, or other channels in the order of the file, not BGR.
    """

    def __init__(self, cfg: Config):
        loader, rest = split_pipeline(cfg)
        steps = cfg.test_dataloader.dataset.pipeline
        self.load = TRANSFORMS.build(loader)
        self.transform = Compose([TRANSFORMS.build(step) for step in rest])
        self.reader = steps_reader([self.load]) or ImageReader()
        from_file = any(step['type'] in LOADERS for step in steps)
        self.rgb = bool(self.reader.channels) or not from_file

    def __call__(self, image: str | np.ndarray) -> dict:
        """Prepare a file, or an array as :meth:`ImageReader.from_array` takes it.

        Raises:
            UnreadableImageError: If the file or array is refused, or damaged.
            OSError: If the file cannot be opened.
        """
        if isinstance(image, np.ndarray):
            image, shape = self.reader.from_array(image), image.shape[:2]
            return self.transform(dict(img=image, img_shape=shape, ori_shape=shape))
        self.reader.check(image)  # MMPretrain's loader has no limits
        return self.transform(self.load(dict(img_path=str(image))))

    def blank(self, height: int, width: int) -> np.ndarray:
        """Array of zeros that the pipeline takes."""
        kind = np.float32 if self.reader.channels else np.uint8
        return np.zeros((height, width, self.reader.channels or 3), kind)

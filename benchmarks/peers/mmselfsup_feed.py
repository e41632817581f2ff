"""Read images with mmselfsup 1.0.0's NPID pipeline; started by ``benchmarks/feed.py``.

For each line of standard input, prints the seconds of one pass over the list.
"""

import json
import sys
import time
from pathlib import Path

import cv2
import mmselfsup.datasets  # noqa: F401, registers the transforms
import torch
from mmcls.datasets import CustomDataset
from mmengine.config import Config
from mmselfsup.registry import TRANSFORMS

CONFIG = '.mim/configs/selfsup/_base_/datasets/imagenet_npid.py'


def main():
    """Build the data set, then read it once per line of standard input."""
    root, ann_file = sys.argv[1:]
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    cfg = Config.fromfile(Path(mmselfsup.__file__).parent / CONFIG)
    pipeline = [TRANSFORMS.build(step) for step in cfg.train_pipeline]
    dataset = CustomDataset(data_root=root, ann_file=ann_file, pipeline=pipeline)
    print(json.dumps('ready'), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for index in range(len(dataset)):
            dataset[index]
        print(json.dumps(time.perf_counter() - start), flush=True)


if __name__ == '__main__':
    main()

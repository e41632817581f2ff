"""Transform that reads the proposed regions of an image from a file of its own."""

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from npid_mm.datasets.proposals import proposal_path, read_proposals


@TRANSFORMS.register_module()
class LoadProposalFile(BaseTransform):
    """Load the proposals that ``npid data proposals`` wrote for an image of VOC.

    MMDetection reads the proposals of a whole data set from one pickle, which executes what it
    says. Here each image has an array.

    It reads ``img_path`` and sets ``proposals``, an array (P, 4) of float32, x1, y1, x2, y2 in
    pixels, and ``proposals_scores``, (P,), all 0.

    Args:
        limit (int): Number of proposals, of which the best come first.
    """

    def __init__(self, limit: int = 2000):
        self.limit = limit

    def transform(self, results: dict) -> dict:
        """Load the proposals.

        Raises:
            FileNotFoundError: If the image has no file of proposals.
            ValueError: If the file does not hold proposals.
        """
        proposals = read_proposals(proposal_path(Path(results['img_path'])))[: self.limit]
        results['proposals'] = proposals.astype(np.float32)
        results['proposals_scores'] = np.zeros(len(proposals), np.float32)
        return results

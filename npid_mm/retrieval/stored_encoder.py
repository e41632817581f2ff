"""Write the ONNX encoder of an index."""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from mmengine.model import BaseModel

from npid_mm.export.encoder_file import CHECKED, ExportError, write_encoder
from npid_mm.export.pipeline_settings import PipelineError
from npid_mm.extras import MissingExtraError
from npid_mm.utils.hashing import file_sha256

from .index import FeatureIndex
from .index.metadata import ENCODER, PREPROCESSING


def store_encoder(
    index: FeatureIndex, model: BaseModel, images: Sequence[str] | None = None
) -> None:
    """Write ``encoder.onnx`` and ``preprocessing.json`` to an index, checked on its images.

    If that is impossible, a line on stderr says why, and the index is searched with torch.

    Args:
        index (FeatureIndex): The index, locked for writing.
        model (BaseModel): Its network.
        images (Sequence[str], optional): Image files to compare on. By default the first of the
            index that still exist.
    """
    if images is None:
        paths = (entry.path for entry in index.entries())
        images = list(islice(filter(lambda path: Path(path).is_file(), paths), CHECKED))
    if not images:
        return
    try:
        write_encoder(model, index.folder / ENCODER, images)
    except (MissingExtraError, PipelineError, ExportError) as error:
        reason = ' '.join(str(error).split())
        print(
            f'{index.folder}: made without {ENCODER}, so searching it needs torch: {reason}',
            file=sys.stderr,
        )
        return
    index.meta['encoder'] = {
        name: file_sha256(index.folder / name) for name in (ENCODER, PREPROCESSING)
    }
    index.write()

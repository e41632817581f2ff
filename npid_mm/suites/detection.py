"""The detection benchmarks of a ResNet-50 pretrained on ImageNet, and their tables."""

from collections.abc import Mapping
from functools import partial

from npid_mm.datasets.layout_checks import check_coco, check_voc0712
from npid_mm.suites import published

from .suite import Benchmark, Column, DataSet, Suite, Table

FOLDER = 'configs/benchmarks/mmdetection'
VOC07 = DataSet('VOCdevkit', partial(check_voc0712, years=(2007,)))
VOC0712 = DataSet('VOCdevkit', check_voc0712)
COCO = DataSet('coco', check_coco)


def _voc_table(title: str, name: str, figures: Mapping) -> Table:
    """The three figures of a training on VOC."""
    columns = (Column(each, name, f'pascal_voc/{each}') for each in ('AP', 'AP50', 'AP75'))
    return Table(f'{title}, Faster R-CNN R50-C4 (%)', tuple(columns), figures)


def _coco_table(layout: str, schedule: str, figures: Mapping | None = None) -> Table:
    """The six figures of a Mask R-CNN on COCO, whose metric gives fractions."""
    columns = (
        Column(
            f'{what} mAP{threshold}',
            f'coco-{layout}-{schedule}',
            f'coco/{kind}_mAP' + (f'_{threshold}' if threshold else ''),
            scale=100,
        )
        for what, kind in (('box', 'bbox'), ('mask', 'segm'))
        for threshold in ('', '50', '75')
    )
    title = f'COCO, Mask R-CNN R50-{layout.upper()}, {schedule} (%)'
    return Table(title, tuple(columns), figures or {})


DETECTION = Suite(
    benchmarks=(  # the quick ones first
        Benchmark(
            'voc07',
            f'{FOLDER}/voc2007/faster-rcnn_r50-c4-frozen_8750-iters_voc07.py',
            VOC07,
            trained=True,
        ),
        Benchmark(
            'voc0712',
            f'{FOLDER}/voc0712/faster-rcnn_r50-c4_ms-24k_voc0712.py',
            VOC0712,
            trained=True,
        ),
        *(
            Benchmark(
                f'coco-{layout}-{schedule}',
                f'{FOLDER}/coco/mask-rcnn_r50-{layout}_ms-{schedule}_coco.py',
                COCO,
                trained=True,
            )
            for schedule in ('1x', '2x')
            for layout in ('fpn', 'c4')
        ),
    ),
    tables=(
        _voc_table('VOC07+12 to VOC07 test', 'voc0712', published.VOC0712_DETECTION),
        _voc_table('VOC07 to VOC07 test, lower half fixed', 'voc07', published.VOC07_DETECTION),
        _coco_table('fpn', '1x', published.COCO_FPN_1X),
        _coco_table('fpn', '2x'),
        _coco_table('c4', '1x'),
        _coco_table('c4', '2x', published.COCO_C4_2X),
    ),
)

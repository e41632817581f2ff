"""Detection benchmarks of networks pretrained on ImageNet, and their tables."""

from npid_mm.datasets.layout_checks import build_check

from .suite import Benchmark, Column, Suite, Table

FOLDER = 'configs/benchmarks/mmdetection'
VOC07 = build_check('voc0712', years=(2007,))
VOC07_PROPOSALS = build_check('voc0712', years=(2007,), proposals=True)
VOC0712 = build_check('voc0712')
COCO = build_check('coco')
DIFFICULT = (
    'OpenSelfSup trains with detectron2, which also trains on the objects that VOC marks as '
    'difficult.'
)


def _voc_table(title: str, name: str, note: str = '') -> Table:
    """Return the table of a training on VOC."""
    columns = (Column(each, name, f'pascal_voc/{each}') for each in ('AP', 'AP50', 'AP75'))
    return Table(f'{title}, Faster R-CNN R50-C4 (%)', tuple(columns), note)


def _coco_table(layout: str, schedule: str) -> Table:
    """Return the table of a Mask R-CNN on COCO, whose metric gives fractions."""
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
    return Table(f'COCO, Mask R-CNN R50-{layout.upper()}, {schedule} (%)', tuple(columns))


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
        _voc_table('VOC07+12 to VOC07 test', 'voc0712', DIFFICULT),
        _voc_table('VOC07 to VOC07 test, lower half fixed', 'voc07'),
        *(_coco_table(layout, schedule) for layout in ('fpn', 'c4') for schedule in ('1x', '2x')),
    ),
)


def _fast_rcnn(network: str, name: str) -> Suite:
    """Return the suite of a network without residual blocks, the paper's own protocol."""
    config = f'{FOLDER}/voc2007/fast-rcnn_{name}_150k_voc07.py'
    title = f'VOC07 to VOC07 test, Fast R-CNN {network} (%)'
    columns = tuple(Column(each, 'voc07', f'pascal_voc/{each}') for each in ('AP', 'AP50', 'AP75'))
    return Suite(
        benchmarks=(Benchmark('voc07', config, VOC07_PROPOSALS, trained=True),),
        tables=(Table(title, columns),),
    )


ALEXNET, VGG16 = _fast_rcnn('AlexNet', 'alexnet'), _fast_rcnn('VGG16', 'vgg16')

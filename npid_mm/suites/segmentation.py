"""Segmentation benchmarks of a ResNet-50 pretrained on ImageNet, and their table."""

from npid_mm.datasets.layout_checks import build_check

from .suite import Benchmark, Column, Suite, Table

FOLDER = 'configs/benchmarks/mmsegmentation'

SEGMENTATION = Suite(
    benchmarks=(
        Benchmark(
            'voc12aug-fcn',
            f'{FOLDER}/voc12aug/fcn_r50-d8_4xb4-20k_voc12aug-512x512.py',
            build_check('voc2012aug'),
            trained=True,
        ),
        Benchmark(
            'cityscapes-fcn',
            f'{FOLDER}/cityscapes/fcn_r50-d8_4xb2-40k_cityscapes-769x769.py',
            build_check('cityscapes'),
            trained=True,
        ),
    ),
    tables=(
        Table(
            'Semantic segmentation, FCN, mIoU (%)',
            (
                Column('VOC12+aug', 'voc12aug-fcn', 'mIoU', published='mIoU'),
                Column('Cityscapes', 'cityscapes-fcn', 'mIoU', published='mIoU on Cityscapes'),
            ),
        ),
    ),
)

"""The classification benchmarks of a ResNet-50 pretrained on ImageNet, and their tables."""

from collections.abc import Mapping
from functools import partial

from npid_mm.datasets.layout_checks import (
    PLACES205,
    check_image_lists,
    check_inaturalist2018,
    check_voc2007,
)
from npid_mm.evaluation import SHOTS
from npid_mm.suites import published

from .suite import Benchmark, Column, DataSet, Suite, Table

FOLDER = 'configs/benchmarks/classification'
IMAGENET = DataSet('imagenet', check_image_lists)
IMAGENET_1PCT, IMAGENET_10PCT = (
    DataSet('imagenet', partial(check_image_lists, lists=('train', 'val', f'train_{share}percent')))
    for share in (1, 10)
)
PLACES = DataSet('places205', partial(check_image_lists, layout=PLACES205))
INATURALIST = DataSet('inaturalist2018', check_inaturalist2018)
VOC07 = DataSet('VOCdevkit/VOC2007', check_voc2007)
SEMI_SUPERVISED_GRID = (
    'optim_wrapper.optimizer.lr=0.1,0.01,0.001',
    'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult=1,10,100',
)
LAYERS = range(1, 6)


def _probes(name: str, layers: str, pooled: str, data: DataSet) -> tuple[Benchmark, ...]:
    """The two linear probes of a data set: of every layer, and of the pooled features."""
    return (
        Benchmark(f'{name}-layers', f'{FOLDER}/{layers}.py', data, trained=True),
        Benchmark(f'{name}-linear', f'{FOLDER}/{pooled}.py', data, trained=True),
    )


def _probe_table(title: str, name: str, figures: Mapping | None = None) -> Table:
    """The table of :func:`_probes`."""
    layers = (Column(f'Feature{i}', f'{name}-layers', f'feature{i}/top1') for i in LAYERS)
    pooled = Column('AvgPool', f'{name}-linear', 'accuracy/top1')
    return Table(f'{title}, linear classifiers, top-1 (%)', (*layers, pooled), figures or {})


CLASSIFICATION = Suite(
    benchmarks=(  # the quick ones first
        Benchmark('imagenet-knn', f'{FOLDER}/imagenet/knn_resnet50_in1k.py', IMAGENET),
        Benchmark('voc07-svm', f'{FOLDER}/voc2007/svm_resnet50_voc07.py', VOC07),
        Benchmark('voc07-low-shot', f'{FOLDER}/voc2007/low-shot-svm_resnet50_voc07.py', VOC07),
        *(
            Benchmark(
                f'imagenet-{share}',
                f'{FOLDER}/imagenet/resnet50_4xb64-steplr-20e_in1k-{share}.py',
                data,
                trained=True,
                grid=SEMI_SUPERVISED_GRID,
            )
            for share, data in (('1pct', IMAGENET_1PCT), ('10pct', IMAGENET_10PCT))
        ),
        *_probes(
            'imagenet',
            'imagenet/resnet50_mhead_linear-8xb32-steplr-90e_in1k',
            'imagenet/resnet50_linear-8xb32-steplr-100e_in1k',
            IMAGENET,
        ),
        *_probes(
            'places205',
            'places205/resnet50_mhead_8xb32-steplr-28e_places205',
            'places205/resnet50_linear-8xb32-steplr-28e_places205',
            PLACES,
        ),
        *_probes(
            'inat18',
            'inaturalist2018/resnet50_mhead_8xb32-steplr-84e_inat18',
            'inaturalist2018/resnet50_linear-8xb32-steplr-84e_inat18',
            INATURALIST,
        ),
    ),
    tables=(
        Table(
            'VOC07, linear SVM, mAP (%)',
            (
                *(Column(f'Feature{i}', 'voc07-svm', f'feature{i}/mAP') for i in LAYERS),
                Column('Best', 'voc07-svm', 'best/mAP'),
            ),
            published.VOC07_SVM,
        ),
        Table(
            'VOC07, low-shot linear SVM on Feature5, mAP (%)',
            tuple(Column(f'k={k}', 'voc07-low-shot', f'feature5/k{k}') for k in SHOTS),
            published.VOC07_LOW_SHOT,
        ),
        Table(
            'VOC07, low-shot linear SVM on the best layer, mAP (%)',
            tuple(Column(f'k={k}', 'voc07-low-shot', f'best/k{k}') for k in SHOTS),
        ),
        _probe_table('ImageNet', 'imagenet', published.IMAGENET_LINEAR),
        _probe_table('Places205', 'places205', published.PLACES205_LINEAR),
        _probe_table('iNaturalist 2018', 'inat18'),
        Table(
            'ImageNet, weighted kNN on the pooled features, top-1 (%)',
            tuple(Column(f'k={k}', 'imagenet-knn', f'knn/top1_k{k}') for k in (10, 20, 100, 200)),
            published.IMAGENET_KNN,
        ),
        Table(
            'ImageNet, fine-tuned on a share of the labels, accuracy (%)',
            tuple(
                Column(f'{share} % top-{k}', f'imagenet-{share}pct', f'accuracy/top{k}')
                for share in (1, 10)
                for k in (1, 5)
            ),
            published.SEMI_SUPERVISED,
        ),
    ),
)

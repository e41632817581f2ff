"""Classification benchmarks of a ResNet-50 pretrained on ImageNet, and their tables."""

from npid_mm.datasets.layout_checks import LayoutCheck, build_check
from npid_mm.evaluation import SHOTS

from .suite import Benchmark, Column, Suite, Table

FOLDER = 'configs/benchmarks/classification'
IMAGENET, PLACES205, INATURALIST2018, VOC2007 = (
    build_check(name) for name in ('imagenet', 'places205', 'inaturalist2018', 'voc2007')
)
SEMI_SUPERVISED_GRID = (
    'optim_wrapper.optimizer.lr=0.1,0.01,0.001',
    'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult=1,10,100',
)
LAYERS = range(1, 6)
NEIGHBORS = (10, 20, 100, 200)


def _share(percent: int) -> Benchmark:
    """Return the fine-tuning on a share of ImageNet's labels."""
    return Benchmark(
        f'imagenet-{percent}pct',
        f'{FOLDER}/imagenet/resnet50_4xb64-steplr-20e_in1k-{percent}pct.py',
        build_check('imagenet', lists=('train', 'val', f'train_{percent}percent')),
        trained=True,
        grid=SEMI_SUPERVISED_GRID,
    )


def _probes(name: str, layers: str, pooled: str, data: LayoutCheck) -> tuple[Benchmark, ...]:
    """Return the linear probes of a data set: of every layer, and of the pooled features."""
    return (
        Benchmark(f'{name}-layers', f'{FOLDER}/{layers}.py', data, trained=True),
        Benchmark(f'{name}-linear', f'{FOLDER}/{pooled}.py', data, trained=True),
    )


def _probe_table(title: str, name: str, note: str = '') -> Table:
    """Return the table of :func:`_probes`."""
    layers = (Column(f'Feature{i}', f'{name}-layers', f'feature{i}/top1') for i in LAYERS)
    pooled = Column('AvgPool', f'{name}-linear', 'accuracy/top1', published='Top 1 Accuracy')
    return Table(f'{title}, linear classifiers, top-1 (%)', (*layers, pooled), note)


CLASSIFICATION = Suite(
    benchmarks=(  # the quick ones first
        Benchmark('imagenet-knn', f'{FOLDER}/imagenet/knn_resnet50_in1k.py', IMAGENET),
        Benchmark('voc07-svm', f'{FOLDER}/voc2007/svm_resnet50_voc07.py', VOC2007),
        Benchmark('voc07-low-shot', f'{FOLDER}/voc2007/low-shot-svm_resnet50_voc07.py', VOC2007),
        _share(1),
        _share(10),
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
            PLACES205,
        ),
        *_probes(
            'inat18',
            'inaturalist2018/resnet50_mhead_8xb32-steplr-84e_inat18',
            'inaturalist2018/resnet50_linear-8xb32-steplr-84e_inat18',
            INATURALIST2018,
        ),
    ),
    tables=(
        Table(
            'VOC07, linear SVM, mAP (%)',
            (
                *(Column(f'Feature{i}', 'voc07-svm', f'feature{i}/mAP') for i in LAYERS),
                Column('Best', 'voc07-svm', 'best/mAP'),
            ),
        ),
        Table(
            'VOC07, low-shot linear SVM on Feature5, mAP (%)',
            tuple(Column(f'k={k}', 'voc07-low-shot', f'feature5/k{k}') for k in SHOTS),
            'k positives per class. The published figures choose the cost on the test set, ours do '
            'so with `--cfg-options test_cfg.select=test`.',
        ),
        Table(
            'VOC07, low-shot linear SVM on the best layer, mAP (%)',
            tuple(Column(f'k={k}', 'voc07-low-shot', f'best/k{k}', published='-') for k in SHOTS),
        ),
        _probe_table(
            'ImageNet',
            'imagenet',
            'Sources disagree on AvgPool, even within one project, so each value has its own row. '
            'Rows of another schedule do not follow the protocol.',
        ),
        _probe_table(
            'Places205',
            'places205',
            'MMSelfSup 1.0.0 shows the figures of 0.x, as its own config does not start.',
        ),
        _probe_table('iNaturalist 2018', 'inat18'),
        Table(
            'ImageNet, weighted kNN on the pooled features, top-1 (%)',
            tuple(Column(f'k={k}', 'imagenet-knn', f'knn/top1_k{k}') for k in NEIGHBORS),
        ),
        Table(
            'ImageNet, fine-tuned on a share of the labels, accuracy (%)',
            tuple(
                Column(f'{share} % top-{k}', f'imagenet-{share}pct', f'accuracy/top{k}')
                for share in (1, 10)
                for k in (1, 5)
            ),
            'The best of three learning rates, times three multipliers of it for the head.',
        ),
    ),
)

# Benchmarks of the embedding, for the model page. They are not part of a suite: the checkpoint
# needs the neck of the pretraining, and for CIFAR-10 another network.
EMBEDDING = Suite(
    benchmarks=(
        Benchmark('imagenet', f'{FOLDER}/imagenet/knn-embedding_resnet50_in1k.py', IMAGENET),
        Benchmark(
            'cifar10-svm',
            f'{FOLDER}/cifar10/svm_resnet18_cifar10.py',
            build_check('cifar10'),
        ),
        Benchmark(
            'cifar10-knn',
            f'{FOLDER}/cifar10/knn_resnet18_cifar10.py',
            build_check('cifar10'),
        ),
    ),
    tables=(
        Table(
            'ImageNet, weighted kNN on the embedding, top-1 (%)',
            tuple(Column(f'k={k}', 'imagenet', f'knn/top1_k{k}') for k in NEIGHBORS),
        ),
        Table(
            'CIFAR-10, on the embedding of a ResNet-18, top-1 (%)',
            (
                Column('linear SVM', 'cifar10-svm', 'svm/top1'),
                Column('kNN', 'cifar10-knn', 'knn/top1_k200'),
            ),
        ),
    ),
)

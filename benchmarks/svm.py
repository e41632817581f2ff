"""The VOC07 SVMs at full size, compared with LinearSVC as mmselfsup 1.0.0's tool calls it.

    python benchmarks/svm.py

20 classes x 19 costs x (3 folds + all rows), on features of the size of feature5. The peer,
``train_svm_kfold_parallel.py``, runs one (class, cost) per process with ``cross_val_score`` and
``fit``. It is timed on some of the 380, evenly over the costs, and extrapolated; ours is timed in
full. CPU seconds are compared, as they hardly depend on the load of the svm.
"""

import argparse
import multiprocessing
import time
import warnings

import numpy as np
import torch
from sklearn.model_selection import cross_val_score
from sklearn.svm import LinearSVC
from torch import Tensor

from npid_mm.evaluation import COSTS, linear_gram, normalize_features, squared_hinge_path, voc_svm
from npid_mm.evaluation.functional.voc_svm import signs_and_weights

LATENT = 2000
SIGNAL = 0.07  # strength of a class in the latent variables
PEER: dict[str, np.ndarray] = {}  # features and targets, which forked processes share


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--length', type=int, default=5011, help='N, training images')
    parser.add_argument('--test', type=int, default=4952, help='Q, test images')
    parser.add_argument('--dim', type=int, default=9216, help='D, feature dimension')
    parser.add_argument('--classes', type=int, default=20)
    parser.add_argument('--threads', type=int, default=2, help="ours, and the peer's processes")
    parser.add_argument('--peer-fits', type=int, default=19, help='fits of the peer to time')
    parser.add_argument('--noise', type=float, default=0.2, help='noise per feature')
    return parser.parse_args()


def make_data(args: argparse.Namespace) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Generate features after a ReLU with a decaying spectrum, and classes as frequent as VOC's."""
    generator = torch.Generator().manual_seed(0)
    rows = args.length + args.test
    share = torch.full((args.classes,), 0.045)
    share[0] = 0.4  # like persons
    present = torch.rand(rows, args.classes, generator=generator) < share
    latent = torch.randn(rows, LATENT, generator=generator)
    latent += SIGNAL * present.float() @ torch.randn(args.classes, LATENT, generator=generator)
    latent *= torch.arange(1, LATENT + 1) ** -0.5
    features = latent @ torch.randn(LATENT, args.dim, generator=generator) / 2
    features += args.noise * torch.randn(rows, args.dim, generator=generator)
    features = normalize_features(features.relu_())
    return features.split([args.length, args.test]), present.int().split([args.length, args.test])


def peer_fit(task: tuple[int, float]) -> tuple[float, float, float, float]:
    """Run one task of the peer: CPU and wall seconds, the loss and the mean AP of its SVM."""
    column, cost = task
    cpu, wall = time.process_time(), time.perf_counter()
    svm = LinearSVC(
        C=cost,
        class_weight={1: 2, -1: 1},
        intercept_scaling=1.0,
        verbose=0,
        penalty='l2',
        loss='squared_hinge',
        tol=0.0001,
        dual=True,
        max_iter=2000,
    )
    labels = PEER['targets'][:, column] * 2 - 1
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # about too few iterations
        precision = cross_val_score(
            svm, PEER['features'], labels, cv=3, scoring='average_precision'
        )
        svm.fit(PEER['features'], labels)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    w = np.append(svm.coef_[0], svm.intercept_)
    margin = labels * svm.decision_function(PEER['features'])
    hinge = np.where(labels > 0, 2, 1) * np.maximum(0, 1 - margin) ** 2
    return cpu, wall, w @ w / 2 + cost * hinge.sum(), float(precision.mean())


def our_losses(gram: Tensor, targets: Tensor, tasks: list[tuple[int, float]]) -> list[float]:
    """Losses of our SVMs for the same tasks, on all rows."""
    columns = sorted({column for column, _ in tasks})
    signs, weights = signs_and_weights(targets[:, columns] == 1)
    losses = {}
    for cost, coef, score in squared_hinge_path(gram, signs, weights, COSTS):
        hinge = weights * (1 - signs * score).clamp_min(0) ** 2
        loss = (coef * score).sum(0) / 2 + cost * hinge.sum(0)
        losses.update({(column, cost): float(loss[i]) for i, column in enumerate(columns)})
    return [losses[task] for task in tasks]


def main() -> None:
    """Time both and compare their results."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    (train, test), (train_targets, test_targets) = make_data(args)

    cpu, wall = time.process_time(), time.perf_counter()
    gram = linear_gram(train)
    gram_cpu = time.process_time() - cpu
    records = voc_svm(train, train_targets, test, test_targets, gram=gram)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall

    total = args.classes * len(COSTS)
    tasks = [(i * 7 % args.classes, COSTS[i % len(COSTS)]) for i in range(args.peer_fits)]
    PEER.update(features=train.numpy(), targets=train_targets.numpy())
    start = time.perf_counter()
    with multiprocessing.get_context('fork').Pool(args.threads) as pool:
        found = pool.map(peer_fit, tasks, chunksize=1)
    peer_wall = (time.perf_counter() - start) / len(tasks) * total
    peer_cpu = sum(each[0] for each in found) / len(tasks) * total

    print(
        f'N={args.length} D={args.dim}, {args.classes} classes x {len(COSTS)} costs x (3 folds + '
        f'all), {args.threads} threads or processes; peer: {len(tasks)} of {total} '
        f'(class, cost) timed and extrapolated'
    )
    print(f'{"":40} {"CPU s":>8} {"wall s":>8}')
    print(f'{"npid_mm voc_svm, test included":40} {cpu:8.1f} {wall:8.1f}')
    print(f'{"  of which Gram matrix":40} {gram_cpu:8.1f}')
    print(f'{"LinearSVC, cross_val_score and fit":40} {peer_cpu:8.1f} {peer_wall:8.1f}')
    print(f'{"times ours":40} {peer_cpu / cpu:8.1f} {peer_wall / wall:8.1f}')
    excess = [
        theirs[2] / ours - 1
        for theirs, ours in zip(found, our_losses(gram, train_targets, tasks), strict=True)
    ]
    differ = [
        abs(records[column]['cv_ap'][COSTS.index(cost)] - theirs[3])
        for (column, cost), theirs in zip(tasks, found, strict=True)
    ]
    print(
        f"LinearSVC's loss above ours, as a share: {min(excess):.1e} to {max(excess):.1e}; "
        f'largest difference of a cross-validated AP: {max(differ):.1e}'
    )
    print(f'test mAP {100 * np.mean([each["test_ap"] for each in records]):.2f} %')


if __name__ == '__main__':
    main()

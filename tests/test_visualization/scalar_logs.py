"""The log of a short run."""

import json

# four steps per epoch, logged every second step, as MMEngine writes them
LOG = [
    dict(lr=0.03, loss=3.0, time=0.1, epoch=1, iter=2, step=2),
    dict(lr=0.03, loss=2.5, time=0.1, epoch=1, iter=4, step=4),
    dict(bank_drift=0.3, bank_knn=40.5, step=1),
    {'knn/top1_k20': 41.0, 'knn/top5_k20': 80.0, 'step': 1},
    dict(lr=0.03, loss=2.0, time=0.1, epoch=2, iter=6, step=6),
    dict(lr=0.03, loss=1.5, time=0.1, epoch=2, iter=8, step=8),
    dict(bank_drift=0.2, step=2),
]


def write_log(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(json.dumps(record) + '\n' for record in records))
    return path

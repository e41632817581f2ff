"""Time mmselfsup 1.0.0's ``knn_eval``; started by ``benchmarks/knn.py``.

For each line of standard input, which holds K, prints one line of JSON.
"""

import json
import sys
import time

import torch
from mmselfsup.evaluation.functional import knn_eval


def main():
    """Load the data, then run once per line of standard input."""
    path, temperature, threads, device = sys.argv[1:]
    torch.set_num_threads(int(threads))
    data = {name: value.to(device) for name, value in torch.load(path).items()}
    print(json.dumps('ready'), flush=True)
    for line in sys.stdin:
        k = int(line)
        start = time.perf_counter()
        # the accuracies are Python numbers: a GPU has finished
        top1, top5 = knn_eval(
            data['bank'], data['labels'], data['query'], data['targets'], k, float(temperature)
        )
        seconds = time.perf_counter() - start
        print(json.dumps(dict(seconds=seconds, accuracy={1: top1, 5: top5})), flush=True)


if __name__ == '__main__':
    main()

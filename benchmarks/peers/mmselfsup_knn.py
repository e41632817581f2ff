"""Time mmselfsup 1.0.0's ``knn_eval``; started by ``benchmarks/knn.py`` with mmselfsup's Python.

Reads one line a round from standard input, K, and answers with one JSON line.
"""

import json
import sys
import time

import torch
from mmselfsup.evaluation.functional import knn_eval


def main():
    """Load the data, then run once for each line that comes."""
    path, temperature, threads, device = sys.argv[1:]
    torch.set_num_threads(int(threads))
    data = {name: value.to(device) for name, value in torch.load(path).items()}
    print(json.dumps('ready'), flush=True)
    for line in sys.stdin:
        k = int(line)
        start = time.perf_counter()
        # The accuracies are Python numbers: nothing is left to wait for on a GPU.
        top1, top5 = knn_eval(
            data['bank'], data['labels'], data['query'], data['targets'], k, float(temperature)
        )
        seconds = time.perf_counter() - start
        print(json.dumps(dict(seconds=seconds, accuracy={1: top1, 5: top5})), flush=True)


if __name__ == '__main__':
    main()

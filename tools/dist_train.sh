#!/usr/bin/env bash
# bash tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# One rank per GPU, or CPU ranks without GPUs. On several machines run the same command on each
# with NNODES, NODE_RANK (0 to NNODES-1) and MASTER_ADDR; set PORT if 29500 is in use.
set -euo pipefail
CONFIG=${1:?config file} GPUS=${2:?number of ranks}
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$GPUS" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "${@:3}"

#!/usr/bin/env bash
# bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
# One rank per GPU, or CPU ranks without GPUs. On several machines run the same command on each
# with NNODES, NODE_RANK (0 to NNODES-1) and MASTER_ADDR; set PORT if 29500 is in use.
set -euo pipefail
CONFIG=${1:?config file} CHECKPOINT=${2:?checkpoint} GPUS=${3:?number of ranks}
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$GPUS" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/test.py" "$CONFIG" "$CHECKPOINT" --launcher pytorch "${@:4}"

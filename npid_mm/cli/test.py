"""Evaluate a checkpoint with the test loop of a config: npid test CONFIG CHECKPOINT."""

import argparse
import sys
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import dump

from npid_mm.cli.common.launch_ranks import launch_ranks
from npid_mm.cli.common.options import add_common_arguments, load_config
from npid_mm.cli.common.preflight import check_checkpoint, check_test
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.engine.distributed import exit_distributed
from npid_mm.engine.launch import build_runner
from npid_mm.utils.output_files import JSON, add_force, check_output


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Evaluate a checkpoint with the test loop of a config.')
    add_common_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file or URL')
    parser.add_argument('--out', type=Path, help='JSON file to write the metrics to')
    add_force(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Load the checkpoint and run the test loop; return the exit status."""
    args = parse_args(argv)
    if args.gpus != 1 and args.launcher == 'none':
        return launch_ranks('test', sys.argv[1:] if argv is None else argv, args.gpus)
    if args.out:
        check_output(args.out, JSON, args.force)
    cfg = load_config(args)
    check_test(cfg)
    cfg.load_from = check_checkpoint(args.checkpoint)
    metrics = build_runner(cfg, args.local_rank).test()
    if args.out and is_main_process():
        dump(metrics, args.out, backend_args=dict(backend='atomic'))
    exit_distributed()
    return 0

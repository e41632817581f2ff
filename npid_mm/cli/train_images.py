"""Train a network on images, without a config.

npid train IMAGES... --out run [--model resnet50] [--epochs 100]
"""

import argparse
from pathlib import Path

from npid_mm.api.prepare import prepared_training
from npid_mm.api.pretrain import final_checkpoint, pretrain
from npid_mm.api.run_folder import kept_lists
from npid_mm.cli.common.launch_ranks import check_gpus, launch_ranks
from npid_mm.cli.common.options import add_config_options, add_gpus
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.config.networks.by_name import ANY, NETWORKS
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.paths import printable_path

SETTINGS = {
    'epochs': (int, 'number of epochs; default: 60'),
    'batch_size': (int, 'images per step; default: 64, or a fourth of the images if they are few'),
    'lr': (float, 'learning rate; default: 0.001 for 64 images per step'),
    'image_size': (int, 'pixels, height and width; default: that of the images, at most 224'),
    'temperature': (float, 'temperature of the softmax; default: 0.2'),
    'seed': (int, 'random seed; default: 0'),
    'workers': (int, 'processes that load images; default: 2'),
    'weights': (str, "file or URL of weights to start from, or 'pretrained' for the library's"),
    'freeze': (int, 'keep the stem and this number of stages of the network as they are'),
    'layer_decay': (float, 'factor of the learning rate from one stage to the one before'),
}


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Train a network on images, without a config.')
    parser.add_argument(
        'images', nargs='+', help='folders, image files, or lists in .txt or .csv files'
    )
    parser.add_argument(
        '--out', required=True, metavar='RUN', help='folder for checkpoints and logs'
    )
    parser.add_argument(
        '--model',
        default='resnet18',
        help=f'{", ".join(NETWORKS)}, {ANY}; default: %(default)s',
    )
    for name, (kind, text) in SETTINGS.items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=kind, help=text)
    parser.add_argument('--device', help='device to compute on; default: the GPU, if there is one')
    parser.add_argument(
        '--stop-if-worse',
        action='store_true',
        help='end a run whose features stay worse than before its first step',
    )
    parser.add_argument('--no-labels', dest='labels', action='store_false', help='take no classes')
    parser.add_argument(
        '--resume', action='store_true', help='continue the run in --out, or start one'
    )
    parser.add_argument(
        '--grow',
        action='store_true',
        help='with --resume: continue although images were added or removed',
    )
    add_gpus(parser)
    add_config_options(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Train; return the exit status."""
    args = parse_args(argv)
    options = {name: getattr(args, name) for name in (*SETTINGS, 'device', 'stop_if_worse')}
    options = {name: value for name, value in options.items() if value is not None}
    options |= dict(labels=args.labels, resume=args.resume, grow=args.grow, **args.cfg_options)
    if args.gpus == 1:
        try:
            newest = pretrain(args.images, args.out, args.model, **options).checkpoint
        except SystemExit as stop:  # on SIGTERM, after a checkpoint was saved
            return stop.code if isinstance(stop.code, int) else 1
    else:
        status = _train_on_gpus(args, options)
        if status:
            return status
        newest = final_checkpoint(Path(args.out).expanduser())
    print(f'Finished: {printable_path(newest)}')
    print(f'Embed images with: npid embed {printable_path(args.out)} IMAGES --out vectors.npz')
    return 0


def _train_on_gpus(args: argparse.Namespace, options: dict) -> int:
    """Train in several processes; return their exit status.

    The config is written into the folder of the run, and the processes train that.
    """
    check_gpus(args.gpus)
    if args.device:
        raise ValueError(
            f'--device chooses the device of one process, got {args.device} with --gpus '
            f'{args.gpus}: leave one of them out'
        )
    out = Path(args.out).expanduser()
    with kept_lists(out):
        with prepared_training(args.images, out, args.model, ranks=args.gpus, **options) as cfg:
            config = out / 'config.py'
            write_atomic(config, cfg.pretty_text)
        return launch_ranks('train', [str(config)], args.gpus)

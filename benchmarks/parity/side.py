"""One side of the comparison, in its own interpreter; needs torch and MMEngine alone.

'write' trains with the side's own config, saves a checkpoint, and records a step and a short
training from there, with the negatives that it sampled. 'read' loads the checkpoint of the other
side and records the same with the negatives of the other.
"""

import argparse
from collections.abc import Callable
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.functional import normalize

INSTANCES, BATCH, STEPS = 64, 16, 20  # images, views in a batch, steps of the training
VIEW = 40  # pixels, height and width of a view
# Before the comparison: in a fresh ResNet-50, a difference in the last bits of one weight grows
# tenfold per step, and not even two runs of MMSelfSup agree.
EPOCHS = 16
NEGATIVES = 4096  # enough for each image's own row to be among them
# not the recipe's 0.5, which gives old and new row the same weight and hides which is which
MOMENTUM = 0.3
WIDTHS = {18: 512, 50: 2048}  # channels of the last map, by depth


def main(
    cfg: Config,
    collate: Callable[[Tensor, Tensor], dict],
    tap: Callable[[nn.Module, Callable[[Tensor], Tensor]], None],
    packages: list[str],
) -> None:
    """Run one side from its command line: ``{write,read} FOLDER OWN OTHER --depth DEPTH``.

    Args:
        cfg (Config): The side's config of the recipe, which is cut down.
        collate (Callable): Collates views (B, 3, H, W) and indices (B,) as the side's loader does.
        tap (Callable): Takes a model and a function, and passes the negatives that the model
            samples through the function.
        packages (list[str]): Packages whose versions to record.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument('task', choices=['write', 'read'])
    parser.add_argument('folder', type=Path, help='images, and the records of both sides')
    parser.add_argument('own', help='name of this side')
    parser.add_argument('other', help='name of the other side')
    parser.add_argument('--depth', type=int, choices=WIDTHS, required=True)
    args = parser.parse_args()
    own, other = args.folder / args.own, args.folder / args.other

    cut_down(cfg, args.depth, args.folder, own)
    if args.task == 'write':
        runner = Runner.from_cfg(cfg)
        runner.train()
        replay, keys = None, {}
    else:
        cfg.load_from = str(other / f'epoch_{EPOCHS}.pth')
        runner = Runner.from_cfg(cfg)
        runner.load_or_resume()
        replay = torch.load(other / 'write.pt')['negatives']
        keys = met_keys(runner.model, cfg.load_from)
    batches = torch.load(args.folder / 'batches.pt')
    batches = [collate(batch['views'], batch['index']) for batch in batches]
    record = play(runner.model, batches, tap, cfg.optim_wrapper, replay)
    versions = ', '.join(f'{name} {version(name)}' for name in packages)
    torch.save(dict(record, keys=keys, versions=versions), own / f'{args.task}.pt')


def met_keys(model: nn.Module, checkpoint: str) -> dict:
    """Count the keys that checkpoint and model share, and list the others."""
    # this run wrote the file, so that it can be unpickled safely
    given = torch.load(checkpoint, map_location='cpu', weights_only=False)['state_dict'].keys()
    own = model.state_dict().keys()
    return dict(used=len(own & given), missing=sorted(own - given), left=sorted(given - own))


def cut_down(cfg: Config, depth: int, data_root: Path, work_dir: Path) -> None:
    """Shrink a config to the size of the comparison; both sides have these keys."""
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=0)
    cfg.log_level = 'WARNING'
    cfg.train_cfg.max_epochs = EPOCHS
    cfg.default_hooks.checkpoint.interval = EPOCHS
    # the rate of the recipe is for a batch of 256
    cfg.optim_wrapper.optimizer.lr *= BATCH / 256
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    cfg.model.backbone.depth = depth
    cfg.model.neck.in_channels = WIDTHS[depth]
    cfg.model.memory_bank.momentum = MOMENTUM
    for split in ('val', 'test'):
        for part in ('dataloader', 'evaluator', 'cfg'):
            cfg[f'{split}_{part}'] = None
    dataset = cfg.train_dataloader.dataset
    dataset = dataset.get('dataset', dataset)
    dataset.data_root = str(data_root)


def play(
    model: nn.Module,
    batches: list[dict],
    tap: Callable[[nn.Module, Callable[[Tensor], Tensor]], None],
    optim_wrapper: dict,
    replay: list[Tensor] | None = None,
) -> dict:
    """Record a step on the first batch in float32 and in float64, and a training on the others.

    Args:
        model (nn.Module): NPID of either side.
        batches (list[dict]): Batches of the side's loader.
        tap (Callable): See :func:`main`.
        optim_wrapper (dict): Config of the optimizer.
        replay (list[Tensor], optional): Negatives to use, one tensor per batch. Defaults to those
            that the model samples.

    Returns:
        dict: 'negatives', one tensor per batch, and the record of each part.
    """
    used = list(replay or [])
    turns = iter([0, *range(len(batches))])  # the first batch is seen twice

    def through(drawn: Tensor) -> Tensor:
        turn = next(turns)
        if turn == len(used):
            used.append(drawn.flatten())
        return used[turn].view_as(drawn)

    double, trained = deepcopy(model).double(), deepcopy(model).double()
    for each in (model, double, trained):
        tap(each, through)
    return {
        'step, float32': one_step(model, batches[0]),
        'step, float64': one_step(double, batches[0]),
        'training, float64': train(trained, batches[1:], optim_wrapper),
        'negatives': used,
    }


def one_step(model: nn.Module, batch: dict) -> dict:
    """Record embeddings in both modes, loss, gradients and the bank of one step."""
    model.eval()
    record = dict()
    with torch.no_grad():
        output = model.neck(forward(model, batch, 'tensor'))[-1]
    record['embeddings, evaluation'] = normalize(output)

    model.train()
    outputs = []
    hook = model.neck.register_forward_hook(lambda *call: outputs.append(call[-1][-1].detach()))
    loss = forward(model, batch, 'loss')['loss']
    hook.remove()
    loss.backward()
    record['embeddings, training'] = normalize(outputs[0])
    record['loss'] = loss.detach()
    record['gradients'] = {name: weight.grad for name, weight in model.named_parameters()}
    record['bank after the update'] = model.memory_bank.feature_bank.clone()
    return record


def forward(model: nn.Module, batch: dict, mode: str) -> Any:
    """Preprocess and forward a batch, as the model's ``train_step`` does."""
    return model._run_forward(model.data_preprocessor(batch, True), mode=mode)


def train(model: nn.Module, batches: list[dict], optim_wrapper: dict) -> dict:
    """Train; record losses and banks of all steps, and the final parameters and norm statistics."""
    model.train()
    optim_wrapper = build_optim_wrapper(model, optim_wrapper)
    losses, banks = [], []
    for batch in batches:
        losses.append(model.train_step(batch, optim_wrapper)['loss'].detach())
        banks.append(model.memory_bank.feature_bank.clone())
    return {
        'losses': torch.stack(losses),
        'banks': torch.stack(banks),
        'parameters': {name: weight.detach() for name, weight in model.named_parameters()},
        'statistics of the norms': {
            name: value for name, value in model.backbone.named_buffers() if 'running' in name
        },
    }

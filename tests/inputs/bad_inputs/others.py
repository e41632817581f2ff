"""Command lines of the other tools, and what the error must name."""

from tests.inputs.bad_inputs.checkpoints import CONFIG_FAULTS, FAULTS

DRAW = '{config} {checkpoint}'
# for each tool that draws a checkpoint
DRAWN = [
    ('', 'required: config, checkpoint'),
    *((f'{config} {{checkpoint}}', error) for config, error in CONFIG_FAULTS[:3]),
    *((f'{{config}} {checkpoint} --out {{out}}.png', error) for checkpoint, error in FAULTS[:4]),
    (f'{DRAW} --out {{out}}.gif', '--out:? must end in .png or .pdf, got {out}.gif'),
    (f'{DRAW} --out {{folder}}', '--out:? must end in'),
    (f'{DRAW} --out {{image}}/x.png', '{image}'),
]
RETRIEVAL = [
    *DRAWN,
    (f'{DRAW} --out {{out}}.png --k 0', 'k must be .*0'),
    (f'{DRAW} --out {{out}}.png --k -1', 'k must be .*-1'),
    (f'{DRAW} --out {{out}}.png --rows 0', 'rows must be .*0'),
    (f'{DRAW} --out {{out}}.png --seed x', "--seed: invalid .*'x'"),
    (f'{DRAW} --out {{out}}.png --seed -1', 'seed.*-1'),
]
CLASS_ACCURACY = [*DRAWN, (f'{DRAW} --out {{out}}.png --k 0', 'k must be .*0')]
BANK = [
    *DRAWN,
    (f'{DRAW} --out {{out}}.png --points 0', 'points must be .*0'),
    (f'{DRAW} --out {{out}}.png --method pca2', "--method: invalid choice: 'pca2'"),
    (f'{DRAW} --out {{out}}.png --seed -1', 'seed.*-1'),
]
BROWSE = [
    ('', 'required: config'),
    *((config, error) for config, error in CONFIG_FAULTS),
    ('{config} --out {out}.jpg', '--out:? must end in .png or .pdf, got {out}.jpg'),
    ('{config} --out {out}.png --images 0', 'images must be .*0'),
    ('{config} --out {out}.png --views 0', 'views must be .*0'),
    ('{config} --out {out}.png --seed -1', 'seed.*-1'),
    ('{config} --out {image}/x.png', '{image}'),
    (
        '{config} --out {out}.png --cfg-options train_dataloader.dataset.dataset.data_root=nowhere',
        'nowhere',
    ),
]
CURVES = [
    ('', 'required: RUN'),
    ('nowhere', 'nowhere'),
    ('{folder}', '{folder}'),
    ('{image}', '{image}'),
    ('{empty}', '{empty}'),
    ('{text}', '{text}'),
    ('{run} --names a b', '--names|names'),
    ('{run} {run} --names a a', 'names'),
    ('{run} --k 7', 'k.*7'),
    ('{run} --k seven', "--k: invalid int value: 'seven'"),
    ('{run} --out {out}.txt', '--out:? must end in'),
    ('{run} --out {image}/x.png', '{image}'),
]
IMAGES = '{images} --out {out} '
TRAIN_IMAGES = [
    ('{folder}', 'required: --out'),
    ('{files}/text.txt', 'required: --out'),
    ('--out {out}', 'required: images'),
    ('nowhere --out {out}', 'nowhere'),
    ('{folder} --out {out}', '{folder}'),
    ('{text} --out {out}', '{text}'),
    ('{files}/text.txt --out {out}', 'text.txt'),
    ('{image} --out {out}', 'images must be at least 2 to train on, got 1'),
    ('{images} {image} --out {out}', 'must name each image once.* got {image}'),
    ('{images} --out {image}', '{image}'),
    ('{images} --out {images}', '{images}'),
    ('{images} --out {run}', '{run}'),
    (f'{IMAGES} --model resnet19', "model must be .* got 'resnet19': did you mean resnet1"),
    (f'{IMAGES} --epochs 0', 'epochs must be at least 1, got 0'),
    (f'{IMAGES} --epochs many', "--epochs: invalid int value: 'many'"),
    (f'{IMAGES} --batch-size 1', 'batch_size must be at least 2, got 1'),
    (f'{IMAGES} --lr -1', 'lr must be > 0, got -1'),
    (f'{IMAGES} --temperature 0', 'temperature must be > 0, got 0'),
    (f'{IMAGES} --image-size 3', 'image_size must be at least 16, got 3'),
    (f'{IMAGES} --seed -1', 'seed must be at least 0, got -1'),
    (f'{IMAGES} --workers -1', 'workers must be at least 0, got -1'),
    (f'{IMAGES} --device tin', 'device must be .*tin'),
    (f'{IMAGES} --epoches 3', 'unrecognized arguments: --epoches 3; did you mean --epochs'),
    (f'{IMAGES} --cfg-options model.hed.lr=1', "model has no 'hed'; did you mean model.head"),
]
EMBED = [
    ('', 'required: RUN, IMAGES, --out'),
    ('{run} {images}', 'required: --out'),
    ('{run} {images} --out {out}.txt', 'must end in .* got {out}.txt'),
    ('{run} {images} --out {image}/x.npz', '{image}'),
    ('nowhere {images} --out {out}.npz', 'nowhere'),
    ('{unrecorded} {images} --out {out}.npz', '{unrecorded} has no run.json'),
    ('{checkpoint} {images} --out {out}.npz --config nowhere.py', 'config not found: nowhere.py'),
    ('{checkpoint} {folder} --out {out}.npz --config {config}', '{folder}'),
    ('{checkpoint} {images} --out {out}.npz --config {config} --batch-size 0', 'batch_size.* 0'),
    ('{checkpoint} {images} --out {out}.npz --config {config} --workers -1', 'workers.* -1'),
    ('{checkpoint} {images} --out {out}.npz --config {config} --device tin', 'device.*tin'),
    *(
        (f'{each} {{images}} --out {{out}}.npz --config {{config}}', error)
        for each, error in FAULTS
    ),
]
DOCTOR = [
    ('now', 'unrecognized arguments: now'),
    ('--jso', 'unrecognized arguments: --jso'),
]
QUICKSTART = [
    ('--data nowhere --work-dir {out}', 'nowhere'),
    ('--data {folder} --work-dir {out}', '{folder}'),
    ('--data {image} --work-dir {out}', '{image}'),
    ('--data {images} --work-dir {image}', '{image}'),
    ('--data {images} --work-dir {out} --epochs many', "--epochs: invalid .*'many'"),
    ('--data {images} --work-dir {out} --epochs 0', '--epochs.* 0'),
    ('--data {images} --work-dir {out} --epochs -1', '--epochs.* -1'),
    ('--data {images} --work-dir {out} --epochs 3 --short', 'not allowed with argument'),
    ('--data {images} --work-dir {out} --seed x', "--seed: invalid int value: 'x'"),
    ('--data {images} --work-dir {out} --seed -1', 'seed.*-1'),
    ('--data {images} --work-dir {out} --config nowhere.py', 'nowhere.py'),
    ('--data {images} --work-dir {out} --config {files}/syntax.py', 'syntax.py'),
    ('--data {images} --work-dir {out} --cfg-options modle=1', "no 'modle'"),
    ('--data {images} --work-dir {out} --cfg-options modle', 'must be KEY=VALUE'),
]
GRID = '{config} --work-dir {out} --grid optim_wrapper.optimizer.lr='
SWEEP = [
    ('{config}', 'required: --grid'),
    *(
        (f'{config} --work-dir {{out}} --grid train_cfg.max_epochs=1,2', error)
        for config, error in CONFIG_FAULTS
    ),
    (f'{GRID}', "--grid must look like KEY=V1,V2, got 'optim_wrapper.optimizer.lr='"),
    (f'{GRID}0.1,0.1', '--grid must name each value once'),
    ('{config} --work-dir {out} --grid lr', "--grid must look like KEY=V1,V2, got 'lr'"),
    (f'{GRID}0.1,0.2 --grid optim_wrapper.optimizer.lr=1,2', '--grid must name each key once'),
    ('{config} --work-dir {out} --grid optim_wrapper.optimizer.rl=1,2', "'rl'"),
    ('{config} --work-dir {out} --grid model.head.type=NCEHed,NCEHead', "got 'NCEHed'"),
    (f'{GRID}0.1,0.2 --gpus 0', '--gpus.* 0'),
    (f'{GRID}0.1,0.2 --gpus two', "--gpus: invalid .*'two'"),
    (f'{GRID}0.1,0.2 --metric top1', 'metric.*top1'),
    (f'{GRID}0.1,0.2 --cfg-options modle=1', "no 'modle'"),
    (f'{GRID}0.1,0.2 --cfg-options modle', "'modle'"),
    ('{config} --work-dir {image} --grid train_cfg.max_epochs=1,2', '{image}'),
]
BENCHMARK = [
    ('', 'required: checkpoint'),
    *((f'{checkpoint} --work-dir {{out}}', error) for checkpoint, error in FAULTS),
    ('{resnet} --work-dir {out} --only knn', '--only must name benchmarks of the suite .* got knn'),
    ('{resnet} --work-dir {out} --suite all', "--suite: invalid choice: 'all'"),
    ('{resnet} --work-dir {out} --gpus 0', '--gpus.* 0'),
    ('{resnet} --work-dir {out} --gpus two', "--gpus: invalid .*'two'"),
    ('{resnet} --work-dir {out} --cfg-options modle=1', "'modle'"),
    ('{resnet} --work-dir {image}', '{image}'),
]
DOWNLOAD = [
    ('', 'NAME|name'),
    ('npid', "NAME must be .* got 'npid'"),
    ('http://127.0.0.1:1/x-01234567.pth --out .', 'http://127.0.0.1:1/x-01234567.pth'),
    ('ftp://127.0.0.1/x.pth --out {out}', 'ftp://127.0.0.1/x.pth'),
    ('http://127.0.0.1:1/x.pth --out {image}', '{image}'),
    ('--list npid', 'not allowed with'),
]
IMAGENET_LISTS = [
    ('', 'required: data_root'),
    ('nowhere', 'nowhere'),
    ('{folder}', '{folder}'),
    ('{image}', '{image}'),
    ('{folder} --subset many', "--subset: invalid .*'many'"),
    ('{imagenet} --subset 0', 'percent must .* 0'),
    ('{imagenet} --subset 101', 'percent must .* 101'),
    ('{imagenet} --subset-list {list}', '--subset-list needs exactly one --subset'),
    ('{imagenet} --subset 1 --subset-list nowhere', '--subset-list nowhere'),
    ('{imagenet} --subset 1 --subset-list {text}', '{text}|names are not in'),
]
PLACES205_LISTS = [
    ('', 'required: data_root'),
    ('nowhere', 'nowhere'),
    ('{folder}', '{folder}'),
    ('{folder} --images', 'expected one argument'),
]
CHECK_DATASET = [
    ('', 'required: DATA_SET'),
    ('lvis {folder}', "invalid choice: 'lvis'"),
    ('imagenet nowhere', 'DATA_ROOT: folder not found: nowhere'),
    ('coco {image}', 'DATA_ROOT: folder not found: {image}'),
    ('imagenet {imagenet} --classes 0', 'classes must .* 0'),
    ('imagenet {imagenet} --sample -1', 'sample must .* -1'),
    ('imagenet {imagenet} --sample 3 --all', 'not allowed with'),
    ('voc2007 {folder} --classes 5', 'unrecognized arguments: --classes 5'),
]
OPS = [
    ('--wheel nowhere.whl', '--wheel: file not found: nowhere.whl'),
    ('--wheel {text}', '--wheel must be a wheel'),
    ('extra', 'unrecognized arguments: extra'),
]

TO_CSV = '--out {out}.csv --no-pixels'
CURATE = [
    ('', 'required: INDEX . RUN, --out'),
    ('{index}', 'required: --out'),
    (f'nowhere {TO_CSV}', 'nowhere'),
    (f'{{folder}} {TO_CSV}', '{folder}'),
    (f'{{image}} {TO_CSV}', '{image}'),
    (f'{{text}} {TO_CSV}', '{text}'),
    (f'{{resnet}} {TO_CSV}', '{resnet} must have a memory bank and the names'),
    (f'{{index}} --against nowhere {TO_CSV}', 'nowhere'),
    (f'{{index}} --against {{folder}} {TO_CSV}', '{folder}'),
    (f'{{run}} --images nowhere {TO_CSV}', 'nowhere'),
    ('{index} --out {out}.png', '{out}.png'),
    ('{index} --out {photo}', '{photo}'),
    ('{index} --out {folder}', '{folder}'),
    ('{index} --out {image}/report.html', '{image}'),
    (f'{{index}} --min-cosine 2 {TO_CSV}', 'min.cosine must be .* 2'),
    (f'{{index}} --min-cosine alike {TO_CSV}', "--min-cosine: invalid .*'alike'"),
    ('{index} --min-pixels -2 --out {out}.csv', 'min.pixels must be .* -2'),
    (f'{{index}} --clusters 0 {TO_CSV}', 'clusters must be at least 1, got 0'),
    (f'{{index}} --subset -1 {TO_CSV}', 'subset must be at least 0, got -1'),
    (f'{{index}} --subset 5 {TO_CSV}', 'subset must be at most 4.* got 5'),
    (f'{{index}} --method best {TO_CSV}', "--method: invalid choice: 'best'"),
    (f'{{index}} --map globe {TO_CSV}', "--map: invalid choice: 'globe'"),
    (f'{{index}} --seed -1 {TO_CSV}', 'seed must be at least 0, got -1'),
    ('{index} --page-images 0 --out {out}.html', 'page.images must be at least 1, got 0'),
    ('{index} --apply nowhere.csv --out {out}.txt', 'nowhere.csv'),
    ('{index} --apply {text} --out {out}.txt', '{text} must have the columns'),
    ('{index} --apply {text} --out {out}.png', '{out}.png'),
    (f'{{index}} --most {TO_CSV}', 'most'),
]

PROPOSALS = [
    ('', 'required: VOCDEVKIT'),
    ('nowhere', 'ImageSets/Main/trainval.txt is missing in nowhere'),
    ('{image}', 'ImageSets/Main/trainval.txt is missing in {image}'),
    ('{folder} --split test', 'ImageSets/Main/test.txt is missing in {folder}'),
    ('{folder} --split val', "--split: invalid choice: 'val'"),
    ('{folder} --workers 0', '--workers must be at least 1, got 0'),
    ('{folder} --workers many', "--workers: invalid int value: 'many'"),
]

TO_PAGE = '--probe a={digits} --workers 0 --out {out}.html'
REPORT = [
    ('', 'required: RUN, --probe, --out'),
    ('{run} --out {out}.html', 'required: --probe'),
    ('{run} --probe {digits} --out {out}.html', '--probe must be NAME=FOLDER .* got {digits}'),
    (f'{{run}} {TO_PAGE} --probe a={{digits}}', 'with a new name, got a={digits}'),
    (f'{{run}} {TO_PAGE} --beside run', '--beside must be NAME=RUN .* got run'),
    ('{run} --probe a=nowhere --out {out}.html', 'nowhere'),
    ('{run} --probe a={digits} --out {out}.png', '--out must end in .html .* {out}.png'),
    (f'nowhere {TO_PAGE}', 'nowhere'),
    (f'{{run}} {TO_PAGE} --workers -1', '--workers must be at least 0, got -1'),
]

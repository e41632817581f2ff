"""Command lines of the tools that read a checkpoint, and what the error must name."""

from tests.inputs.bad_inputs.configs import TRAINING

CONFIG_FAULTS = [TRAINING[each] for each in (0, 1, 3, 4, 12, 16, 17)]

# file given as a checkpoint -> what the error names
FAULTS = [
    ('nowhere.pth', 'checkpoint not found: .*nowhere.pth'),
    ('{folder}', '{folder}'),
    ('{empty}', '{empty}'),
    ('{text}', '{text}'),
    ('{image}', '{image}'),
    ('{cut}', '{cut}'),
    ('{foreign}', '{foreign}'),
]

TEST = [
    ('', 'required: config, checkpoint'),
    ('{config}', 'required: checkpoint'),
    *((f'{config} {{checkpoint}}', error) for config, error in CONFIG_FAULTS),
    *((f'{{config}} {checkpoint}', error) for checkpoint, error in FAULTS),
    ('{config} {checkpoint} --out {folder}', '{folder}'),
    ('{config} {checkpoint} --out {out}.txt', '{out}.txt'),
    ('{config} {checkpoint} --out {image}/x.json', '{image}'),
    ('{config} {checkpoint} --work-dir {image}', 'work_dir must be a folder, got {image}'),
    ('{config} {checkpoint} --launcher pytorch', 'needs RANK'),
    ('{config} {checkpoint} --cfg-options test_cfg.kk=1', "'kk'"),
    ('{config} {checkpoint} --cfg-options test_cfg.k=0', 'k must be .*0'),
    ('{config} {checkpoint} --cfg-options test_cfg.temperature=0', 'temperature must be .*0'),
    ('{config} {checkpoint} --cfg-options test_cfg.feature=pixels', "'pixels'"),
    (
        '{config} {checkpoint} --cfg-options test_dataloader.dataset.data_root=nowhere',
        'test_dataloader: nowhere',
    ),
    (
        '{config} {checkpoint} --cfg-options test_cfg.reference.dataset.ann_file=nowhere.txt',
        'test_cfg: .*nowhere.txt',
    ),
]

INDEX = 'index {config} {checkpoint} --images {images} --out {out} --workers 0'
RETRIEVE = [
    ('', 'the following arguments are required: command'),
    ('find', "invalid choice: 'find'"),
    ('index {config} {checkpoint} --out {out}', 'required: --images'),
    ('index {config} {checkpoint} --images {images}', 'required: --out'),
    *(
        (f'index {config} {{checkpoint}} --images {{images}} --out {{out}}', error)
        for config, error in CONFIG_FAULTS[:5]
    ),
    *(
        (f'index {{config}} {checkpoint} --images {{images}} --out {{out}} --workers 0', error)
        for checkpoint, error in FAULTS
    ),
    (INDEX.replace('{images}', 'nowhere'), 'nowhere'),
    (INDEX.replace('{images}', '{folder}'), '{folder}'),
    (INDEX.replace('{images}', '{text}'), '{text}'),
    (INDEX.replace('{out}', '{image}'), '{image}'),
    (INDEX.replace('{out}', '{image}/index'), '{image}'),
    (INDEX.replace('{out}', '{images}/..'), 'images'),
    (f'{INDEX} --dtype int8', "--dtype: invalid choice: 'int8'"),
    (f'{INDEX} --batch-size 0', '(batch-size|batch_size).*0'),
    (f'{INDEX} --batch-size many', "--batch-size: invalid .*'many'"),
    (f'{INDEX} --workers -1', 'workers.*-1'),
    (f'{INDEX} --device tin', 'device must be .*tin'),
    (f'{INDEX} --cfg-options model.backbone.dept=1', 'dept'),
    (f'{INDEX} --cfg-options model.neck.out_channels=17', '{checkpoint}'),
    ('search', 'required: INDEX, QUERY'),
    ('search {index}', 'required: QUERY'),
    ('search nowhere {image}', 'no index at nowhere'),
    ('search {folder} {image}', 'no index at {folder}'),
    ('search {image} {image}', '{image}'),
    ('search {index} nowhere.png', 'nowhere.png'),
    ('search {index} {folder}', '{folder}'),
    ('search {index} {image} --top 0', 'top.* 0'),
    ('search {index} {image} --top -5', 'top.* -5'),
    ('search {index} {image} --top many', "--top: invalid .*'many'"),
    ('search {index} {image} --html {folder}', '{folder}'),
    ('search {index} {image} --html {photo}', '{photo}'),
    ('search {index} {image} --html {image}/page.html', '{image}'),
    ('search {index} {image} --html {out}.png', '{out}.png'),
    ('search {index} {image} --html {out}.html --page-images -1', 'page.images.*-1'),
    ('search {index} {image} --checkpoint nowhere.pth', 'nowhere.pth'),
    ('search {index} {image} --checkpoint {text}', '{text}'),
    ('search {index} {image} --device tin', 'device must be .*tin'),
    ('search {index} {image} --approximate', 'approximate'),
    ('approximate', 'required: INDEX'),
    ('approximate nowhere', 'no index at nowhere'),
    ('approximate {index} extra', 'unrecognized arguments: extra'),
]

CHECK_ORDER = [
    ('', 'required: config, checkpoint'),
    *((f'{config} {{checkpoint}}', error) for config, error in CONFIG_FAULTS[:3]),
    *((f'{{config}} {checkpoint}', error) for checkpoint, error in FAULTS),
    ('{config} {checkpoint} --images 3', 'images must be at least 50, got 3'),
    ('{config} {checkpoint} --images few', "--images: invalid int value: 'few'"),
]

CONVERT = [
    ('', 'required: checkpoint, out, --from, --to'),
    *(
        (f'{checkpoint} {{out}}.pth --from mmselfsup1 --to backbone', error)
        for checkpoint, error in FAULTS
    ),
    ('{checkpoint} {out}.pth --from moco --to backbone', "--from: invalid choice: 'moco'"),
    ('{checkpoint} {out}.pth --from mmselfsup1 --to onnx', "--to: invalid choice: 'onnx'"),
    ('{checkpoint} {out}.pth --from vissl --to backbone', 'vissl'),
    ('{checkpoint} {folder} --from mmselfsup1 --to backbone', '{folder}'),
    ('{checkpoint} {checkpoint} --from mmselfsup1 --to backbone', '{checkpoint}'),
    ('{checkpoint} {image}/x.pth --from mmselfsup1 --to backbone', '{image}'),
]

EXTRACT = [
    ('', 'required: checkpoint, out'),
    *((f'{checkpoint} {{out}}.pth', error) for checkpoint, error in FAULTS),
    ('{resnet} {folder}', '{folder}'),
    ('{resnet} {resnet}', '{resnet}'),
    ('{resnet} {image}/x.pth', '{image}'),
]

PUBLISH = [
    ('', 'required: checkpoint, name'),
    *((f'{checkpoint} {{out}}', error) for checkpoint, error in FAULTS),
    ('{checkpoint} {image}/npid', '{image}'),
    ('{checkpoint} {out}/', '{out}/'),
]

REORDER = [
    ('', 'required: checkpoint, out, '),
    *(
        (f'{checkpoint} {{out}}.pth --old {{list}} --new {{list}}', error)
        for checkpoint, error in FAULTS
    ),
    ('{checkpoint} {out}.pth --old nowhere --new {list}', 'nowhere'),
    ('{checkpoint} {out}.pth --old {list} --new nowhere', 'nowhere'),
    ('{checkpoint} {out}.pth --old {empty} --new {list}', 'both orders must have the same'),
    ('{checkpoint} {out}.pth --old {image} --new {list}', '{image}'),
    ('{checkpoint} {out}.pth --old {folder} --new {list}', '{folder}'),
    ('{checkpoint} {out}.pth --old {short} --new {list}', '.'),
    ('{checkpoint} {folder} --old {list} --new {list}', '{folder}'),
]

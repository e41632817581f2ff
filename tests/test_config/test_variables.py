"""Variables of base configs, set by inheriting configs or the command line."""

import pytest
from mmengine.config import Config

from npid_mm.config.read_config import read_config
from npid_mm.config.variables import CONFIG_KEYS, read_with_variables
from tests.shipped import shipped_config
from tests.toy import ROOT

RECIPES = ROOT / 'configs/selfsup/npid'
FOLDER = RECIPES / 'npid-exact_resnet18-w32_1xb64-coslr-60e_folder.py'
BASE = """
lr = 0.1  # used twice
num_workers = 2; batch_size = 8
pipeline = [dict(type='Crop', scale=num_workers * 16)]
train_dataloader = dict(
    batch_size=batch_size, num_workers=num_workers, dataset=dict(pipeline=pipeline)
)
val_dataloader = dict(train_dataloader, batch_size=batch_size * 2)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=lr), name='größe', rate=(
    lr))
"""


@pytest.fixture
def child(tmp_path):
    """Write a config that inherits from BASE over another one; return its path."""

    def write(text, between=''):
        (tmp_path / 'base.py').write_text(BASE)
        (tmp_path / 'between.py').write_text(f"_base_ = './base.py'\n{between}")
        (tmp_path / 'child.py').write_text(f"_base_ = ['./between.py']\n{text}")
        return tmp_path / 'child.py'

    return write


def by_hand(child, **values):
    """Return what MMEngine reads if the variables of the base itself are changed."""
    path = child('')
    base = path.with_name('base.py')
    text = base.read_text()
    for name, value in values.items():
        before = {'lr': '0.1', 'num_workers': '2', 'batch_size': '8'}[name]
        text = text.replace(f'{name} = {before}', f'{name} = {value!r}')
    base.write_text(text)
    return effective(Config.fromfile(path))


def effective(cfg):
    return {key: value for key, value in cfg.to_dict().items() if key in CONFIG_KEYS}


@pytest.mark.parametrize(
    ('text', 'between'),
    [
        ('lr = 5.0\nbatch_size = 4', ''),
        ('', 'lr = 5.0\nbatch_size = 4'),
        ('lr = 5.0', 'batch_size=4'),
    ],
)
def test_a_config_that_inherits_sets_a_variable(child, text, between):
    cfg = effective(read_with_variables(child(text, between), {}))
    assert cfg == by_hand(child, lr=5.0, batch_size=4)
    assert cfg['val_dataloader']['batch_size'] == 8 and cfg['optim_wrapper']['rate'] == 5.0


def test_the_command_line_sets_a_variable_and_wins(child):
    cfg = read_with_variables(child('lr = 5.0', 'lr = 4.0'), {'lr': 0.5, 'num_workers': 3})
    assert effective(cfg) == by_hand(child, lr=0.5, num_workers=3)
    assert cfg.train_dataloader.dataset.pipeline[0].scale == 48


def test_a_variable_of_a_base_variable(child):
    cfg = read_with_variables(child('lr = _base_.lr * 10'), {})
    assert cfg.optim_wrapper.optimizer.lr == cfg.lr == 1.0


def test_a_config_that_uses_its_own_variable_is_read_as_it_is(child):
    text = "batch_size = 4\ntrain_dataloader = dict(batch_size=batch_size, sampler='x')"
    cfg = read_with_variables(child(text), {})
    assert cfg.train_dataloader.batch_size == 4 and cfg.train_dataloader.sampler == 'x'


def test_other_options_are_ignored(child):
    cfg = read_with_variables(child(''), {'optim_wrapper.optimizer.lr': 1, 'load_from': 'x.pth'})
    assert effective(cfg) == by_hand(child)


@pytest.mark.parametrize(
    ('text', 'options', 'where'),
    [
        ('lr = 5.0\noptim_wrapper = dict(optimizer=dict(lr=1.0), rate=1)', {}, r'child\.py'),
        ('optim_wrapper = dict(optimizer=dict(lr=1.0), rate=1)', {'lr': 5.0}, '--cfg-options'),
    ],
)
def test_a_variable_without_effect_is_refused_with_the_key(child, text, options, where):
    message = rf'^lr=5\.0 \({where}\) changes nothing: lr is .*; set optim_wrapper\.optimizer\.lr'
    with pytest.raises(ValueError, match=message):
        read_with_variables(child(text), options)


def test_variables_of_a_dumped_config_have_no_effect(child, tmp_path):
    """MMEngine dumps the values in the places that use them."""
    Config.fromfile(child('')).dump(tmp_path / 'flat.py')
    with pytest.raises(ValueError, match=r'lr=5 \(--cfg-options\) changes nothing'):
        read_with_variables(tmp_path / 'flat.py', {'lr': 5})
    assert read_with_variables(tmp_path / 'flat.py', {'lr': 0.1}).lr == 0.1


def test_a_value_that_the_config_cannot_use_is_refused(child):
    with pytest.raises(ValueError, match='child.py cannot be evaluated with batch_size={}: unsupp'):
        read_with_variables(child(''), {'batch_size': {}})


@pytest.mark.parametrize(
    'path',
    [
        *sorted(RECIPES.glob('*.py')),
        *sorted((ROOT / 'configs/benchmarks/classification').glob('[!_]*/*.py')),
    ],
    ids=lambda path: path.stem,
)
def test_recipes_are_read_as_mmengine_reads_them(path):
    assert effective(read_with_variables(path, {})) == effective(shipped_config(path))


def test_settings_in_the_comments_of_the_template_take_effect(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(
        f"_base_ = '{FOLDER}'\ndata_root = '/images'\nbatch_size = 4\nimage_size = 32\n"
    )
    cfg = read_config(
        path, {'max_epochs': 1, 'temperature': 0.5, 'model.head.proximal_weight': 1.0}
    )
    assert cfg.train_dataloader.batch_size == 4
    sets = [
        cfg.train_dataloader.dataset.dataset,
        cfg.test_cfg.reference.dataset,
        cfg.val_dataloader.dataset,
        cfg.test_dataloader.dataset,
    ]
    assert {each.data_root for each in sets} == {'/images'}
    assert sets[0].pipeline[0].scale == sets[2].pipeline[1].scale == 32
    assert cfg.train_cfg.max_epochs == 1
    assert cfg.model.head == dict(type='ExactSoftmaxHead', temperature=0.5, proximal_weight=1.0)

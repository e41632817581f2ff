"""Keys of --cfg-options that a config takes, and advice for those that it does not."""

import pytest
from mmengine.config import Config

from npid_mm.config.checks.keys import check_keys, check_own_keys, merge_options
from tests.shipped import shipped_config
from tests.toy import DIGITS_CONFIG


@pytest.fixture(scope='module')
def digits_recipe():
    return shipped_config(DIGITS_CONFIG)


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        ('foo.bar', "the config has no 'foo'; its keys are auto_scale_lr, "),
        ('batchsize', "the config has no 'batchsize'; did you mean batch_size?"),
        ('train_cfg.max_epoch', "train_cfg has no 'max_epoch'; did you mean train_cfg.max_epochs?"),
        ('model.head.temprature', 'did you mean model.head.temperature?'),
        ('model.head.num_negatives', "model.head has no 'num_negatives'; its keys are groups, p"),
        ('train_dataloader.batchsize', 'did you mean train_dataloader.batch_size or '),
        ('train_dataloader.dataset.dataset.anfile', 'did you mean .*ann_file'),
        ('train_dataloader.sampler.shufle', r'did you mean train_dataloader\.sampler\.shuffle\?'),
        (
            'train_dataloader.batch_size.x',
            "train_dataloader.batch_size has no 'x'; its value is 32",
        ),
        ('visualizer.vis_backends.3.type', "visualizer.vis_backends has no '3'; its keys are 0"),
        ('visualizer.vis_backends.last', "visualizer.vis_backends has no 'last'"),
        ('default_hooks.checkpoint.intervall', 'did you mean default_hooks.checkpoint.interval?'),
        ('default_hooks.memorybank.knn_k', 'did you mean default_hooks.memory_bank?'),
        ('auto_scale_lr.enabled', 'did you mean auto_scale_lr.enable?'),
        ('randomness.sed', 'did you mean randomness.seed?'),
        ('optim_wrapper.optimizer.momentum', "optimizer has no 'momentum'; its keys are amsgrad, "),
        ('param_scheduler.0.ende', 'did you mean param_scheduler.0.end?'),
        ('env_cfg.mp_cfg.opencv_threads', 'did you mean env_cfg.mp_cfg.opencv_num_threads?'),
        ('val_cfg.ks', 'did you mean val_cfg.k?'),
        (
            'reference_dataset.type',
            'reference_dataset is a variable of the config, whose value was already copied',
        ),
    ],
)
def test_an_unknown_key_is_refused_with_advice(digits_recipe, key, message):
    before = digits_recipe.to_dict()
    with pytest.raises(ValueError, match=rf'^--cfg-options {key}: .*{message}'.replace('?', r'\?')):
        merge_options(digits_recipe, {key: 1})
    assert digits_recipe.to_dict() == before


@pytest.mark.parametrize(
    'options',
    [
        {'train_cfg.max_epochs': 1, 'train_cfg.val_begin': 2, 'load_from': 'x', 'resume': True},
        {'model.head.proximal_weight': 1, 'model.compile_backbone.mode': 'x'},
        {'model.head.type': 'NCEHead', 'model.head.num_negatives': 8},
        {'model.head.num_negatives': 8, 'model.head.type': 'NCEHead'},
        {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.dtype': 'bfloat16'},
        {'optim_wrapper.clip_grad.max_norm': 1, 'optim_wrapper.accumulative_counts': 2},
        {'optim_wrapper.paramwise_cfg.custom_keys.head2.lr_mult': 1},
        {'optim_wrapper.optimizer.type': 'SGD', 'optim_wrapper.optimizer.momentum': 0.9},
        {'train_dataloader.prefetch_factor': 3, 'train_dataloader.num_workers': 0},
        {'train_dataloader.dataset.fraction': 0.1, 'train_dataloader.dataset.dataset.indices': 5},
        {'train_dataloader.dataset.dataset.pipeline.0.to_float32': True},
        {'visualizer.vis_backends.0.type': 'TensorboardVisBackend'},
        {'default_hooks.checkpoint.save_best': 'auto', 'default_hooks.ema.type': 'EMAHook'},
        {'randomness.seed': 1, 'env_cfg.dist_cfg.backend': 'gloo', 'auto_scale_lr.enable': True},
        {'custom_hooks': [], 'model.memory_bank.dtype': 'bfloat16', 'val_cfg.fp16': True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_known_keys_and_arguments_pass(digits_recipe, options):
    check_keys(digits_recipe, options)


def test_a_part_that_is_none_takes_any_dict():
    cfg = Config(dict(model=dict(head=None), val_dataloader=None))
    check_keys(cfg, {'model.head.lr': 1, 'val_dataloader.batch_size': 2})


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(modle=dict(type='NPID')), 'the config sets modle, .*; did you mean model'),
        (dict(train_dataloder={}), 'sets train_dataloder, .*; did you mean train_dataloader'),
        (dict(auto_scale_lr=dict(enabled=True)), "auto_scale_lr has no 'enabled'; did you mean"),
        (
            dict(optim_wrapper=dict(paramwise_cfg=dict(bias_lr_mul=2))),
            "optim_wrapper.paramwise_cfg has no 'bias_lr_mul'; did you mean bias_lr_mult",
        ),
        (
            dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys=dict(neck=dict(lr_mul=2))))),
            "custom_keys.neck has no 'lr_mul'; did you mean lr_mult",
        ),
        (dict(optim_wrapper=dict(clip_grad=dict(max=1))), "clip_grad has no 'max'; "),
    ],
    ids=str,
)
def test_a_key_of_the_config_that_nothing_reads_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        check_own_keys(Config(settings))


def test_keys_for_another_constructor_pass():
    paramwise = dict(layer_decay_rate=0.65, custom_keys=dict(neck=dict(rate=2)))
    check_own_keys(Config(dict(optim_wrapper=dict(constructor='Own', paramwise_cfg=paramwise))))
    paramwise = dict(custom_keys=dict(bias=dict(lars_exclude=True)))
    check_own_keys(Config(dict(optim_wrapper=dict(paramwise_cfg=paramwise))))
    check_own_keys(Config(dict(gallery_dataloader={}, train_dataset={}, neighbors=5)))

"""The config in an index: only the parts of a search, built from registered names."""

import json
import sys
from copy import deepcopy

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmpretrain.models import ResNet
from mmpretrain.registry import MODELS
from torch import nn

from npid_mm.engine.inference import describe_network, load_network
from npid_mm.retrieval.stored_config import config_from_json, config_to_json, embedding_config
from tests.shipped import shipped_config
from tests.test_engine.test_inference import CONFIGS

EVIL = "float32; __import__('pathlib').Path('executed').touch()"


@pytest.fixture
def content(digits_run):
    """The stored config of the digits."""
    return json.loads(json.dumps(config_to_json(digits_run[0])))


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_config_comes_back_from_json(path):
    """With its tuples, without the settings of the training; reducing it twice changes nothing."""
    cfg = shipped_config(path)
    kept = embedding_config(cfg)
    assert kept.model.backbone == {k: v for k, v in cfg.model.backbone.items() if k != 'init_cfg'}
    assert kept.test_dataloader.dataset.pipeline == cfg.test_dataloader.dataset.pipeline
    assert not {'train_dataloader', 'optim_wrapper', 'custom_imports'} & kept.keys()
    again = embedding_config(config_from_json(json.loads(json.dumps(config_to_json(kept)))))
    assert again.to_dict() == kept.to_dict()
    assert repr(again.model.backbone) == repr(kept.model.backbone)  # (3,) is not [3]


def test_the_stored_config_builds_the_same_network(digits_run, content):
    full, kept = digits_run[0], config_from_json(content)
    assert describe_network(load_network(kept, digits_run[1])) == json.loads(
        json.dumps(describe_network(load_network(embedding_config(full), digits_run[1])))
    )
    assert (
        describe_network(load_network(full, digits_run[1]))['network']
        == (describe_network(load_network(kept, digits_run[1]))['network'])
    )


def test_classes_in_a_config_become_names(digits_run):
    cfg = Config(digits_run[0].to_dict())
    cfg.model.backbone = ConfigDict(type=ResNet, depth=18, norm_cfg=dict(type=nn.GroupNorm))
    assert config_to_json(cfg)['backbone'] == dict(
        type='ResNet', depth=18, norm_cfg=dict(type='GN')
    )


@pytest.mark.parametrize(
    'place, value, message',
    [
        (('backbone', 'type'), 'os.system', "got type 'os.system'"),
        (('backbone', 'type'), 'mmpretrain.ResNet', 'by their plain names'),
        (('backbone', 'type'), 'mmpretrain.models.ResNet', 'by their plain names'),
        (('backbone', 'type'), 'lambda: 0', 'by their plain names'),
        (('backbone', 'type'), 'HuggingFaceClassifier', 'need nothing but their settings'),
        (('backbone', 'type'), 'TIMMBackbone', 'need nothing but their settings'),
        (('backbone', 'type'), 'NoSuchNet', 'Import the module of your own class before'),
        (('backbone', 'type'), None, 'got type None'),
        (('backbone', 'type'), ['ResNet'], 'got type'),
        (('backbone', 'norm_cfg'), {'type': 'builtins.eval'}, "got type 'builtins.eval'"),
        (('backbone', 'deep'), [[{'a': {'type': 'os.system'}}]], "got type 'os.system'"),
        (('backbone', 'deep'), {'_tuple_': [{'type': 'subprocess.run'}]}, "got type 'subproc"),
        (('backbone', '_scope_'), 'mmdet', "must not have the key '_scope_'"),
        (('backbone', 'custom_imports'), {'imports': ['os']}, "not have the key 'custom_imports'"),
        (('backbone', 'init_cfg'), {'checkpoint': '/a'}, "must not have the key 'init_cfg'"),
        (('backbone', 'base_channels'), 10**9, 'must be at most 65,536, got 1000000000'),
        (('backbone', 'base_channels'), -(10**9), 'must be at most 65,536'),
        (('backbone', 'base_channels'), float('nan'), 'must be at most 65,536, got nan'),
        (('backbone',), 'ResNet', 'backbone of an index must be a dict with a type'),
        (('neck', 'type'), 'ResNet.__init__', 'by their plain names'),
        (('neck',), [], 'neck of an index must be a dict with a type'),
        (('data_preprocessor', 'type'), 'MultiModalDataPreprocessor', 'nothing but'),
        (('data_preprocessor',), {}, 'data_preprocessor of an index must be a dict with a type'),
        (('pipeline', 0, 'type'), 'torchvision/Lambda', "got type 'torchvision/Lambda'"),
        (('pipeline', 0), {'type': 'torchvision/ConvertImageDtype', 'dtype': EVIL}, 'nothing but'),
        (('pipeline', 0), {'type': 'Albu', 'transforms': [{'type': 'load'}]}, 'nothing but'),
        (('pipeline', 0), {'type': 'ResizeEdge', 'scale': 10**6}, 'must be at most 4,096'),
        (('pipeline', 0), 'ResizeEdge', 'pipeline of an index must be a dict with a type'),
        (('pipeline',), {}, 'pipeline of an index must be a list'),
        (('feature',), 'weights', 'feature must be one of'),
        (('custom_imports',), {'imports': ['os']}, 'must have the keys backbone, neck'),
        (('default_scope',), 'mmdet', 'must have the keys backbone, neck'),
        (('backbone', 'names'), ['x' * 1000] * 300, 'must have at most 262,144 bytes'),
        (('backbone', 'deep'), json.loads('[' * 90 + ']' * 90), 'must have at most 20 levels'),
    ],
)
def test_untrusted_parts_are_refused(content, place, value, message, tmp_path, monkeypatch):
    """In one line, and nothing is imported or executed."""
    monkeypatch.chdir(tmp_path)
    where = content
    for key in place[:-1]:
        where = where[key]
    where[place[-1]] = value
    modules = set(sys.modules)
    with pytest.raises(ValueError, match=message) as error:
        config_from_json(content)
    assert '\n' not in str(error.value) and len(str(error.value)) < 400
    assert not (tmp_path / 'executed').exists() and set(sys.modules) == modules


def test_the_transform_that_is_refused_would_execute_its_text(tmp_path, monkeypatch):
    """Its plain name is registered, so a check of names would not suffice."""
    from mmpretrain.registry import TRANSFORMS

    monkeypatch.chdir(tmp_path)
    evil = "float32 if __import__('pathlib').Path('executed').touch() else torch.float32"
    TRANSFORMS.build(dict(type='torchvision/ConvertImageDtype', dtype=evil))
    assert (tmp_path / 'executed').exists()


def test_the_users_own_network_is_accepted_once_it_is_registered(content):
    class OwnNet(nn.Module):
        pass

    content['backbone'] = {'type': 'OwnNet'}
    with pytest.raises(ValueError, match="got type 'OwnNet'"):
        config_from_json(deepcopy(content))
    MODELS.register_module(module=OwnNet)
    try:
        assert config_from_json(content).model.backbone.type == 'OwnNet'
    finally:
        MODELS.module_dict.pop('OwnNet')


def test_a_network_far_larger_than_its_checkpoint_is_not_built(digits_run, content):
    """It is refused before its memory is allocated."""
    content['backbone'].update(base_channels=4096, stem_channels=4096)
    made = []
    original = torch.nn.init.kaiming_uniform_
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            torch.nn.init,
            'kaiming_uniform_',
            lambda t, *a, **k: made.append(t.numel()) or original(t, *a, **k),
        )
        with pytest.raises(ValueError, match='is many times as large as that of the checkpoint'):
            load_network(config_from_json(content), digits_run[1])
    assert sum(made) < 2e6


def test_settings_of_the_reader_are_kept_and_sizes_are_limited(digits_run):
    """Pixel values of 16 bits are not sizes; the reader limits them."""
    cfg = Config(digits_run[0].to_dict())
    loading = dict(type='LoadImage', value_range=(0, 65535), max_pixels=10**8, background=(9, 9, 9))
    cfg.test_dataloader.dataset.pipeline[0] = ConfigDict(loading)
    content = json.loads(json.dumps(config_to_json(cfg)))
    assert config_from_json(content).test_dataloader.dataset.pipeline[0] == loading
    content['pipeline'][1]['scale'] = 65535
    with pytest.raises(ValueError, match='must be at most 4,096, got 65535'):
        config_from_json(content)

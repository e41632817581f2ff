"""NPID: embeddings, gradients, and updates of the bank."""

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from npid_mm.models import NPID
from tests.toy import build_npid, npid_config, samples

HEAD = dict(type='ExactSoftmaxHead', temperature=0.2)


def images(count=4):
    return torch.randn(count, 3, 16, 16)


def test_embedding_is_a_unit_row_in_float32_also_under_autocast():
    model = build_npid(HEAD, length=10)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        embedding = model.embed(images())
    assert embedding.dtype == torch.float32
    torch.testing.assert_close(embedding.norm(dim=1), torch.ones(4))


def test_loss_is_taken_before_the_bank_moves_and_only_the_network_gets_a_gradient():
    model = build_npid(HEAD, length=10).double()
    model.eval()
    before, x, index = model.memory_bank.feature_bank.clone(), images().double(), [1, 7, 3, 9]
    feature = model.embed(x)
    loss = model.loss(x, samples(index))['loss']
    dense = torch.nn.functional.cross_entropy(feature @ before.T / 0.2, torch.tensor(index))
    torch.testing.assert_close(loss, dense)
    torch.autograd.backward(loss)
    got = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    torch.autograd.backward(dense)
    torch.testing.assert_close(got, [p.grad for p in model.parameters()])

    moved = torch.nn.functional.normalize(0.5 * before[index] + 0.5 * feature.detach())
    torch.testing.assert_close(model.memory_bank.feature_bank[index], moved)
    assert not model.memory_bank.feature_bank.requires_grad


@pytest.mark.slow
@pytest.mark.parametrize(
    'head',
    [
        HEAD,
        dict(type='SampledSoftmaxHead', num_negatives=32, temperature=0.2),
        dict(type='NCEHead', num_negatives=8, temperature=0.2, exclude_positive=True),
        dict(type='ParametricSoftmaxHead', length=8, feat_dim=16, temperature=0.2),
    ],
)
def test_each_head_learns_to_tell_eight_images_apart(head):
    torch.manual_seed(0)
    # a slow bank, as each step moves the whole of it
    model, x = build_npid(head, length=8, momentum=0.1), images(8)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        model.loss(x, samples(range(8)))['loss'].backward()
        optimizer.step()
    found = (model.embed(x) @ model.memory_bank.feature_bank.T).argmax(1)
    assert found.tolist() == list(range(8))


def test_predict_attaches_the_embedding_and_tensor_gives_the_backbone():
    model, x = build_npid(HEAD, length=10).eval(), images()
    predicted = model(x, samples(range(4)), mode='predict')
    torch.testing.assert_close(torch.stack([p.embedding for p in predicted]), model.embed(x))
    (last,) = model(x, mode='tensor')
    assert last.shape == (4, 64, 2, 2)


def test_sample_without_index_is_refused():
    model = build_npid(HEAD, length=10)
    with pytest.raises(KeyError, match='NPID needs the sample_idx .* InstanceDataset'):
        model.loss(images(1), [DataSample(metainfo=dict(img_path='a.png'))])


def test_index_outside_the_bank_is_refused_before_anything_moves():
    model = build_npid(HEAD, length=10)
    before = model.memory_bank.feature_bank.clone()
    with pytest.raises(IndexError, match='sample_idx 10 is outside'):
        model.loss(images(2), samples([0, 10]))
    assert torch.equal(model.memory_bank.feature_bank, before)


def test_state_has_the_names_of_mmselfsup():
    """Published checkpoints must load."""
    names = set(build_npid(HEAD, length=10).state_dict())
    assert {'memory_bank.feature_bank', 'neck.fc.weight', 'neck.fc.bias'} <= names
    assert all(name.startswith(('backbone.', 'neck.fc.', 'memory_bank.')) for name in names)
    assert isinstance(build_npid(HEAD, length=10), NPID)


def build(head=HEAD, bank=None, **options):
    bank = dict(type='MemoryBank', length=10, **(bank or {}))
    return MODELS.build({**npid_config(head), 'memory_bank': bank, **options})


def test_channels_last_reaches_the_backbone_on_every_way_in():
    model, x, seen = build(channels_last=True), images(), []
    model.init_weights()
    model.backbone.conv1.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    model.embed(x)
    model.backbone(x)
    for tensor in (*seen, model.backbone.conv1.weight):
        assert tensor.is_contiguous(memory_format=torch.channels_last)
        assert not tensor.is_contiguous()
    assert len(seen) == 2


def test_seed_gives_the_same_weights_in_either_memory_format():
    states = []
    for channels_last in (False, True):
        torch.manual_seed(0)
        model = build(channels_last=channels_last)
        model.init_weights()
        states.append(model.state_dict())
    torch.testing.assert_close(*states, rtol=0, atol=0)


@pytest.mark.slow
def test_compiled_backbone_keeps_names_and_outputs_and_takes_arguments():
    x, graphs = images(), []

    def backend(graph, example_inputs):
        graphs.append(graph)
        return graph.forward

    torch._dynamo.reset()
    plain, compiled = build(), build(compile_backbone=dict(backend=backend))
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    compiled.load_state_dict(plain.state_dict())
    torch.testing.assert_close(compiled.embed(x), plain.embed(x))
    assert len(graphs) == 1


def test_compile_argument_of_another_type_is_refused():
    with pytest.raises(TypeError, match="compile_backbone must be a bool or a dict, got 'yes'"):
        build(compile_backbone='yes')


@pytest.mark.parametrize('part', ['backbone', 'neck', 'head', 'memory_bank'])
def test_missing_part_is_refused(part):
    with pytest.raises(
        ValueError, match=rf'model\.{part} must be a config, such as dict.*got None'
    ):
        MODELS.build(npid_config(HEAD) | {part: None})

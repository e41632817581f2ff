"""ONNX files that need other files or operators are refused without an ONNX package."""

import pytest
from onnx import TensorProto, helper

from npid_mm.export.onnx_scan import check_self_contained
from tests.inputs.crafts import external, graph

PIXELS = ('Identity', ['image'], ['embedding'], {})


def test_a_standard_file_passes():
    weights = helper.make_tensor('w', TensorProto.FLOAT, [1, 3], [1, 2, 3])
    check_self_contained(graph(PIXELS, weights=[weights]))


def inside(content):
    """The same weights as a constant in a branch of a condition."""
    tensor = TensorProto.FromString(content)
    node = helper.make_node('Constant', [], ['c'], value=tensor)
    branch = helper.make_graph([node], 'branch', [], [])
    return graph(('If', ['on'], ['embedding'], dict(then_branch=branch, else_branch=branch)))


def test_weights_in_a_branch_are_found():
    tensor = TensorProto(name='w', data_type=TensorProto.FLOAT, dims=[1])
    tensor.external_data.add(key='location', value='/etc/passwd')
    with pytest.raises(ValueError, match='it has its weights in another file'):
        check_self_contained(inside(tensor.SerializeToString()))


@pytest.mark.parametrize(
    'content, message',
    [
        (external('w.bin'), 'it has its weights in another file'),
        (graph(('Evil', ['image'], ['embedding'], dict(domain='evil'))), "operators of b'evil'"),
        (graph(PIXELS, opsets=['com.microsoft']), "operators of b'com.microsoft'"),
        (graph(PIXELS)[:-3], 'it is not an ONNX file, or cut off'),
        (b'\xff' * 100, 'it is not an ONNX file'),
        (b'\x3b\x3c', 'it is not an ONNX file'),
        (b'\x38\x01', 'it is not an ONNX file'),
        (b'\xca\x01\x00', 'it has functions of its own'),
        (b'\xa2\x01\x00', 'it has graphs for training'),
        (b'\x08\x01' * 300_001, 'it must have at most 300,000 parts'),
    ],
)
def test_other_files_are_refused(content, message):
    with pytest.raises(ValueError, match=message):
        check_self_contained(content)

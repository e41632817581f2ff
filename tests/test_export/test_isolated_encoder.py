"""An untrusted encoder cannot take memory or time, or crash its caller."""

import numpy as np
import pytest

from npid_mm.export import isolated_encoder
from npid_mm.export.isolated_encoder import IsolatedEncoder
from tests.inputs.crafts import endless, filled, graph

pytestmark = pytest.mark.slow
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def encoder():
    """The mean of the rows of a channel, as 16 values."""
    from onnx import TensorProto

    return IsolatedEncoder(
        graph(
            ('Cast', ['image'], ['x'], dict(to=TensorProto.FLOAT)),
            ('ReduceMean', ['x'], ['embedding'], dict(axes=[2, 3], keepdims=0)),
        )
    )


def test_rows_come_back(encoder):
    assert encoder.size == (16, 16)
    for count in (1, 3):
        rows = encoder(IMAGES[:count])
        np.testing.assert_allclose(rows, IMAGES[:count].mean((2, 3)), rtol=1e-6)


@pytest.mark.parametrize(
    'content, message',
    [
        (b'nonsense', 'onnxruntime cannot read it: .*protobuf'),
        (filled(1, 1 << 36), 'cannot read it|the network fails|its process ended'),
        (endless(), 'its process took longer than 2 seconds'),
    ],
    ids=['nonsense', 'huge', 'endless'],
)
def test_bad_files_end_in_one_line(content, message, monkeypatch):
    monkeypatch.setattr(isolated_encoder, 'SECONDS', 2.0)
    monkeypatch.setattr(isolated_encoder, 'SECONDS_PER_IMAGE', 0.0)
    with pytest.raises(ValueError, match=message) as error:
        IsolatedEncoder(content)(IMAGES)
    assert '\n' not in str(error.value)


def test_a_killed_process_is_noticed_and_ends_with_the_encoder(encoder):
    encoder._process.kill()
    with pytest.raises(ValueError, match='its process ended'):
        encoder(IMAGES)
    encoder.close()
    assert encoder._process.returncode is not None
    with pytest.raises(ValueError, match='its process has ended'):
        encoder(IMAGES)

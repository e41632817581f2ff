"""What a run takes from its images, and keeps."""

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from npid_mm.api.measured import Measured, measure_images, read_measured
from npid_mm.api.prepare import CONFIG
from npid_mm.api.run_folder import write_record


def test_what_was_measured_is_read_again(tmp_path, capsys):
    np.save(tmp_path / '1.npy', np.arange(800, dtype=np.uint16).reshape(20, 20, 2))
    measured = measure_images([str(tmp_path / '1.npy')], with_values=True)
    assert measured.image_size == 32 and measured.values.channels == 2
    assert capsys.readouterr().out.startswith('images of 2 channels of 16-bit integers, with')
    write_record(tmp_path, Config.fromfile(CONFIG), measured)
    assert read_measured(tmp_path) == measured


def test_records_without_it_are_of_earlier_versions(tmp_path):
    write_record(tmp_path, Config.fromfile(CONFIG))
    assert read_measured(tmp_path) is None
    (tmp_path / 'run.json').write_text('{"measured": {"image_size": 3}}')
    with pytest.raises(ValueError, match='run.json is damaged .*: name another folder'):
        read_measured(tmp_path)


def test_the_size_follows_the_shorter_edges(tmp_path):
    for number, size in enumerate([(20, 70), (70, 33), (500, 400)]):
        Image.new('L', size).save(tmp_path / f'{number}.png')
    paths = [str(tmp_path / f'{number}.png') for number in range(3)]
    assert measure_images(paths, with_values=True) == Measured(48, None)
    assert measure_images(paths[2:], with_values=False) == Measured(224, None)
    assert measure_images(['/missing'], with_values=False) == Measured(224, None)

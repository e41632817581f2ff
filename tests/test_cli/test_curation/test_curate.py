"""npid curate on pictures with planted copies."""

import csv

import pytest
import torch

from npid_mm.cli.curation.curate import main
from npid_mm.datasets.image_names import pack_names
from tests.test_curation.scenes import write_scenes
from tests.test_visualization.neighbor_pages import content


def test_a_run_is_reported_as_page_and_table(tmp_path, capsys):
    images = write_scenes(tmp_path / 'images')
    names = [path.removeprefix(f'{tmp_path}/images/') for path in images.paths]
    checkpoint = {
        'meta': {'epoch': 1, 'iter': 4},
        'state_dict': {'memory_bank.feature_bank': images.rows},
        'images': pack_names(names),
    }
    (tmp_path / 'run').mkdir()
    torch.save(checkpoint, tmp_path / 'run/epoch_1.pth')
    page, table = tmp_path / 'out/report.html', tmp_path / 'out/report.csv'
    arguments = [tmp_path / 'run', '--images', tmp_path / 'images', '--subset', 3]
    main([*map(str, arguments), '--out', str(page), str(table)])
    text = capsys.readouterr().out
    assert '15 images: 2 groups of copies (3 images to spare), 1 of them in several sets' in text
    assert '1 pairs that only look alike' in text and f'Look at {page}' in text
    with open(table, newline='') as file:
        assert sum(line['subset'] != '' for line in csv.DictReader(file)) == 3
    data = content(page)
    assert len(data['tabs'][0]['cards']) == 2 and len(data['points']) == len(data['images']) == 15
    marks, kept = tmp_path / 'marks.csv', tmp_path / 'kept.txt'
    marks.write_text(f'path,mark\n{images.paths[3]},remove\n')
    main([*map(str, arguments), '--apply', str(marks), '--out', str(kept)])
    assert kept.read_text().splitlines() == images.paths[:3] + images.paths[4:]
    with pytest.raises(ValueError, match='--out must name one list with --apply, got 2 files'):
        main([*map(str, arguments), '--apply', str(marks), '--out', str(kept), 'b.txt'])

"""Results of SVMs in a file."""

import json

from npid_mm.engine.runners.voc_svm.records import SVMRecords


def test_records_are_read_again_and_replaced_for_other_settings(tmp_path):
    path = tmp_path / 'svm_feature1.json'
    records = SVMRecords(path, dict(costs=(1.0, 2.0)))
    assert records.missing([0, 1, 2], k=1) == [0, 1, 2]
    records.add([dict(column=column, k=1, ap=0.5) for column in (0, 2)])
    records.add([dict(column=0, k=2, ap=0.25)])

    records = SVMRecords(path, dict(costs=(1.0, 2.0)))
    assert records.missing([0, 1, 2], k=1) == [1] and records.missing([0, 1], k=2) == [1]
    assert [record['ap'] for record in records.of(k=2)] == [0.25]
    assert json.loads(path.read_text())['settings'] == dict(costs=[1.0, 2.0])
    assert SVMRecords(path, dict(costs=(1.0,))).missing([0], k=1) == [0]

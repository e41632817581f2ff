"""All suites: benchmarks, tables and metafile entries belong together."""

import pytest

from npid_mm.datasets.layout_checks import LAYOUT_CHECKS
from npid_mm.suites import SUITES
from npid_mm.suites.metafile import read_entries
from tests.toy import ROOT

# suite -> its configs, below configs/benchmarks
CONFIGS = {
    'classification': 'classification/[!_]*/*.py',
    'detection': 'mmdetection/[!_]*/[!_]*-rcnn_r50*.py',
    'detection-alexnet': 'mmdetection/[!_]*/fast-rcnn_alexnet*.py',
    'detection-vgg16': 'mmdetection/[!_]*/fast-rcnn_vgg16*.py',
    'segmentation': 'mmsegmentation/[!_]*/*.py',
}
# protocols of the embedding, which a report of a backbone cannot show
APART = {'knn-embedding_resnet50_in1k', 'knn_resnet18_cifar10', 'svm_resnet18_cifar10'}
BENCHMARKS = [each for suite in SUITES.values() for each in suite.benchmarks]


@pytest.mark.parametrize('name', SUITES)
def test_every_config_is_a_benchmark_with_a_column(name):
    suite = SUITES[name]
    paths = (ROOT / 'configs/benchmarks').glob(CONFIGS[name])
    found = {str(path.relative_to(ROOT)) for path in paths if path.stem not in APART}
    assert {each.config for each in suite.benchmarks} == found
    names = [each.name for each in suite.benchmarks]
    assert len(set(names)) == len(names)
    assert {column.benchmark for table in suite.tables for column in table.columns} == set(names)


@pytest.mark.parametrize('benchmark', BENCHMARKS, ids=lambda each: each.name)
def test_benchmark_has_an_entry_and_a_registered_check(benchmark):
    assert benchmark.config in {entry['Config'] for entry in read_entries(ROOT)}
    assert type(benchmark.data) in LAYOUT_CHECKS.values()


def test_unknown_names_are_refused_with_the_known_ones():
    expected = r'must name benchmarks .*\(voc12aug-fcn, cityscapes-fcn\), got voc'
    with pytest.raises(ValueError, match=expected):
        SUITES['segmentation'].select(['voc'])


def test_every_config_is_in_a_suite():
    paths = (ROOT / 'configs/benchmarks').glob('*/[!_]*/*.py')
    found = {str(path.relative_to(ROOT)) for path in paths if path.stem not in APART}
    assert found == {each.config for each in BENCHMARKS}

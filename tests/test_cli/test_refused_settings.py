"""Options of the command line and the work dir that are refused before the first step."""

import argparse
import os

import pytest

from npid_mm.cli.common.options import add_common_arguments, load_config
from tests.test_engine.option_runs import short_config, train
from tests.toy import ROOT

DIGITS = ROOT / 'configs/selfsup/npid/npid-exact_resnet18-w16_1xb32-coslr-60e_digits.py'


def test_a_batch_larger_than_the_training_set_is_refused(digits, tmp_path):
    cfg = short_config(digits, tmp_path)
    cfg.train_dataloader.batch_size = 65
    message = r'has no full batch: 64 images are fewer than 1 ranks x batch_size=65, .* at most 64'
    with pytest.raises(ValueError, match=message):
        train(cfg)


def test_a_work_dir_that_is_not_utf8_is_refused(tmp_path):
    """The first checkpoint could not be saved."""
    parser = argparse.ArgumentParser()
    add_common_arguments(parser)
    odd = str(tmp_path / os.fsdecode(b'gr\xfcn'))
    with pytest.raises(ValueError, match=r'the work dir must have a path in UTF-8 .*gr\\xfcn'):
        load_config(parser.parse_args([str(DIGITS), '--work-dir', odd]))

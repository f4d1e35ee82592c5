"""What a run tells while it works."""

import math

import pytest

from tumorboard.pipeline.training import _Telling
from tumorboard.training.task import ENCODING, Progress


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        (ENCODING, "0 of 3 folds; repeat 0, fold 0: encoding images, 12 of 690"),
        ("scan", "0 of 3 folds; repeat 0, fold 0: scan, epoch 12 of 690"),
    ],
)
def test_images_are_encoded_and_epochs_are_trained(stage, line):
    told = []
    _Telling(told.append, 0, 3, "repeat 0, fold 0", []).epoch(Progress(stage, 12, 690, math.nan, None, None, math.nan))
    assert [progress.line() for progress in told] == [line]

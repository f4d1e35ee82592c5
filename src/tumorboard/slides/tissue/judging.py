"""Which tiles are fit to be used, and why the others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.tissue.areas import Values, sums_in
from tumorboard.slides.tissue.tissue_map import TissueMap

if TYPE_CHECKING:
    import pandas as pd

SHARES = ("tissue", "pen", "fold", "blur", "bubble", "border")
REASONS = ("little tissue", "pen", "fold", "blur", "bubble", "border")
"""Why a tile is rejected, in the order in which it is asked."""

_BOX_COLUMNS = 4
_NEAR_UM = 256.0


def judge(tissue_map: TissueMap, boxes: NDArray[np.int64]) -> pd.DataFrame:
    """Judge tiles by what lies in them.

    A tile has little tissue where even with all that hides some (ink, bubbles, borders) it would not reach the limit;
    then come pen, fold, blur, bubble and border; last, little tissue again, of what is left to see.

    Parameters
    ----------
    tissue_map : TissueMap
    boxes : ndarray of int, shape (tiles, 4)
        Left, top, width, height in level-0 pixels.

    Returns
    -------
    DataFrame
        A row a box: ``tissue_share``, ``pen_share``, ``fold_share``, ``blur_share``, ``bubble_share``,
        ``border_share`` (shares of its area, 0 to 1; what lies beyond the slide is none of them), ``focus`` (the mean
        of what was measured in it, or else within 256 µm around it; not a number where nothing was) and ``reason`` (one
        of `REASONS`, or empty for a tile that is fit).
    """
    import pandas as pd

    boxes = np.asarray(boxes)
    if boxes.ndim != 2 or boxes.shape[1] != _BOX_COLUMNS or (boxes[:, 2:] < 1).any():
        raise ValueError(f"boxes of shape {boxes.shape} are not rows of left, top, width and height of at least 1")
    place = boxes.astype(np.float64) / tissue_map.downsample
    corners = np.concatenate([place[:, :2], place[:, :2] + place[:, 2:]], axis=1)
    share = {name: _share_in(getattr(tissue_map, name), corners) for name in SHARES}
    focus = tissue_map.focus.mean_in(corners, _NEAR_UM / tissue_map.mpp)
    limits = tissue_map.settings
    hidden = share["pen"] + share["bubble"] + share["border"]
    conditions = [
        share["tissue"] + hidden < limits.least_tissue_share,
        share["pen"] > limits.most_pen_share,
        share["fold"] > limits.most_fold_share,
        share["blur"] > limits.most_blur_share,
        share["bubble"] > limits.most_bubble_share,
        share["border"] > limits.most_border_share,
        share["tissue"] < limits.least_tissue_share,
    ]
    reason = np.select(conditions, [*REASONS, REASONS[0]], default="").astype(object)
    columns = {f"{name}_share": values for name, values in share.items()}
    return pd.DataFrame({**columns, "focus": focus, "reason": reason})


def _share_in(where: NDArray[np.bool_], corners: Values) -> Values:
    area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    # rounded: what the sums lose in the last digits is no tissue
    return np.asarray(np.round(np.clip(sums_in(where.view(np.uint8), corners) / area, 0, 1), 6), np.float64)

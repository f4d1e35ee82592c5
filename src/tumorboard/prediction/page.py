"""A new patient's prediction as one page that needs no network and no script."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.study.files import write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE_FILE = "prediction.html"

# Okabe M, Ito K, Color Universal Design, 2008: told apart with every kind of colour vision
_BLUE, _VERMILLION, _GREY = "#0072B2", "#D55E00", "#6B6B6B"
_LOOK: dict[str, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "tumorboard",
    "svg.fonttype": "path",
}
_SHOWN_PX = 192
_JPEG_QUALITY = 88

ENDPOINTS = {
    "DSS": "disease-specific survival",
    "OS": "overall survival",
    "PFS": "progression-free survival",
}
MODALITIES = {
    "tiles_10x": "slide at 10x",
    "tiles_5x": "slide at 5x",
    "scan": "scan",
    "genes": "genes",
    "clinical": "clinical values",
}


def write_page(path: Path, result: Mapping[str, Any], pictures: Mapping[str, Sequence[NDArray[np.uint8]]]) -> None:
    """Write the page.

    Parameters
    ----------
    path : Path
    result : mapping
        As ``result_of`` returns it.
    pictures : mapping of str to sequence of ndarray of uint8, shape (channels, size, size)
        By modality, some of those that were used.

    Raises
    ------
    StudyError
        The folder cannot be written.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tumorboard.prediction"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"percent": _percent, "signed": _signed, "modality": _modality})
    shown = {name: [_data_uri(picture) for picture in each] for name, each in pictures.items() if len(each)}
    page = environment.get_template("prediction.html").render(
        result=result,
        endpoint_words=ENDPOINTS.get(result["endpoint"], result["endpoint"]),
        curve=_curve_picture(result),
        contributions=_contributions_picture(result["contributions"]),
        pictures=shown,
    )
    write_text(path, page + "\n")


def _modality(name: str) -> str:
    return MODALITIES.get(name, name)


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.0f} %"


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return "0.00" if text in {"+0.00", "-0.00"} else text.replace("-", "−")


def _data_uri(picture: NDArray[np.uint8]) -> str:
    image = picture[0] if len(picture) == 1 else cv2.cvtColor(picture.transpose(1, 2, 0), cv2.COLOR_RGB2BGR)
    side = max(image.shape[:2])
    if side > _SHOWN_PX:
        image = cv2.resize(image, None, fx=_SHOWN_PX / side, fy=_SHOWN_PX / side, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"


def _curve_picture(result: Mapping[str, Any]) -> str | None:
    """Draw survival with the folds' spread, as a data URI; None where the model gives no curve."""
    curve = result["curve"]
    known = [number for number, value in enumerate(curve["probability"]) if value is not None]
    if len(known) < 2:
        return None
    months, mean, spread = (
        np.asarray([curve[key][number] for number in known]) for key in ("months", "probability", "spread_over_folds")
    )

    steps = result["model"]["head"] == "log-risk"  # Breslow's hazard moves at events only

    def draw(axes: Axes) -> None:
        low, high = np.clip(mean - spread, 0, 1), np.clip(mean + spread, 0, 1)
        look: dict[str, Any] = {"color": _BLUE, "alpha": 0.2, "linewidth": 0, "label": "one spread of the folds"}
        axes.fill_between(months, low, high, step="post" if steps else None, **look)
        axes.plot(months, mean, drawstyle="steps-post" if steps else "default", color=_BLUE, label="mean of the folds")
        axes.set(xlim=(0, months.max()), ylim=(0, 1.02), xlabel="Months since diagnosis")
        axes.set_ylabel(f"Predicted {ENDPOINTS.get(result['endpoint'], 'survival')}")
        axes.legend(loc="lower left")

    return _drawn(6.0, 3.6, draw)


def _contributions_picture(contributions: Mapping[str, float] | None) -> str | None:
    if not contributions:
        return None
    names, values = list(contributions), list(contributions.values())

    def draw(axes: Axes) -> None:
        colours = [_VERMILLION if value > 0 else _BLUE for value in values]
        axes.barh(range(len(names)), values, color=colours, height=0.6)
        axes.set_yticks(range(len(names)), [MODALITIES.get(name, name) for name in names])
        axes.invert_yaxis()
        axes.axvline(0, color=_GREY, linewidth=0.8)
        axes.set_xlabel("Moves the risk to the better (left) or worse (right)")

    return _drawn(6.0, 0.8 + 0.34 * len(names), draw)


def _drawn(width: float, height: float, draw: Any) -> str:  # noqa: ANN401 (a callable that takes axes)
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", _LOOK]):  # a user's own matplotlibrc must not change the bytes
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": "tumorboard"})
    return f"data:image/svg+xml;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"

"""A picture of a mask alone: three planes, each with the outline and its two diameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.diameter.measurement import Diameter, TumourSize
from tumorboard.scans.diameter.outline import outline
from tumorboard.scans.volume import NORMAL_AXIS, PLANES, Grid, Plane
from tumorboard.study.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

# Okabe M, Ito K, Color Universal Design, 2008
_INSIDE, _OUTLINE, _LONG, _SHORT = "#d6ecf8", "#0072b2", "#d55e00", "#4d4d4d"
_MARGIN_MM = 10.0
_BAR_MM = 10.0
_PICTURE_INCHES, _DOTS = (9.0, 3.6), 120
_SIDES: dict[Plane, tuple[str, str, str, str]] = {
    "transversal": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "H", "F"),
    "sagittal": ("A", "P", "H", "F"),
}
"""Left, right, top and bottom of each picture, as radiologists hang them."""


def write_picture(mask: NDArray[np.bool_], grid: Grid, size: TumourSize, path: Path) -> None:
    """Draw the slices with the largest diameters, all three at one scale, as PNG.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
        In patient axes; what was measured.
    grid : Grid
    size : TumourSize
        Of this mask.
    path : Path
        Replaced where it is there.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_PICTURE_INCHES, dpi=_DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(PLANES), squeeze=False)[0]
    half_mm = max(_extent_mm(mask, grid, size.diameters[plane]) for plane in PLANES) / 2 + _MARGIN_MM
    for panel, plane in zip(panels, PLANES, strict=True):
        _draw(panel, mask, grid, size.diameters[plane], half_mm)
    write_whole(path, lambda place: figure.savefig(place, format="png", metadata={"Software": None}))


def _axes_of(plane: Plane) -> tuple[int, int]:
    row, column = (axis for axis in range(3) if axis != NORMAL_AXIS[plane])
    return row, column


def _layer(mask: NDArray[np.bool_], grid: Grid, diameter: Diameter) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Cut out the slice of a diameter, with its millimetres per row and column."""
    layer = np.take(mask, diameter.slice, axis=NORMAL_AXIS[diameter.plane])
    return layer, grid.spacing_mm[list(_axes_of(diameter.plane))]


def _extent_mm(mask: NDArray[np.bool_], grid: Grid, diameter: Diameter) -> float:
    layer, scale = _layer(mask, grid, diameter)
    return float((np.ptp(np.argwhere(layer), axis=0) * scale).max())


def _draw(panel: Axes, mask: NDArray[np.bool_], grid: Grid, diameter: Diameter, half_mm: float) -> None:
    from matplotlib.collections import LineCollection

    plane = diameter.plane
    layer, scale = _layer(mask, grid, diameter)
    places = np.argwhere(layer)
    middle = (places.min(axis=0) + places.max(axis=0)) / 2 * scale
    height, width = np.array(layer.shape) * scale
    edges = (-scale[1] / 2, width - scale[1] / 2, height - scale[0] / 2, -scale[0] / 2)
    panel.imshow(
        np.where(layer, 1.0, np.nan), cmap=_one_colour(), extent=edges, interpolation="nearest", vmin=0, vmax=1
    )
    lines = (outline(layer) * scale)[:, :, ::-1]
    panel.add_collection(LineCollection(list(lines), colors=_OUTLINE, linewidths=1.2))
    for ends, colour, stroke in (
        (diameter.perpendicular_endpoints_mm, _SHORT, 1.0),
        (diameter.endpoints_mm, _LONG, 1.8),
    ):
        at = grid.to_indices(np.array(ends))[:, list(_axes_of(plane))] * scale
        panel.plot(at[:, 1], at[:, 0], color=colour, linewidth=stroke, marker="o", markersize=3)
    panel.set_xlim(middle[1] - half_mm, middle[1] + half_mm)
    low, high = middle[0] - half_mm, middle[0] + half_mm
    # rows run to the back in transversal slices, to the head in the others
    panel.set_ylim((high, low) if plane == "transversal" else (low, high))
    _letter(panel, diameter)


def _letter(panel: Axes, diameter: Diameter) -> None:
    panel.set_title(
        f"{diameter.plane}\n{diameter.diameter_mm:.1f} × {diameter.perpendicular_mm:.1f} mm",
        fontsize=10,
        color="#222222",
    )
    panel.set_aspect("equal")
    panel.set_xticks([])
    panel.set_yticks([])
    for side in panel.spines.values():
        side.set_color("#cccccc")
    left, right, top, bottom = _SIDES[diameter.plane]
    for letter, x, y in ((left, 0.03, 0.5), (right, 0.97, 0.5), (top, 0.5, 0.96), (bottom, 0.5, 0.04)):
        panel.text(x, y, letter, transform=panel.transAxes, ha="center", va="center", fontsize=8, color="#777777")
    x_start, x_end = panel.get_xlim()
    share = _BAR_MM / (x_end - x_start)
    panel.plot([0.95 - share, 0.95], [0.06, 0.06], transform=panel.transAxes, color="#222222", linewidth=2)
    panel.text(
        0.95 - share / 2, 0.08, f"{_BAR_MM / 10:g} cm", transform=panel.transAxes, ha="center", va="bottom", fontsize=7
    )


def _one_colour() -> Colormap:
    from matplotlib.colors import ListedColormap

    return ListedColormap([_INSIDE])

"""``tumorboard measure``: how large the tumour in one mask is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from tumorboard.scans.mask_file import MeasuredMask
    from tumorboard.scans.volume import Plane


def measure(
    mask: Annotated[Path, typer.Argument(help="The mask: NIfTI, MHA, NRRD, or a DICOM segmentation.")],
    label: Annotated[
        int | None,
        typer.Option(help="Which label (DICOM: segment number) is the tumour. By default the one that is named so."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the three planes with outline and diameters.")
    ] = None,
    transversal_axis: Annotated[
        int | None,
        typer.Option(
            min=0, max=2, help="The file's axis (0, 1, 2) that runs from feet to head, where its header is wrong."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Measure the largest diameter of a tumour in each plane, and its volume.

    The largest connected mass is measured, others are counted. Lengths are in mm; a slice is counted from 0 along the
    file's own axis; points are x, y, z in the patient (to the left, to the back, to the head).

    Labels: the one whose name says tumour or mass; without names KiTS's (1 kidney, 2 tumour, 3 cyst).

    \b
    tumorboard measure segmentation.nii.gz
    tumorboard measure segmentation.dcm --label 3 --json
    tumorboard measure mask.nrrd --picture diameters.png
    """  # noqa: D301
    from tumorboard.errors import SettingsError
    from tumorboard.scans.mask_file import measure_file

    if picture is not None and picture.suffix.lower() != ".png":
        raise SettingsError(
            "pictures are written as PNG", where=f"--picture {picture.name}", fix="End its name in .png"
        )
    measured = measure_file(mask, label, transversal_axis)
    if picture is not None:
        from tumorboard.scans.diameter.picture import write_picture

        write_picture(measured.mask, measured.grid, measured.size, picture)
    if as_json:
        print_json(_answer(measured))
    else:
        _print_measured(measured, picture)


def _answer(measured: MeasuredMask) -> dict[str, Any]:
    from tumorboard.scans.volume import PLANES

    tumour, labels, axes = measured.tumour, measured.stored.labels, measured.stored.axes
    spacing = labels.grid.spacing_mm
    return {
        "volume_ml": tumour.volume_ml,
        "components": tumour.components,
        **{plane: _diameter(measured, plane) for plane in PLANES},
        "labels": [{"label": label, "name": labels.names.get(label) or None} for label in tumour.labels],
        "other_volumes_ml": list(tumour.other_volumes_ml),
        "specks": tumour.specks,
        "cysts": tumour.cysts,
        "touches": list(measured.touches),
        "spacing_mm": [float(spacing[axes.index(axis)]) for axis in range(3)],
        "shape": [int(labels.grid.shape[axes.index(axis)]) for axis in range(3)],
        "warnings": list(measured.remarks),
    }


def _diameter(measured: MeasuredMask, plane: Plane) -> dict[str, Any]:
    found = measured.size.diameters[plane]
    return {
        "diameter_mm": found.diameter_mm,
        "slice": measured.slice_of(plane),
        "axis": measured.axis_of(plane),
        "endpoints_mm": [list(point) for point in found.endpoints_mm],
        "perpendicular_mm": found.perpendicular_mm,
        "perpendicular_endpoints_mm": [list(point) for point in found.perpendicular_endpoints_mm],
    }


def _print_measured(measured: MeasuredMask, picture: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from tumorboard.scans.volume import PLANES

    console = Console(highlight=False, markup=False)
    table = Table("plane", box=None, pad_edge=False)
    for column in ("diameter mm", "at a right angle mm", "slice", "of the file's axis"):
        table.add_column(column, justify="right")
    for plane in PLANES:
        found = measured.size.diameters[plane]
        table.add_row(
            plane,
            f"{found.diameter_mm:.1f}",
            f"{found.perpendicular_mm:.1f}",
            str(measured.slice_of(plane)),
            str(measured.axis_of(plane)),
        )
    console.print(table)
    console.print(_told(measured), soft_wrap=True)
    for remark in measured.remarks:
        console.print(f"Note: {remark}", style="yellow", soft_wrap=True)
    if measured.touches:
        sides = " and ".join(measured.touches)
        console.print(f"Note: it reaches the volume's {sides}, and may be larger than measured", style="yellow")
    if picture is not None:
        console.print(f"Look at {picture}", soft_wrap=True)


def _told(measured: MeasuredMask) -> str:
    tumour = measured.tumour
    names = measured.stored.labels.names
    label = " and ".join(f"{one} {names.get(one, '')}".strip() for one in tumour.labels)
    told = f"Volume {tumour.volume_ml:.1f} ml, label {label}"
    if tumour.components > 1:
        others = ", ".join(f"{volume:.1f}" for volume in tumour.other_volumes_ml)
        told += f"; the largest of {tumour.components} masses, the others {others} ml"
    return f"{told}; {tumour.specks} specks left out" if tumour.specks else told

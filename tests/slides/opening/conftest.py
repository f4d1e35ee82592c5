"""One picture, written once as a slide of each format."""

from types import SimpleNamespace

import pytest
from written_slides import painted, stored_levels, write_aperio, write_dicom, write_generic_tiff, write_ome


@pytest.fixture(scope="session")
def same_slide(tmp_path_factory):
    """A path with blanks and letters that are not ASCII; the levels as the SVS holds them; a file of each format."""
    folder = tmp_path_factory.mktemp("slides") / "Präparate Łódź 腎 1"
    folder.mkdir()
    aperio = write_aperio(folder / "Müller 1.svs", painted())
    levels = stored_levels(aperio)
    files = {
        "aperio": aperio,
        "generic-tiff": write_generic_tiff(folder / "generic 1.tif", levels),
        "generic-tiff in JPEG": write_generic_tiff(folder / "generic 2.tif", levels, compression="jpeg"),
        "ome-tiff": write_ome(folder / "one.ome.tif", levels),
        "ome-tiff in JPEG": write_ome(folder / "two.ome.tif", levels, compression="jpeg"),
        "ome-tiff in planes": write_ome(folder / "three.ome.tiff", levels, planar=True),
        "dicom": write_dicom(folder / "DICOM, eine Serie", levels),
        "dicom in RGB": write_dicom(folder / "DICOM RGB", levels, rgb=True, table="extended"),
    }
    return SimpleNamespace(levels=levels, files=files)

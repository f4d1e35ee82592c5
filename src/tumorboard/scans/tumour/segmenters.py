"""Programs that outline a scan by themselves, behind one interface; none is needed, none is taken unasked.

A program is named in the setting ``segmenter``: ``totalsegmentator``, or ``monai:`` with the folder of a MONAI bundle.
It is imported only where it is named.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tumorboard.errors import FileFormatError, MissingExtraError, SettingsError, StudyError, UserError
from tumorboard.scans.tumour.mask import as_mask
from tumorboard.scans.tumour.placing import place
from tumorboard.scans.volume import LabelMap, Volume

if TYPE_CHECKING:
    import nibabel

_PURPOSE = "outlining scans that have no mask"


class Segmenter(Protocol):
    """What outlines a scan."""

    def segment(self, volume: Volume) -> LabelMap:
        """Outline a scan.

        Parameters
        ----------
        volume : Volume

        Returns
        -------
        LabelMap
            On the volume's grid, with the names of its labels.

        Raises
        ------
        UserError
            Where the program fails or gives no mask.
        """
        ...


class TotalSegmentator:
    """TotalSegmentator (Wasserthal et al. 2023, 10.1148/ryai.230024).

    Its tasks ``total`` and ``total_mr`` outline the kidneys, the first one also their cysts; none of its tasks outlines
    kidney tumours, so that its mask alone does not tell where to look. Untested: the package could not be installed
    where this was written; the calls follow its documentation (version 2: ``python_api.totalsegmentator`` takes and
    gives NIfTI images, ``map_to_binary.class_map`` names the labels).

    Raises
    ------
    MissingExtraError
        Where it is not installed.
    """

    def __init__(self) -> None:
        _require("totalsegmentator", "totalsegmentator")

    def segment(self, volume: Volume) -> LabelMap:
        """Outline kidneys and cysts; see `Segmenter.segment`."""
        import nibabel

        class_map = importlib.import_module("totalsegmentator.map_to_binary").class_map
        totalsegmentator = importlib.import_module("totalsegmentator.python_api").totalsegmentator
        task = "total" if volume.modality == "CT" else "total_mr"
        every: dict[int, str] = class_map[task]
        names = {label: name for label, name in every.items() if name.startswith("kidney")}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "labels.nii.gz"
            with _told("TotalSegmentator"):
                wanted = list(names.values())
                found = totalsegmentator(_nifti(volume), None, ml=True, task=task, roi_subset=wanted, quiet=True)
                nibabel.save(found, path)
            return _read_back(path, volume, names, "TotalSegmentator")


class MonaiBundle:
    """A MONAI bundle's inference (https://docs.monai.io/en/stable/bundle_intro.html), such as one trained on KiTS.

    The bundle's ``configs/inference.json`` or ``.yaml`` is run with ``datalist`` and ``output_dir`` replaced, as the
    bundles of MONAI's model zoo have them; ``configs/metadata.json`` names the labels.

    Parameters
    ----------
    folder : Path
        The bundle's.

    Raises
    ------
    MissingExtraError
        Where MONAI is not installed.
    SettingsError
        Where the folder is no bundle.
    """

    def __init__(self, folder: Path) -> None:
        configs = [folder / "configs" / name for name in ("inference.json", "inference.yaml", "inference.yml")]
        found = next((path for path in configs if path.is_file()), None)
        if found is None:
            raise SettingsError(
                f"{folder} is no MONAI bundle with an inference",
                where="segmenter",
                fix="Give the folder that holds configs/inference.json, as in monai:bundles/kits",
            )
        _require("monai", "monai")
        self.folder = folder
        self._inference = found

    def segment(self, volume: Volume) -> LabelMap:
        """Run the bundle on one scan; see `Segmenter.segment`."""
        import nibabel

        bundle = importlib.import_module("monai.bundle")
        metadata = self.folder / "configs" / "metadata.json"
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            nibabel.save(_nifti(volume), folder / "scan.nii.gz")
            with _told("the MONAI bundle"):
                workflow = bundle.ConfigWorkflow(
                    workflow_type="inference",
                    config_file=str(self._inference),
                    meta_file=str(metadata) if metadata.is_file() else None,
                    logging_file=False,
                    bundle_root=str(self.folder),
                    dataset_dir=str(folder),
                    datalist=[str(folder / "scan.nii.gz")],
                    output_dir=str(folder / "found"),
                )
                workflow.initialize()
                workflow.run()
                workflow.finalize()
            found = sorted((folder / "found").rglob("*.nii*"))
            if len(found) != 1:
                raise FileFormatError(
                    f"the MONAI bundle left {len(found)} masks for one scan",
                    where=self.folder.name,
                    fix="Its inference has to read datalist and to save one NIfTI mask into output_dir",
                )
            return _read_back(found[0], volume, _bundle_names(metadata), "a MONAI bundle")


SEGMENTERS: Mapping[str, Callable[[str], Segmenter]] = {
    "totalsegmentator": lambda _: TotalSegmentator(),
    "monai": lambda folder: MonaiBundle(Path(folder)),
}
"""By name; what stands behind a colon after the name is given to it."""


def segmenter(name: str) -> Segmenter:
    """Give the program that a setting names.

    Parameters
    ----------
    name : str
        ``totalsegmentator``, or ``monai:FOLDER`` with a bundle's folder.

    Returns
    -------
    Segmenter

    Raises
    ------
    SettingsError
        For an unknown name or a folder that is no bundle.
    MissingExtraError
        Where the program is not installed.
    """
    program, _, rest = name.partition(":")
    if program not in SEGMENTERS:
        raise SettingsError(
            f"the segmenter {name!r} is unknown", where="segmenter", fix="Give totalsegmentator or monai:FOLDER"
        )
    return SEGMENTERS[program](rest)


def no_mask(where: str) -> StudyError:
    """Tell that a scan has no mask, and the ways to get one.

    Parameters
    ----------
    where : str
        The patient's scan, as the user wrote it.

    Returns
    -------
    StudyError
        To raise, or to note for this patient.
    """
    return StudyError(
        "there is no mask of the tumour, and nothing is guessed in its place",
        where=where,
        fix="Outline it in 3D Slicer and save it as DICOM SEG or NIfTI, or run an nnU-Net trained on KiTS, and name "
        "the file in scans.csv (mask); a table with a box does, too; or set segmenter to monai:FOLDER with a bundle "
        "that finds kidney tumours (TotalSegmentator finds kidneys and cysts, not tumours)",
    )


def _require(package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(package, extra, _PURPOSE)


def _nifti(volume: Volume) -> nibabel.Nifti1Image:
    """Make a NIfTI image of a volume; its axes are column, row, slice."""
    import nibabel

    affine = np.eye(4)
    affine[:3, :3] = volume.grid.steps_mm[::-1].T
    affine[:3, 3] = volume.grid.origin_mm
    affine[:2] *= -1  # NIfTI counts to the right and to the front
    make: Any = nibabel.Nifti1Image  # it is without types
    image = make(volume.voxels.transpose(2, 1, 0), affine)
    image.header.set_xyzt_units("mm")
    return image  # type: ignore[no-any-return]


@contextmanager
def _told(program: str) -> Iterator[None]:
    """Tell in one line why a program failed: it is another's, and may raise anything."""
    try:
        yield
    except Exception as error:
        first = str(error).partition("\n")[0][:200]
        raise UserError(
            f"{program} failed with {type(error).__name__}: {first}",
            where="segmenter",
            fix="Try it alone on this scan, or give a mask in scans.csv",
        ) from error


def _read_back(path: Path, volume: Volume, names: Mapping[int, str], program: str) -> LabelMap:
    from tumorboard.scans.reading import read_label_file

    mask = as_mask(read_label_file(path))
    remark = f"it was outlined by {program}, and nobody has looked at it"
    return place(replace(mask, names=dict(names), source="segmenter", remarks=(remark,)), volume.grid)


def _bundle_names(metadata: Path) -> dict[int, str]:
    """Give the names of a bundle's channels; empty where it is silent."""
    try:
        described = json.loads(metadata.read_text(encoding="utf-8"))
        channels = described["network_data_format"]["outputs"]["pred"]["channel_def"]
        return {int(number): str(name) for number, name in channels.items() if int(number)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}

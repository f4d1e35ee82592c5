"""Compressed and enhanced files hold the same volume as plain ones."""

from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)
from written_slices import CORONAL, STEP_MM, body, save, stack_of, write

from tumorboard.errors import FileFormatError
from tumorboard.phantom.scans.encoding import encode_frame
from tumorboard.scans.reading import find_series, read_series
from tumorboard.scans.reading.decoding import FrameReader
from tumorboard.scans.reading.header import read_header
from tumorboard.scans.reading.image_frames import TAGS, frames_of


def only(folder):
    (series,) = find_series([folder]).series
    return series


def encoded(frame, syntax):
    if syntax in (JPEGLossless, JPEGLosslessSV1):
        return imagecodecs.ljpeg_encode(frame.astype(np.uint16), bitspersample=16)
    return encode_frame(frame, syntax, 16)


def compressed(folder, syntax, stated=None, slices=None):
    for number, slice_ in enumerate(slices or stack_of(body().astype(np.uint16))):
        stream = encoded(body()[number].astype(np.uint16), syntax)
        slice_.PixelData = encapsulate([stream + b"\0" * (len(stream) % 2)])
        slice_["PixelData"].is_undefined_length = True
        save(slice_, folder / f"{number}", stated or syntax)
    return folder


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless, JPEGLossless, JPEGLosslessSV1])
def test_lossless_compression_changes_nothing(tmp_path, syntax):
    assert np.array_equal(read_series(only(compressed(tmp_path, syntax))).voxels, body() - 1024)


def test_another_compression_than_stated_is_one_clear_line(tmp_path):
    series = only(compressed(tmp_path, RLELossless, stated=JPEG2000Lossless))
    with pytest.raises(FileFormatError, match=r"states JPEG 2000 .* which its pixels are not") as fault:
        read_series(series)
    assert "\n" not in str(fault.value)


def test_a_compressed_image_larger_than_its_header_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    slices = stack_of(body().astype(np.uint16))
    for slice_ in slices:
        slice_.Rows, slice_.Columns = 2, 2
    series = only(compressed(tmp_path, JPEG2000Lossless, slices=slices))
    monkeypatch.setattr(imagecodecs, "jpeg2k_decode", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(FileFormatError, match="states 2 x 2 pixels, its compressed image 14 x 16"):
        read_series(series)


def test_a_cut_off_compressed_file_is_left_out(tmp_path):
    path = compressed(tmp_path, JPEG2000Lossless) / "5"
    path.write_bytes(path.read_bytes()[:-20])
    (left,) = find_series([tmp_path]).left_out
    assert left.reason == "its compressed pixels are cut off"


@pytest.mark.parametrize(
    "name",
    [
        "693_J2KI.dcm",
        "J2K_pixelrep_mismatch.dcm",
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "examples_overlay.dcm",
        "image_dfl.dcm",
        "CT_small.dcm",
    ],
)
def test_stored_values_are_those_of_pydicom(name):
    path = get_testdata_file(name, download=False)
    (frame,) = frames_of(read_header(Path(path), TAGS))
    with FrameReader() as reader:
        assert np.array_equal(reader.read(frame), pydicom.dcmread(path).pixel_array)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_an_enhanced_file_holds_the_volume_of_its_frames(tmp_path, modality, syntax):
    """highdicom converts the slices to one enhanced file, frames in the order given."""
    from highdicom.legacy import LegacyConvertedEnhancedCTImage, LegacyConvertedEnhancedMRImage

    kind = LegacyConvertedEnhancedCTImage if modality == "CT" else LegacyConvertedEnhancedMRImage
    extra = {
        "FrameOfReferenceUID": "1.2.826.99",
        "PatientBirthDate": "", "PatientSex": "", "StudyTime": "", "AccessionNumber": "", "StudyID": "",
        "ReferringPhysicianName": "", "PositionReferenceIndicator": "", "BurnedInAnnotation": "NO",
        "PatientPosition": "HFS", "AcquisitionNumber": 1, "AcquisitionDateTime": "20190301101530",
        "SliceThickness": STEP_MM, "Manufacturer": "x", "SeriesDate": "", "SeriesTime": "",
    }  # fmt: skip
    voxels = body((12, 40, 48)).astype(np.uint16)
    slices = stack_of(voxels, modality=modality, **extra)
    order = np.random.default_rng(3).permutation(len(slices))
    for slice_ in slices:
        save(slice_, tmp_path / "x")
    enhanced = kind(
        [slices[place] for place in order], generate_uid(), 5, generate_uid(), 1, transfer_syntax_uid=syntax
    )
    (tmp_path / "x").unlink()
    enhanced.save_as(tmp_path / "enhanced")
    series = only(tmp_path)
    assert (series.facts.slices, series.facts.plane, series.facts.slice_mm) == (12, "transversal", STEP_MM)
    assert len(series.files) == 1
    assert np.array_equal(read_series(series).voxels, voxels - (1024.0 if modality == "CT" else 0))


def placed(path, folder):
    """A copy of emri_small with the functional groups that were taken out of it: one slice each millimetre."""
    whole = pydicom.dcmread(path)
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient, measures.PixelSpacing = list(CORONAL), [1.5, 1.5]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    whole.SharedFunctionalGroupsSequence, whole.PerFrameFunctionalGroupsSequence = [shared], []
    for number in range(whole.NumberOfFrames):
        frame, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 1.2 * number, 0]
        frame.PlanePositionSequence = [position]
        whole.PerFrameFunctionalGroupsSequence.append(frame)
    folder.mkdir(parents=True, exist_ok=True)
    whole.save_as(folder / path.name)
    return folder


def test_every_frame_of_a_compressed_enhanced_mr_is_decoded(tmp_path):
    """The frames of emri_small are the same in five transfer syntaxes."""
    endings = ("", "_RLE", "_jpeg_2k_lossless", "_jpeg_ls_lossless", "_big_endian")
    paths = [get_testdata_file(f"emri_small{ending}.dcm", download=False) for ending in endings]
    if None in paths:
        pytest.skip("pydicom's larger test files are not installed (pip install pydicom-data)")
    truth = pydicom.dcmread(paths[0]).pixel_array
    for path in map(Path, paths):
        with pytest.raises(FileFormatError, match="where they lie"):
            read_series(only(path))
        series = only(placed(path, tmp_path / path.stem))
        assert (series.facts.slices, series.facts.plane, series.facts.slice_mm) == (10, "coronal", 1.2)
        assert np.array_equal(read_series(series).voxels, truth)


def test_a_multi_frame_file_that_does_not_say_where_frames_lie_is_no_volume(tmp_path):
    slice_ = stack_of(SOPClassUID=SecondaryCaptureImageStorage)[0]
    slice_.NumberOfFrames, slice_.PixelData = 12, body().tobytes()
    save(slice_, tmp_path / "x")
    assert only(tmp_path).facts.slices == 12
    with pytest.raises(FileFormatError, match="where they lie"):
        read_series(only(write(tmp_path, [])))

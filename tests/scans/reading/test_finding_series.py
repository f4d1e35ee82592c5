"""Series are found by what files hold, and what belongs to none is left out with its reason."""

import contextlib
import hashlib
import os
import shutil
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)
from written_slices import CORONAL, START, STEP_MM, body, image, save, stack_of, write

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading import find_series, read_series
from tumorboard.scans.reading.facts import seconds_of_day


def reasons(folder):
    return {left.path.name: left.reason for left in find_series([folder]).left_out}


def only(folder):
    (series,) = find_series([folder]).series
    return series


def test_series_studies_and_patients_in_one_folder_are_told_apart(tmp_path):
    write(tmp_path / "a", stack_of(series="1.2.826.7"))
    write(tmp_path / "a" / "b", stack_of(series="1.2.826.8", SeriesNumber=4))
    write(tmp_path / "c", stack_of(series="1.2.826.9", patient="P-22"))
    found = find_series([tmp_path])
    assert [series.facts.series_uid for series in found.series] == ["1.2.826.7", "1.2.826.8", "1.2.826.9"]
    assert found.patients == 2
    assert len({series.facts.study_uid for series in found.series}) == 2


def test_one_series_number_of_two_patients_stays_two_series(tmp_path):
    write(tmp_path / "a", stack_of(patient="P-1"))
    write(tmp_path / "b", stack_of(patient="P-2"))
    assert [series.facts.slices for series in find_series([tmp_path]).series] == [12, 12]


def test_a_patients_key_holds_no_identifier_nor_a_plain_hash_of_one(tmp_path):
    key = only(write(tmp_path, stack_of(patient="P-1"))).patient_key
    plain = {hashlib.new(name, b"P-1").hexdigest()[: len(key)] for name in ("md5", "sha1", "sha256", "blake2b")}
    assert key not in plain | {"P-1"}
    assert "P-1" not in repr(only(tmp_path).facts)


def test_facts_are_the_headers(tmp_path):
    facts = only(
        write(
            tmp_path,
            stack_of(
                ContrastBolusAgent="",
                AcquisitionTime="101530.5",
                ContrastBolusStartTime="101400",
                ConvolutionKernel=["Br38f", "3"],
                BurnedInAnnotation="NO",
                BodyPartExamined="KIDNEY",
            ),
        )
    ).facts
    assert (facts.modality, facts.slices, facts.plane, facts.number) == ("CT", 12, "transversal", 3)
    assert (facts.slice_mm, facts.pixel_mm, facts.date) == (STEP_MM, 0.8, "20190301")
    assert (facts.contrast_agent, facts.kernel, facts.burned_in) == ("", "Br38f\\3", False)
    assert (facts.acquisition_seconds, facts.contrast_seconds) == (36930.5, 36840.0)
    assert facts.image_type == ("ORIGINAL", "PRIMARY", "AXIAL")
    assert facts.echo_ms is None


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("101530.25", 36930.25),
        ("10:15:30", 36930),
        ("1015", 36900),
        ("10", 36000),
        ("", None),
        ("25", None),
        ("x", None),
    ],
)
def test_times_of_day_old_and_new(time, seconds):
    assert seconds_of_day(time) == seconds


def test_an_absent_contrast_agent_is_none(tmp_path):
    assert only(write(tmp_path, stack_of())).facts.contrast_agent is None


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_uncompressed_transfer_syntax_is_read(tmp_path, syntax):
    slices = stack_of()
    for number, slice_ in enumerate(slices):
        if syntax == ExplicitVRBigEndian:
            slice_.PixelData = body()[number].byteswap().tobytes()
        save(slice_, tmp_path / str(number), syntax)
    assert np.array_equal(read_series(only(tmp_path)).voxels, body() - 1024)


@pytest.mark.parametrize("implicit", [True, False])
def test_data_sets_without_preamble_are_recognised(tmp_path, implicit):
    for number, slice_ in enumerate(stack_of()):
        slice_.save_as(tmp_path / f"n{number}", implicit_vr=implicit, little_endian=True)
    assert np.array_equal(read_series(only(tmp_path)).voxels, body() - 1024)


def test_other_files_are_left_out_with_a_reason(tmp_path):
    write(tmp_path, stack_of())
    (tmp_path / "notes.txt").write_text("seen by radiology")
    (tmp_path / "empty").touch()
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "mask.nii.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "all.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "page.png").write_bytes(b"\x89PNG\r\n")
    shutil.copy(get_testdata_file("DICOMDIR", download=False), tmp_path / "DICOMDIR")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    left = reasons(tmp_path)
    assert left.pop("DICOMDIR").startswith("a DICOMDIR")
    assert left == {
        "notes.txt": "no DICOM file",
        "empty": "empty",
        ".DS_Store": "hidden",
        "mask.nii.gz": "a volume file, no DICOM file; name it by itself",
        "all.zip": "a zip archive; unpack it first",
        "page.png": "a picture, no DICOM file",
        "pipe": "no regular file",
    }
    assert only(tmp_path).facts.slices == 12


def test_a_path_that_is_absent_or_an_archive_is_an_error(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        find_series([tmp_path / "absent"])
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(FileFormatError, match="zip"):
        find_series([tmp_path / "a.zip"])


def test_a_copied_file_is_taken_once(tmp_path):
    write(tmp_path / "a", stack_of())
    write(tmp_path / "b", stack_of()[:3])
    found = find_series([tmp_path, tmp_path / "a"])
    assert [series.facts.slices for series in found.series] == [12]
    assert sorted(left.reason for left in found.left_out) == [f"a copy of IM000{n}" for n in range(3)]


def test_images_whose_anonymiser_emptied_the_identifiers_are_kept_together_by_folder(tmp_path):
    nameless = {"SeriesInstanceUID": "", "StudyInstanceUID": "", "SOPInstanceUID": "", "PatientID": ""}
    write(tmp_path / "a", stack_of(PatientName="", **nameless))
    write(tmp_path / "b", stack_of(PatientName="", **nameless))
    found = find_series([tmp_path])
    assert [series.facts.slices for series in found.series] == [12, 12]
    assert found.patients == 0
    assert "do not identify" in found.series[0].remarks[0]


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep])


@settings(max_examples=25)
@given(share=st.floats(0.0, 0.999))
def test_a_file_cut_off_anywhere_never_becomes_a_slice(tmp_path_factory, share):
    folder = tmp_path_factory.mktemp("cut")
    path = save(stack_of()[0], folder / "cut")
    cut(path, int(share * path.stat().st_size))
    found = find_series([folder])
    assert found.series == ()
    assert "\n" not in found.left_out[0].reason


@settings(max_examples=25)
@given(data=st.data())
def test_a_file_with_wrong_bytes_raises_nothing_but_a_format_error(tmp_path_factory, data):
    folder = write(tmp_path_factory.mktemp("wrong"), stack_of())
    path = folder / "IM0003"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, 900))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    for series in find_series([folder]).series:
        with contextlib.suppress(FileFormatError):
            assert np.isfinite(read_series(series).voxels).all()


def test_a_damaged_slice_is_left_out_and_filled(tmp_path):
    write(tmp_path, stack_of())
    cut(tmp_path / "IM0004", 700)
    assert "cut off" in reasons(tmp_path)["IM0004"]
    assert any("1 of 12" in remark for remark in read_series(only(tmp_path)).remarks)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (ImplicitVRLittleEndian, "not written as its header states"),
        (ExplicitVRBigEndian, "not written as its header states"),
        (JPEG2000Lossless, "its pixels are not compressed"),
        ("1.2.840.10008.1.2.4.100", "not one that can be read"),
        ("1.2.3.4.5", "1.2.3.4.5 is not one that can be read"),
    ],
)
def test_a_wrong_transfer_syntax_is_one_clear_line(tmp_path, stated, words):
    path = save(stack_of()[0], tmp_path / "x")
    even = lambda text: (text + "\0" * (len(text) % 2)).encode()  # noqa: E731
    old, new = even(str(ExplicitVRLittleEndian)), even(str(stated))
    at = path.read_bytes().index(b"\x02\x00\x10\x00UI")
    content = path.read_bytes()
    length = struct.unpack("<H", content[at + 6 : at + 8])[0]
    assert content[at + 8 : at + 8 + length] == old
    path.write_bytes(content[: at + 6] + struct.pack("<H", len(new)) + new + content[at + 8 + length :])
    assert words in reasons(tmp_path)["x"]


def test_enormous_sizes_in_small_files_are_refused(tmp_path):
    slice_ = stack_of()[0]
    slice_.Rows = slice_.Columns = 65535
    save(slice_, tmp_path / "x")
    assert "cut off" in reasons(tmp_path)["x"]
    slice_.Rows, slice_.Columns = body().shape[1:]
    slice_.NumberOfFrames = 2**31 - 1
    save(slice_, tmp_path / "x")
    assert "cut off" in reasons(tmp_path)["x"]


def test_a_deflated_bomb_is_refused(tmp_path):
    path = save(stack_of()[0], tmp_path / "x", DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    begin = 132 + 12 + struct.unpack("<L", content[140:144])[0]
    data_set = zlib.decompress(content[begin:], -zlib.MAX_WBITS)
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    path.write_bytes(content[:begin] + packer.compress(data_set + bytes(2**26)) + packer.flush())
    assert "swells" in reasons(tmp_path)["x"]


def test_objects_that_are_no_images_have_facts_and_no_frames(tmp_path):
    for name in ("rtstruct.dcm", "reportsi.dcm", "liver_1frame.dcm"):
        shutil.copy(get_testdata_file(name, download=False), tmp_path)
    found = {series.facts.modality: series for series in find_series([tmp_path]).series}
    assert set(found) == {"RTSTRUCT", "SR", "SEG"}
    assert all(series.frames == () and len(series.files) == 1 for series in found.values())
    with pytest.raises(FileFormatError, match="SEG"):
        read_series(found["SEG"])


def test_a_localizer_among_the_slices_is_a_series_of_its_own(tmp_path):
    scout = image(body()[0][:, :9].copy(), START, orientation=CORONAL, number=99, ImageType=["ORIGINAL", "LOCALIZER"])
    write(tmp_path, [*stack_of(), scout])
    slices, localizer = sorted(find_series([tmp_path]).series, key=lambda series: -series.facts.slices)
    assert (slices.facts.slices, localizer.facts.slices) == (12, 1)
    assert (slices.facts.plane, localizer.facts.plane) == ("transversal", "coronal")
    assert "orientation" in slices.remarks[0]
    assert np.array_equal(read_series(slices).voxels, body() - 1024)


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("TemporalPositionIdentifier", [1, 2, 3]),
        ("AcquisitionNumber", [4, 5, 6]),
        ("EchoTime", [2.4, 4.8, 7.2]),
        ("ImageType", [["ORIGINAL", "PRIMARY", kind] for kind in ("IN", "OUT", "W")]),
        ("AcquisitionTime", ["101500", "101530", "101600"]),
        ("AccessionNumber", ["", "", ""]),
    ],
)
def test_phases_of_one_series_become_several_stacks(tmp_path, keyword, values):
    """The last of the cases says nothing of phases: there, numbers alone tell them apart."""
    slices = []
    for phase, value in enumerate(values):
        part = stack_of(body() + np.int16(phase), modality="MR", change=lambda n, value=value: {keyword: value})
        for place, slice_ in enumerate(part):
            slice_.InstanceNumber = 1 + 3 * place + phase
            slice_.SOPInstanceUID += f".{phase}"
        slices += part
    found = find_series([write(tmp_path, slices)]).series
    assert [series.facts.slices for series in found] == [12, 12, 12]
    assert [(series.part, series.parts) for series in found] == [(1, 3), (2, 3), (3, 3)]
    assert all("divided by" in series.remarks[0] for series in found)
    for phase, series in enumerate(found):
        assert np.array_equal(read_series(series).voxels, body() + phase)


def test_interleaved_acquisitions_of_one_stack_stay_together(tmp_path):
    change = lambda n: {"AcquisitionNumber": n % 2, "AcquisitionTime": f"1015{n:02d}"}  # noqa: E731
    series = only(write(tmp_path, stack_of(change=change)))
    assert series.facts.slices == 12
    assert series.remarks == ()

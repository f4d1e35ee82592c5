"""``tumorboard measure`` as a user runs it, on real masks and on small ones of every format."""

import itertools
import json

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from PIL import Image

PLANES = ("transversal", "coronal", "sagittal")
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture(scope="session")
def kits19(real_data):
    return real_data / "scans" / "kits19"


def ball(shape=(30, 40, 50), centre=(14, 18, 22), radius_mm=9.0, spacing=(3.0, 0.8, 0.8)):
    """A ball in an array whose axes run along z, y, x."""
    places = np.ogrid[tuple(slice(length) for length in shape)]
    away = sum(((place - at) * step) ** 2 for place, at, step in zip(places, centre, spacing, strict=True))
    return (away <= radius_mm**2).astype(np.uint8)


def write_nifti(path, labels, spacing=(3.0, 0.8, 0.8), order=(0, 1, 2), flips=()):
    """Write an array in patient axes (z, y, x) with its axes in another order; returns the axis of each plane."""
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing)[:, ::-1].T[:, list(order)]  # a column is the step of one of the file's axes
    stored = labels.transpose(order)
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (stored.shape[axis] - 1)
        affine[:3, axis] *= -1
        stored = np.flip(stored, axis)
    nib.save(nib.Nifti1Image(np.ascontiguousarray(stored), RAS_TO_LPS @ affine), path)
    return {plane: order.index(number) for number, plane in enumerate(PLANES)}


def one_line(told):
    code, _, err = told
    assert code == 2
    assert err.startswith("tumorboard: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("case", ["case_00015", "case_00023", "case_00037", "case_00038", "case_00061", "case_00110"])
def test_kits19_stores_transversal_slices_first(kits19, run_json, case):
    path = kits19 / case / "segmentation.nii.gz"
    answer = run_json("measure", path)
    image = nib.load(path)
    tumour = np.asarray(image.dataobj) == 2
    assert [answer[plane]["axis"] for plane in PLANES] == [0, 1, 2]
    assert answer["spacing_mm"] == pytest.approx([float(step) for step in image.header.get_zooms()])
    assert answer["components"] == 1
    assert answer["volume_ml"] == pytest.approx(tumour.sum() * np.prod(answer["spacing_mm"]) / 1000)
    to_index = np.linalg.inv(RAS_TO_LPS @ image.affine)
    for plane in PLANES:
        found = answer[plane]
        ends = np.array(found["endpoints_mm"])
        assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(found["diameter_mm"])
        at = nib.affines.apply_affine(to_index, ends)
        assert at[:, found["axis"]] == pytest.approx(found["slice"], abs=1e-3)
        # either end is the middle of a side of a voxel of the tumour
        nearest = [np.abs(np.argwhere(tumour) - end).sum(axis=1).min() for end in at]
        assert nearest == pytest.approx([0.5, 0.5], abs=1e-3)
    assert not [warning for warning in answer["warnings"] if "axis" in warning]


def test_kits19_is_measured_as_the_radiologist_did_within_a_centimetre(kits19, run_json):
    stated = {one["case_id"]: one["radiographic_size"] for one in json.loads((kits19 / "kits.json").read_text())}
    apart = [
        run_json("measure", path)["transversal"]["diameter_mm"] / 10 - stated[path.parent.name]
        for path in sorted(kits19.glob("*/segmentation.nii.gz"))
    ]
    assert len(apart) == 6
    assert np.abs(apart).max() < 1
    assert abs(np.mean(apart)) < 0.3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (0,), (1, 2)])
def test_any_order_of_voxels_gives_the_same_sizes_and_the_files_own_slices(tmp_path, run_json, order, flips):
    labels = ball()
    labels[14, 18, 30:36] = 1  # so that one slice alone has the diameter
    straight, turned = tmp_path / "straight.nii.gz", tmp_path / "turned.nii.gz"
    write_nifti(straight, labels)
    axes = write_nifti(turned, labels, order=order, flips=flips)
    expected, answer = run_json("measure", straight), run_json("measure", turned)
    for plane in PLANES:
        assert answer[plane]["axis"] == axes[plane]
        assert answer[plane]["diameter_mm"] == pytest.approx(expected[plane]["diameter_mm"])
        assert answer[plane]["perpendicular_mm"] == pytest.approx(expected[plane]["perpendicular_mm"])
    last = np.asarray(nib.load(turned).dataobj).shape[axes["transversal"]] - 1
    assert answer["transversal"]["slice"] == (last - 14 if axes["transversal"] in flips else 14)


@pytest.mark.parametrize("ending", ["nii", "nii.gz", "mha", "nrrd"])
def test_every_format_gives_the_same(tmp_path, run_json, ending):
    image = sitk.GetImageFromArray(ball())
    image.SetSpacing((0.8, 0.8, 3.0))
    image.SetOrigin((-100, 20, 300))
    path = tmp_path / f"mask.{ending}"
    sitk.WriteImage(image, str(path))
    answer = run_json("measure", path)
    assert answer["spacing_mm"] == pytest.approx([0.8, 0.8, 3.0])
    assert {plane: (answer[plane]["axis"], answer[plane]["slice"]) for plane in PLANES} == {
        "transversal": (2, 14), "coronal": (1, 18), "sagittal": (0, 22),
    }  # fmt: skip
    assert answer["transversal"]["diameter_mm"] == pytest.approx(18, abs=0.8)
    middle = np.mean(answer["transversal"]["endpoints_mm"], axis=0)
    assert middle == pytest.approx([-100 + 22 * 0.8, 20 + 18 * 0.8, 300 + 14 * 3], abs=0.4)


def test_a_dicom_segmentation_is_measured_without_its_scan(real_data, run_json, run):
    path = real_data / "scans" / "dicom_seg" / "liver_seg.dcm"
    answer = run_json("measure", path, "--label", 1)
    assert [answer[plane]["axis"] for plane in PLANES] == [0, 1, 2]
    assert answer["transversal"]["slice"] in range(3)
    assert 200 < answer["transversal"]["diameter_mm"] < 280
    assert answer["labels"][0]["name"].startswith("Liver")
    assert not {"bottom", "top"} & set(answer["touches"])  # the file holds no slice beyond the liver's
    assert "none of its labels" in one_line(run("measure", path))


def test_the_largest_mass_is_measured_and_the_others_are_counted(tmp_path, run_json, run):
    labels = ball(shape=(30, 40, 90)) * 2
    labels[12:16, 10:16, 70:76] = 2
    labels[0, 0, 0] = 2
    labels[labels == 0] = ball(shape=(30, 40, 90), radius_mm=20)[labels == 0]
    write_nifti(tmp_path / "mask.nii.gz", labels)
    answer = run_json("measure", tmp_path / "mask.nii.gz")
    assert (answer["components"], answer["specks"]) == (2, 1)
    assert answer["labels"] == [{"label": 2, "name": None}]
    assert answer["transversal"]["diameter_mm"] < 20
    assert answer["other_volumes_ml"] == pytest.approx([4 * 6 * 6 * 3 * 0.64 / 1000])
    _, out, _ = run("measure", tmp_path / "mask.nii.gz")
    assert "the largest of 2 masses" in out
    assert run_json("measure", tmp_path / "mask.nii.gz", "--label", 1)["labels"][0]["label"] == 1


def test_a_tumour_at_the_border_may_be_larger_than_measured(tmp_path, run, run_json):
    write_nifti(tmp_path / "mask.nii.gz", ball(centre=(14, 18, 2)))
    assert run_json("measure", tmp_path / "mask.nii.gz")["touches"] == ["right"]
    assert "reaches the volume's right" in run("measure", tmp_path / "mask.nii.gz")[1]


def test_a_header_that_turns_slices_round_is_told_and_can_be_overruled(tmp_path, run, run_json):
    # KiTS19's first release: slices first, but an affine that calls this axis left and right
    labels = ball(shape=(30, 64, 64), centre=(14, 30, 30))
    labels[14, 30, 36:50] = 1
    path, sound = tmp_path / "wrong.nii.gz", tmp_path / "sound.nii.gz"
    nib.save(nib.Nifti1Image(labels, np.diag([3.0, 0.8, 0.8, 1.0])), path)
    write_nifti(sound, labels)
    answer, truth = run_json("measure", path), run_json("measure", sound)
    assert answer["transversal"]["axis"] == 2
    assert any("--transversal-axis 0" in warning for warning in answer["warnings"])
    assert "--transversal-axis 0" in run("measure", path)[1]
    mended = run_json("measure", path, "--transversal-axis", 0)
    for plane in PLANES:
        assert mended[plane]["diameter_mm"] == pytest.approx(truth[plane]["diameter_mm"])
        assert mended[plane]["axis"] == truth[plane]["axis"]
    assert "whatever the header says" in " ".join(mended["warnings"])


def test_the_table_and_the_picture(tmp_path, run):
    write_nifti(tmp_path / "mask.nii.gz", ball())
    code, out, _ = run("measure", tmp_path / "mask.nii.gz", "--picture", tmp_path / "sub" / "seen.png")
    assert code == 0
    assert all(plane in out for plane in PLANES)
    assert "Volume 3." in out
    with Image.open(tmp_path / "sub" / "seen.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height > 200
    first = (tmp_path / "sub" / "seen.png").read_bytes()
    run("measure", tmp_path / "mask.nii.gz", "--picture", tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == first


def test_help_shows_examples(run):
    code, out, _ = run("measure", "--help")
    assert code == 0
    assert "tumorboard measure segmentation.nii.gz" in out
    assert "counted from 0" in " ".join(out.split())


def _sheared(path):
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    affine[1, 2] = 0.8
    nib.save(nib.Nifti1Image(ball(), affine), path)


def _image(path):
    nib.save(nib.Nifti1Image(ball().astype(np.int16) * 100 - 50, np.eye(4)), path)


@pytest.mark.parametrize(
    ("write", "words", "told"),
    [
        (lambda path: write_nifti(path, ball() * 0), (), "empty"),
        (lambda path: write_nifti(path, ball()), ("--label", 7), "7"),
        (lambda path: write_nifti(path, ball() * 4 + (ball(radius_mm=20) > 0)), (), "--label"),
        (_sheared, (), "right angles"),
        (_image, (), "labels"),
        (lambda path: path.write_bytes(b""), (), "empty"),
        (lambda path: path.write_bytes(b"\x1f\x8b" + bytes(400)), (), "NIfTI"),
        (lambda path: path.mkdir(), (), "folder"),
        (lambda path: None, (), "no such"),
        (lambda path: write_nifti(path, ball()), ("--picture", "seen.jpg"), ".png"),
        (lambda path: write_nifti(path, ball()), ("--transversal-axis", 3), "transversal-axis"),
    ],
    ids=[
        "empty", "no such label", "several labels", "sheared", "a CT", "no bytes", "broken", "folder", "missing", "jpg",
        "axis 3",
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_line(tmp_path, run, write, words, told):
    path = tmp_path / "mask.nii.gz"
    write(path)
    assert told in one_line(run("measure", path, *words))


def test_outlines_without_voxels_are_referred_to_prepare(tmp_path, run):
    (tmp_path / "outline.csv").write_text("slice,x,y\n1,2,3\n")
    assert "prepare" in one_line(run("measure", tmp_path / "outline.csv"))

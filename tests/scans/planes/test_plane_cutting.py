"""A plane's picture shows the slice of the largest diameter, at one scale, hung as radiologists do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_volume import STORED, STRAIGHT, ball, cropped, noise_volume, patient_grid, places, sized, stored_as

from tumorboard.scans.planes import Marked, cut_planes
from tumorboard.scans.planes.geometry import PlaneGeometry, plane_directions
from tumorboard.scans.planes.resampling import PlaneSampler
from tumorboard.scans.volume import NORMAL_AXIS, PLANES, Grid, Volume
from tumorboard.study.scan_settings import ScanSettings

ALONE = ScanSettings(neighbours=0)
SMALL = ScanSettings(neighbours=0, size_px=64, field_mm=60, margin_mm=5)


def central(images):
    return {image.geometry.plane: image for image in images if image.geometry.offset_mm == 0}


def rotated(degrees_x, degrees_z):
    x, z = np.radians([degrees_x, degrees_z])
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return STRAIGHT @ (about_x @ about_z).T


@given(stored=st.sampled_from(STORED))
def test_sides_of_the_patient_lie_where_radiologists_look_for_them(stored):
    grid = patient_grid((20, 30, 40), (3, 2, 1.5))
    mask = ball(grid, (10, 15, 20), (9, 9, 9))
    # bright by thirds: right, front and head; each is seen where it belongs
    bright = {"right": np.s_[:, :, :13], "front": np.s_[:, :10, :], "head": np.s_[13:, :, :]}
    seen = {
        ("right", "transversal"): "left", ("right", "coronal"): "left",
        ("front", "transversal"): "top", ("front", "sagittal"): "left",
        ("head", "coronal"): "top", ("head", "sagittal"): "top",
    }  # fmt: skip
    for side, part in bright.items():
        voxels = np.full(grid.shape, -160, np.int16)
        voxels[part] = 240
        turned, turned_grid = stored_as(voxels, grid, *stored)
        turned_mask, _ = stored_as(mask, grid, *stored)
        images = central(cut_planes(Volume(turned, turned_grid, "CT"), cropped(turned_mask), sized(mask, grid), SMALL))
        for (told, plane), where in seen.items():
            if told == side:
                pixels = images[plane].pixels
                strip = pixels[20:44, :8] if where == "left" else pixels[:8, 20:44]
                other = pixels[20:44, -8:] if where == "left" else pixels[-8:, 20:44]
                assert strip.max() == 255, (side, plane)
                assert other.max() == 0, (side, plane)


@given(
    angles=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    tilt=st.floats(-25, 25),
    slope=st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3)),
    plane=st.sampled_from(PLANES),
    depth=st.floats(0, 29),
)
def test_what_grows_evenly_through_the_patient_is_kept_at_every_pixel(angles, tilt, slope, plane, depth):
    # linear interpolation keeps it exactly, in oblique volumes and those of a tilted gantry, between slices too
    directions = rotated(*angles)
    directions[0] += np.tan(np.radians(tilt)) * directions[1]
    grid = patient_grid(directions=directions)
    voxels = (places(grid) @ np.array(slope)).astype(np.float32)
    geometry = _laid_through(grid, plane, depth)
    assert abs(geometry.row_step_mm @ geometry.column_step_mm) < 1e-9
    pixels = np.indices((48, 48)).reshape(2, -1)
    inside = PlaneSampler(grid, geometry, 48).inside()
    got = PlaneSampler(grid, geometry, 48).values(voxels)
    indices = geometry.to_voxels(*pixels, grid).reshape(48, 48, 3)
    assert np.allclose(indices[..., NORMAL_AXIS[plane]], depth)
    assert np.array_equal(inside, ((indices > -0.5) & (indices < np.array(grid.shape) - 0.5)).all(axis=-1))
    within = ((indices > -1e-6) & (indices < np.array(grid.shape) - 1 + 1e-6)).all(axis=-1)
    assert within.sum() > 200
    wanted = geometry.to_patient(*pixels).reshape(48, 48, 3) @ np.array(slope)
    assert np.abs(got - wanted)[within].max() < 0.05


def _laid_through(grid, plane, depth):
    """Lay a picture of pixels smaller than any voxel through a slice's middle."""
    rows, columns = plane_directions(grid, plane)
    middle = (np.array(grid.shape) - 1) / 2
    middle[NORMAL_AXIS[plane]] = depth
    start = grid.to_patient(middle[None])[0] - 23.5 * 0.6 * (rows + columns)
    return PlaneGeometry(plane, 0, 0.0, start, 0.6 * rows, 0.6 * columns)


@pytest.mark.parametrize("directions", [STRAIGHT, rotated(12, 0), rotated(-7, 15)])
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_picture_is_the_one_that_simpleitk_resamples(directions, modality):
    grid = patient_grid((24, 70, 80), (4, 1.1, 0.9), directions=directions)
    volume = noise_volume(grid, modality)
    mask = ball(grid, (11, 40, 30), (14, 11, 17))
    chosen = ScanSettings(neighbours=2, size_px=160, field_mm=100)
    images = cut_planes(volume, cropped(mask), sized(mask, grid), chosen)
    assert len(images) == 15
    for image in images:
        wanted = by_simpleitk(volume, image)
        assert np.abs(wanted.astype(int) - image.pixels).max() <= 1, image.geometry


def by_simpleitk(volume, image):
    import SimpleITK as sitk  # noqa: N813

    geometry, grid = image.geometry, volume.grid
    stored = sitk.GetImageFromArray(volume.voxels.astype(np.float32))
    stored.SetOrigin(grid.origin_mm.tolist())
    stored.SetSpacing(grid.spacing_mm[::-1].tolist())
    stored.SetDirection((grid.steps_mm / grid.spacing_mm[:, None])[::-1].T.ravel().tolist())
    across = np.cross(geometry.column_step_mm, geometry.row_step_mm) / geometry.pixel_mm**2
    directions = np.stack(
        [geometry.column_step_mm / geometry.pixel_mm, geometry.row_step_mm / geometry.pixel_mm, across]
    )
    height, width = image.pixels.shape
    resampled = sitk.Resample(
        stored, (width, height, 1), sitk.Transform(), sitk.sitkLinear, geometry.origin_mm.tolist(),
        (geometry.pixel_mm, geometry.pixel_mm, 1.0), directions.T.ravel().tolist(), image.window.low, sitk.sitkFloat32,
    )  # fmt: skip
    values = sitk.GetArrayFromImage(resampled)[0]
    share = (values - image.window.low) / (image.window.high - image.window.low)
    return np.rint(np.clip(share, 0, 1) * np.iinfo(image.pixels.dtype).max)


def test_each_plane_runs_through_the_slice_of_its_largest_diameter():
    grid = patient_grid()
    mask = ball(grid, (12, 20, 22), (11, 8, 14))
    size = sized(mask, grid)
    for plane, image in central(cut_planes(noise_volume(grid), cropped(mask), size, ALONE)).items():
        diameter = size.diameters[plane]
        assert image.geometry.slice == diameter.slice
        ends = image.geometry.to_pixels(np.array(diameter.endpoints_mm))
        assert np.allclose(ends[:, 2], 0, atol=1e-9)
        # the ends lie on the outline: within a pixel there is tumour, a voxel beyond there is none
        apart = ends[1, :2] - ends[0, :2]
        unit = apart / np.linalg.norm(apart)
        for end, outward in ((ends[0, :2], -unit), (ends[1, :2], unit)):
            assert _marked_near(image.mask, end - 1.5 * outward)
            assert not _marked_near(image.mask, end + 4 * outward)
        assert np.linalg.norm(apart) * image.geometry.pixel_mm == pytest.approx(diameter.diameter_mm, abs=1e-6)


def _marked_near(mask, place):
    row, column = np.round(place).astype(int)
    return bool(mask[row - 1 : row + 2, column - 1 : column + 2].any())


@settings(max_examples=25)
@given(radii=st.tuples(*[st.floats(6, 25)] * 3))
def test_the_mask_in_the_picture_has_the_area_of_the_mask_in_the_slice(radii):
    grid = patient_grid((40, 80, 90), (2, 0.9, 0.8))
    mask = ball(grid, (20, 40, 45), radii)
    for plane, image in central(cut_planes(noise_volume(grid), cropped(mask), sized(mask, grid), ALONE)).items():
        axis = NORMAL_AXIS[plane]
        voxel_mm2 = np.delete(grid.spacing_mm, axis).prod()
        wanted = np.take(mask, image.geometry.slice, axis).sum() * voxel_mm2
        assert set(np.unique(image.mask)) <= {0, 255}
        assert (image.mask > 0).sum() * image.geometry.pixel_mm**2 == pytest.approx(wanted, rel=0.06)
        rows, columns = np.nonzero(image.mask)
        middle = (np.array([rows.min() + rows.max(), columns.min() + columns.max()]) / 2).round(1)
        assert np.abs(middle - 127.5).max() <= 1  # centred


def test_a_larger_tumour_looks_larger():
    grid = patient_grid((60, 100, 100), (2, 1, 1))
    areas = []
    for radius in (10, 20):
        mask = ball(grid, (30, 50, 50), (radius,) * 3)
        images = central(cut_planes(noise_volume(grid), cropped(mask), sized(mask, grid), ALONE))
        assert all(image.geometry.pixel_mm == pytest.approx(180 / 256) for image in images.values())
        assert not any("field of view" in remark for image in images.values() for remark in image.remarks)
        areas.append((images["transversal"].mask > 0).sum())
    assert areas[1] / areas[0] == pytest.approx(4, rel=0.05)


def test_the_field_of_a_patient_grows_where_the_tumour_does_not_fit_and_that_is_told():
    grid = patient_grid((60, 200, 220), (4, 1, 1))
    mask = ball(grid, (30, 100, 110), (95, 60, 70))
    images = central(cut_planes(noise_volume(grid), cropped(mask), sized(mask, grid), ALONE))
    for image in images.values():
        assert image.geometry.pixel_mm * 256 == pytest.approx(211)  # 191 voxels and twice 10 mm
        assert image.remarks[0].startswith("the field of view is 211 mm, not 180 mm")
        margin_px = int(10 / image.geometry.pixel_mm)
        rim = np.ones_like(image.mask, bool)
        rim[margin_px:-margin_px, margin_px:-margin_px] = False
        assert not image.mask[rim].any()


def test_neighbours_lie_at_distances_in_mm_whatever_the_slices():
    mask_of = {}
    for spacing, slices in ((5.0, 30), (1.0, 150)):
        grid = patient_grid((slices, 60, 60), (spacing, 1, 1), origin=(0, 0, 0))
        z = places(grid)[..., 2]
        volume = Volume((z * 2 - 160).astype(np.int16), grid, "CT")
        mask = ball(grid, (slices // 2, 30, 30), (14, 14, 21))
        images = cut_planes(volume, cropped(mask), sized(mask, grid), ScanSettings(neighbours=2, neighbour_mm=3))
        transversal = [image for image in images if image.geometry.plane == "transversal"]
        assert [image.geometry.offset_mm for image in transversal] == [-6, -3, 0, 3, 6]
        grey = np.array([np.median(image.pixels[100:156, 100:156]) for image in transversal], float)
        # 3 mm are 6 HU are 6 * 255 / 400 grey levels; towards the head it is brighter
        assert np.allclose(np.diff(grey), 3.825, atol=1)
        mask_of[spacing] = [(image.mask > 0).sum() for image in transversal]
        assert not any(image.remarks for image in images if image.geometry.offset_mm)
    assert np.allclose(mask_of[5.0], mask_of[1.0], rtol=0.12)


def test_neighbours_beyond_the_scan_are_left_out():
    grid = patient_grid((4, 40, 40), (2, 1, 1))
    mask = ball(grid, (0, 20, 20), (8, 8, 3))
    images = cut_planes(noise_volume(grid), cropped(mask), sized(mask, grid), ScanSettings(neighbours=2))
    offsets = [image.geometry.offset_mm for image in images if image.geometry.plane == "transversal"]
    assert offsets == [0, 3, 6]


def test_beyond_the_scan_the_picture_is_black_and_its_share_is_told():
    grid = patient_grid((20, 60, 60), (2, 1, 1))
    mask = ball(grid, (10, 30, 30), (9, 9, 9))
    voxels = np.full(grid.shape, 240, np.int16)
    images = central(cut_planes(Volume(voxels, grid, "CT"), cropped(mask), sized(mask, grid), ALONE))
    for plane, image in images.items():
        assert set(np.unique(image.pixels)) == {0, 255}
        assert (image.pixels == 0).mean() == pytest.approx(image.outside_share)
        seen = np.prod([60.0, 60.0] if plane == "transversal" else [60.0, 40.0]) / 180**2
        assert image.outside_share == pytest.approx(1 - seen, abs=0.005)
        assert image.remarks == (f"{100 * image.outside_share:.0f} % of the {plane} picture lie beyond the scan",)


def test_sixteen_bits_are_the_same_picture_finer():
    grid = patient_grid()
    mask = ball(grid, (12, 20, 22), (11, 8, 14))
    volume, size = noise_volume(grid), sized(mask, grid)
    eight = cut_planes(volume, cropped(mask), size, ScanSettings(bits=8))
    sixteen = cut_planes(volume, cropped(mask), size, ScanSettings(bits=16))
    for coarse, fine in zip(eight, sixteen, strict=True):
        assert (coarse.pixels.dtype, fine.pixels.dtype) == (np.uint8, np.uint16)
        assert np.abs(fine.pixels / 257 - coarse.pixels).max() <= 0.51


def test_a_mask_cut_out_is_as_good_as_the_whole_one_and_nothing_given_is_changed():
    grid = patient_grid()
    mask = ball(grid, (12, 20, 22), (11, 8, 14))
    volume, size = noise_volume(grid), sized(mask, grid)
    before = volume.voxels.copy(), mask.copy()
    for one, other in zip(
        cut_planes(volume, cropped(mask), size, ScanSettings()),
        cut_planes(volume, Marked(mask), size, ScanSettings()),
        strict=True,
    ):
        assert np.array_equal(one.pixels, other.pixels)
        assert np.array_equal(one.mask, other.mask)
    assert np.array_equal(volume.voxels, before[0])
    assert np.array_equal(mask, before[1])


def test_fine_patterns_become_grey_not_coarse_patterns():
    grid = patient_grid((8, 400, 400), (2, 0.2, 0.2))
    checks = np.where(np.indices(grid.shape)[1:].sum(axis=0) % 2, 240, -160).astype(np.int16)
    mask = ball(grid, (4, 200, 200), (9, 9, 4))
    chosen = ScanSettings(neighbours=0, field_mm=60, size_px=64)
    image = central(cut_planes(Volume(checks, grid, "CT"), cropped(mask), sized(mask, grid), chosen))["transversal"]
    assert image.pixels.std() < 2
    assert image.pixels.mean() == pytest.approx(127.5, abs=1)


def test_a_tumour_smaller_than_a_pixel_is_told():
    grid = patient_grid((9, 90, 90), (2, 0.3, 0.3))
    mask = np.zeros(grid.shape, bool)
    mask[4, 45, 45] = True
    chosen = ScanSettings(neighbours=0, size_px=32, field_mm=100)
    image = central(cut_planes(noise_volume(grid), Marked(mask), sized(mask, grid), chosen))["transversal"]
    assert "the tumour is smaller than a pixel of the transversal picture" in image.remarks


def test_a_mask_of_another_place_is_refused():
    grid = patient_grid()
    mask = ball(grid, (12, 20, 22), (11, 8, 14))
    size = sized(mask, grid)
    with pytest.raises(ValueError, match="leaves a volume"):
        cut_planes(noise_volume(grid), Marked(mask, (1, 0, 0)), size, ALONE)
    moved = {plane: replace(diameter, slice=0) for plane, diameter in size.diameters.items()}
    with pytest.raises(ValueError, match="nothing in slice 0"):
        cut_planes(noise_volume(grid), Marked(mask), replace(size, diameters=moved), ALONE)


def test_on_a_real_ct_the_liver_is_at_the_left_and_simpleitk_agrees(real_data):
    import SimpleITK as sitk  # noqa: N813

    folder = real_data / "scans" / "ct_dicom" / "example_ct_dicom"
    stored = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    spacing, origin = np.array(stored.GetSpacing())[::-1], np.array(stored.GetOrigin())
    voxels = sitk.GetArrayFromImage(stored).astype(np.int16)
    grid = Grid(voxels.shape, origin, STRAIGHT * spacing[:, None])
    volume = Volume(voxels, grid, "CT")
    mask = ball(grid, (10, 300, 256), (40, 30, 15))
    chosen = ScanSettings(field_mm=450, size_px=512)
    images = cut_planes(volume, cropped(mask), sized(mask, grid), chosen)
    for image in images:
        assert np.abs(by_simpleitk(volume, image).astype(int) - image.pixels).max() <= 1
    whole = central(images)["transversal"]
    liver = (whole.pixels > 150) & (whole.pixels < 190)  # some 75 to 140 HU, contrast in it
    assert liver[:, :256].sum() > 2 * liver[:, 256:].sum()
    bone = whole.pixels == 255
    assert bone[300:].sum() > bone[:212].sum()  # the spine is at the bottom

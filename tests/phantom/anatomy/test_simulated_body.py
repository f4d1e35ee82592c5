"""The organs: where they lie, and that they do not depend on the scan."""

import numpy as np
import pytest

from tumorboard.phantom.anatomy import Organ, field_of_view, kidney_in, label_volume, simulate_body
from tumorboard.phantom.anatomy.section import Lattice
from tumorboard.phantom.anatomy.volume import Grid


@pytest.fixture(scope="module")
def scans(patient):
    found = []
    for number in range(1, 7):
        side, sex = ("left", "right")[number % 2], ("male", "female")[number // 2 % 2]
        body = simulate_body(patient(number, side=side, sex=sex, age=40 + 6 * number, diameter_mm=20.0 + 12 * number))
        grid = field_of_view(body, slice_mm=5, pixel_mm=1.6, size_px=256, slices=46)
        found.append((body, grid, label_volume(body, grid)))
    return found


def centre(labels, grid, code):
    z, y, x = np.nonzero(labels == code)
    return grid.x_mm()[x].mean(), grid.y_mm()[y].mean(), grid.z_mm()[z].mean()


def test_organs_lie_where_they_belong(scans):
    for _, grid, labels in scans:
        liver, spleen = centre(labels, grid, Organ.LIVER), centre(labels, grid, Organ.SPLEEN)
        spine, bowel = centre(labels, grid, Organ.CANCELLOUS_BONE), centre(labels, grid, Organ.BOWEL_WALL)
        aorta, cava = centre(labels, grid, Organ.AORTA), centre(labels, grid, Organ.VENA_CAVA)
        assert liver[0] < -25 < 60 < spleen[0]  # x runs to the patient's left
        assert spine[1] > 25 > bowel[1]  # y runs to the back
        assert min(liver[2], spleen[2]) > bowel[2]  # z runs to the head
        assert cava[0] < 0 < aorta[0]
        assert aorta[1] < spine[1]


def test_the_cava_is_flat_and_lies_to_the_right_of_the_round_aorta(scans):
    ratios = {Organ.AORTA: [], Organ.VENA_CAVA: []}
    for _, _, labels in scans:
        for layer in labels[8:30:4]:
            for organ, found in ratios.items():
                rows, columns = np.nonzero(layer == organ)
                if len(rows) > 12:
                    found.append(columns.std() / rows.std())
    assert np.median(ratios[Organ.AORTA]) == pytest.approx(1, abs=0.2)
    assert np.median(ratios[Organ.VENA_CAVA]) > 1.3


def test_the_table_ends_within_the_field(scans):
    for _, _, labels in scans:
        rows, columns = np.nonzero(labels[20] == Organ.TABLE)
        assert len(rows) > 200
        assert 10 < columns.min() < columns.max() < 245


def test_both_kidneys_are_in_the_scan_and_of_natural_size(scans):
    for body, grid, labels in scans:
        mask = kidney_in(labels)
        assert not mask[0].any()
        assert not mask[-1].any()
        x = grid.x_mm()[np.nonzero(mask)[2]]
        voxel_ml = grid.slice_mm * grid.pixel_mm**2 / 1000
        healthy = (x < 0) if body.patient.side == "left" else (x > 0)
        assert 110 < healthy.sum() * voxel_ml < 330
        assert (~healthy).sum() * voxel_ml > 20


def test_every_organ_occurs(scans):
    seen = set(np.unique(np.concatenate([np.unique(labels) for _, _, labels in scans])).tolist())
    rare = {Organ.TUMOUR_CALCIFICATION, Organ.CYST, Organ.BOWEL_CONTRAST, Organ.VESSEL_CALCIFICATION, Organ.LUNG}
    assert {int(organ) for organ in Organ} - {int(organ) for organ in rare} <= seen


def test_the_body_is_closed_and_lies_within_the_picture(scans):
    for _, _, labels in scans:
        outside = (labels == Organ.AIR) | (labels == Organ.TABLE)
        assert outside[:, 0].all()
        assert outside[:, :, 0].all()
        assert 0.15 < (~outside).mean() < 0.6


def test_anatomy_is_the_same_whatever_the_grid(patient):
    body = simulate_body(patient(5))
    fine = Grid(7, 240, 240, 2.0, 0.8, (-160.0, -90.0, -6.0))
    coarse = Grid(3, 120, 120, 4.0, 1.6, (-160.0, -90.0, -4.0))
    shared = label_volume(body, fine)[1::2, ::2, ::2]
    alone = label_volume(body, coarse)
    # the tubes' rims are drawn to a sixteenth of a pixel and the layers of the table to whole ones
    assert np.mean(shared == alone) > 0.985
    assert np.mean((shared == alone)[kidney_in(alone)]) > 0.98


def test_same_seed_same_body(patient):
    grid = Grid(3, 128, 128, 30.0, 3.0, (-190.0, -190.0, -30.0))
    first, again = (label_volume(simulate_body(patient(8)), grid) for _ in range(2))
    other = label_volume(simulate_body(patient(9)), grid)
    assert np.array_equal(first, again)
    assert np.mean(first != other) > 0.05
    reseeded = label_volume(simulate_body(patient(8, seed=8)), grid)
    assert np.mean(first != reseeded) > 0.05


def test_shape_and_core_change_the_tumour_alone(patient):
    low, high = (simulate_body(patient(3, shape=value, core=value)) for value in (0.0, 1.0))
    grid = Grid(24, 128, 128, 10.0, 3.0, (-190.0, -190.0, -115.0))
    changed = label_volume(low, grid) != label_volume(high, grid)
    z, y, x = np.nonzero(changed)
    away = np.stack([grid.x_mm()[x], grid.y_mm()[y], grid.z_mm()[z]], 1) - low.tumour.centre_mm
    assert np.linalg.norm(away, axis=1).max() < 1.7 * low.tumour.radius_mm + 4


def test_a_field_reads_its_lattice_exactly(patient):
    field = simulate_body(patient(1)).torso.cavity
    inner = Lattice((-40.0, -24.0, 16.0), (3, 4, 5), 16.0)
    x, y, z = inner.points()
    points = np.stack(np.broadcast_arrays(x, y, z), -1)
    assert np.abs(field.on(inner) - field.at(points)).max() < 0.15

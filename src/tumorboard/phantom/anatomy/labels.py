"""What each voxel of a grid, or pixel of a section, belongs to."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.anatomy.body import Body
from tumorboard.phantom.anatomy.kidney import Kidney
from tumorboard.phantom.anatomy.organ import KIDNEY, TUMOUR, Organ
from tumorboard.phantom.anatomy.section import Field, Section, axial_section
from tumorboard.phantom.anatomy.skeleton import table_mask
from tumorboard.phantom.anatomy.tumour import Tumour
from tumorboard.phantom.anatomy.volume import Grid

_CAPSULE_MM = 1.3


def label_volume(body: Body, grid: Grid) -> np.ndarray:
    """Give what each voxel belongs to.

    Parameters
    ----------
    body : Body
    grid : Grid

    Returns
    -------
    ndarray of uint8, shape (slices, rows, columns)
        Codes of `Organ`.
    """
    labels = np.empty(grid.shape, np.uint8)
    for index in range(grid.slices):
        labels[index] = label_section(body, axial_section(grid, index))
    return labels


def tumour_mask(body: Body, grid: Grid) -> np.ndarray:
    """Say which voxels are tumour, with its necrosis and calcifications.

    Returns
    -------
    ndarray of bool, shape (slices, rows, columns)
    """
    mask = np.zeros(grid.shape, bool)
    for index in range(grid.slices):
        _mark(mask[index], body.tumour.whole, axial_section(grid, index), 0.0, True)
    return mask


def _organs_in(labels: np.ndarray, codes: tuple[Organ, ...]) -> np.ndarray:
    """Say where labels are one of some organs."""
    table = np.zeros(256, np.uint8)
    table[list(codes)] = 1
    found = cv2.LUT(labels.reshape(len(labels), -1), table)
    return found.reshape(labels.shape).view(bool)


def tumour_in(labels: np.ndarray) -> np.ndarray:
    """Say where labels are tumour."""
    return _organs_in(labels, TUMOUR)


def kidney_in(labels: np.ndarray) -> np.ndarray:
    """Say where labels are kidney without tumour."""
    return _organs_in(labels, KIDNEY)


def _mark(labels: np.ndarray, field: Field, section: Section, above: float, code: int) -> None:
    patch = field.section(section)
    if patch is not None:
        np.putmask(labels[patch.where], patch.values > above, code)


def label_section(body: Body, section: Section) -> np.ndarray:
    """Give what each pixel of a section belongs to.

    Parameters
    ----------
    body : Body
    section : Section

    Returns
    -------
    ndarray of uint8, shape (rows, columns)
        Codes of `Organ`.
    """
    labels = np.zeros(section.shape, np.uint8)
    labels[table_mask(body.habitus, section, body.table_hollow_mm)] = Organ.TABLE
    cavity = _label_torso(body, labels, section)
    body.bowel.draw(labels, section)
    _label_stomach(body, labels, section)
    body.vessels.mesenteric.draw(labels, section)
    body.viscera.glands.draw(labels, section)
    _mark(labels, body.viscera.spleen, section, 0.0, Organ.SPLEEN)
    _label_liver(body, labels, section)
    for kidney in body.kidneys:
        _label_kidney(kidney, labels, section)
    body.vessels.trunks.draw(labels, section)
    _label_lung(body, labels, section, cavity)
    _label_bones(body, labels, section)
    _label_tumour(body.tumour, labels, section)
    return labels


def _label_torso(body: Body, labels: np.ndarray, section: Section) -> np.ndarray:
    """Skin, fat, wall and cavity; gives how far each pixel lies inside the cavity."""
    depth, wall, cavity = (_values(field, section) for field in (body.torso.depth, body.torso.wall, body.torso.cavity))
    np.putmask(labels, depth > 0, Organ.SKIN)
    np.putmask(labels, depth > 1.9, Organ.SUBCUTANEOUS_FAT)
    np.putmask(labels, wall > 0, Organ.MUSCLE)
    _label_layers(body, labels, section, wall, cavity)
    np.putmask(labels, cavity > 0, Organ.MESENTERIC_FAT)
    _mark(labels, body.torso.muscle, section, -1.2, Organ.INTERMUSCULAR)
    _mark(labels, body.torso.muscle, section, 0.0, Organ.MUSCLE)
    outside = depth <= 1.9
    np.putmask(labels, outside & (depth > 0), Organ.SKIN)
    return cavity


def _label_layers(body: Body, labels: np.ndarray, section: Section, wall: np.ndarray, cavity: np.ndarray) -> None:
    """Thin fat between the three muscles of the flank."""
    flank = np.abs(section.coordinate(0)) > 0.62 * body.habitus.half_width_mm
    thickness = wall - cavity
    inside = (cavity < 0) & flank & (thickness > 8.5)
    for share in (0.36, 0.7):
        np.putmask(labels, inside & (np.abs(wall - share * thickness) < 0.5), Organ.INTERMUSCULAR)


def _values(field: Field, section: Section) -> np.ndarray:
    patch = field.section(section)
    values = np.full(section.shape, -99, np.float32)
    if patch is not None:
        values[patch.where] = patch.values
    return values


def _label_stomach(body: Body, labels: np.ndarray, section: Section) -> None:
    patch = body.viscera.stomach.section(section)
    if patch is None:
        return
    view = labels[patch.where]
    np.putmask(view, patch.values > 0, Organ.STOMACH_WALL)
    y = np.broadcast_to(section.coordinate(1), section.shape)[patch.where]
    content = np.where(y < body.viscera.stomach_level_mm, np.uint8(Organ.GAS), np.uint8(Organ.STOMACH_CONTENT))
    np.copyto(view, content, where=patch.values > 4.5)


def _label_liver(body: Body, labels: np.ndarray, section: Section) -> None:
    patch = body.viscera.liver.section(section)
    if patch is not None:
        view = labels[patch.where]
        inside = patch.values > 0
        np.putmask(view, inside, Organ.LIVER)
        vessels = np.zeros(section.shape, np.uint8)
        body.vessels.hepatic.draw(vessels, section)
        np.copyto(view, vessels[patch.where], where=(patch.values > 1.5) & (vessels[patch.where] > 0))
    _mark(labels, body.viscera.gallbladder, section, 0.0, Organ.GALLBLADDER)


def _label_kidney(kidney: Kidney, labels: np.ndarray, section: Section) -> None:
    patch = kidney.whole.section(section)
    if patch is None:
        return
    view = labels[patch.where]
    hollow = _organs_in(view, (Organ.MUSCLE, Organ.SUBCUTANEOUS_FAT, Organ.SKIN, Organ.AIR, Organ.INTERMUSCULAR))
    np.putmask(view, (patch.values > -kidney.fat_mm - 0.9) & ~hollow, Organ.FASCIA)
    np.putmask(view, (patch.values > -kidney.fat_mm) & ~hollow, Organ.PERIRENAL_FAT)
    inside = patch.values > 0
    np.putmask(view, inside, Organ.KIDNEY_CORTEX)
    for field, code in ((kidney.medulla, Organ.KIDNEY_MEDULLA), (kidney.sinus, Organ.RENAL_SINUS)):
        part = field.section(section)
        if part is not None:
            np.putmask(view, (part.values > 0) & (inside if code == Organ.KIDNEY_MEDULLA else patch.values > -4), code)
    kidney.collecting_system.draw(labels, section)
    kidney.vessels.draw(labels, section)
    kidney.cysts.draw(labels, section)


def _label_lung(body: Body, labels: np.ndarray, section: Section, cavity: np.ndarray) -> None:
    patch = body.viscera.lung.section(section)
    if patch is None:
        return
    view = labels[patch.where]
    room = (cavity[patch.where] > -1) & (_values(body.torso.muscle, section)[patch.where] < -1)
    np.putmask(view, (patch.values > -2.5) & room, Organ.MUSCLE)  # the diaphragm
    np.putmask(view, (patch.values > 0) & room, Organ.LUNG)


def _label_bones(body: Body, labels: np.ndarray, section: Section) -> None:
    body.skeleton.canal.draw(labels, section)
    column, disc = body.skeleton.column.section(section), body.skeleton.disc.section(section)
    if column is not None and disc is not None:
        view = labels[column.where]
        inside = column.values > 0
        np.putmask(view, inside, Organ.CORTICAL_BONE)
        np.putmask(view, (column.values > 1.6) & (disc.values > 1.4), Organ.CANCELLOUS_BONE)
        np.putmask(view, inside & (disc.values < 0), Organ.DISC)
    body.skeleton.arches.draw(labels, section)
    body.skeleton.ribs.draw(labels, section)


def _label_tumour(tumour: Tumour, labels: np.ndarray, section: Section) -> None:
    whole, core = tumour.whole.section(section), tumour.core.section(section)
    if whole is None or core is None:
        return
    view = labels[whole.where]
    pale = tumour.pale.section(section)
    margin = np.float32(2.5) if pale is None else 1 + 2 * pale.values  # no even ring: here and there it touches
    beside = (whole.values > -margin) & (view != Organ.KIDNEY_CORTEX) & (view != Organ.KIDNEY_MEDULLA)
    np.putmask(view, beside, Organ.PERIRENAL_FAT)
    inside = whole.values > 0
    np.putmask(view, inside, Organ.PSEUDOCAPSULE)
    np.putmask(view, whole.values > _CAPSULE_MM, Organ.TUMOUR)
    if pale is not None:
        np.putmask(view, ((pale.values > 0) | (core.values > -0.07)) & (whole.values > _CAPSULE_MM), Organ.PALE_TUMOUR)
    np.putmask(view, (core.values > 0) & inside, Organ.NECROSIS)
    specks = np.zeros(section.shape, np.uint8)
    tumour.calcifications.draw(specks, section)
    np.putmask(view, (specks[whole.where] > 0) & inside, Organ.TUMOUR_CALCIFICATION)

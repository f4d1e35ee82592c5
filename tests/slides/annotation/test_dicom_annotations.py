"""Annotations and segmentations of DICOM, as highdicom writes them, on whatever level they were made."""

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.ann import AnnotationGroup, MicroscopyBulkSimpleAnnotations
from plain_slide import PlainSlide
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, VLWholeSlideMicroscopyImageStorage, generate_uid

from tumorboard.errors import FileFormatError
from tumorboard.slides.annotation import dicom, read_annotation

WIDTH, HEIGHT = 4096, 3072
SQUARE = np.array([(1000, 1000), (3000, 1000), (3000, 2500), (1000, 2500)], float)
TILES = np.array([(1000, 1000, 500, 500), (1500, 1500, 500, 500), (2900, 2400, 200, 200), (3500, 100, 256, 256)])
IN_SQUARE = pytest.approx([1, 1, 0.25, 0], abs=0.001)
DEVICE = {
    "manufacturer": "nobody",
    "manufacturer_model_name": "none",
    "software_versions": "1",
    "device_serial_number": "1",
    "series_number": 2,
    "instance_number": 1,
}


def level(factor):
    """The header of one level of a whole slide image."""
    image = pydicom.Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID, image.SOPInstanceUID = VLWholeSlideMicroscopyImageStorage, generate_uid()
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    image.FrameOfReferenceUID, image.ContainerIdentifier = "1.2.3.5", "slide"
    image.PatientID, image.PatientName = "SIM-0001", "Simulated^Patient"
    for name in ("PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime"):
        setattr(image, name, "")
    image.ReferringPhysicianName, image.Modality = "", "SM"
    image.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    image.TotalPixelMatrixColumns, image.TotalPixelMatrixRows = WIDTH // factor, HEIGHT // factor
    image.Columns = image.Rows = 256
    image.NumberOfFrames = (WIDTH // factor // 256) * (HEIGHT // factor // 256)
    image.DimensionOrganizationType = "TILED_FULL"
    image.SamplesPerPixel, image.PhotometricInterpretation = 3, "RGB"
    image.TotalPixelMatrixFocalPlanes, image.NumberOfOpticalPaths = 1, 1
    image.ImageOrientationSlide = [0, 1, 0, 1, 0, 0]
    origin = pydicom.Dataset()
    origin.XOffsetInSlideCoordinateSystem = origin.YOffsetInSlideCoordinateSystem = 0
    image.TotalPixelMatrixOriginSequence = [origin]
    measures = pydicom.Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.00025 * factor] * 2, 0.001
    shared = pydicom.Dataset()
    shared.PixelMeasuresSequence = [measures]
    image.SharedFunctionalGroupsSequence = [shared]
    path = pydicom.Dataset()
    path.OpticalPathIdentifier = "1"
    image.OpticalPathSequence = [path]
    specimen = pydicom.Dataset()
    specimen.SpecimenIdentifier, specimen.SpecimenUID = "slide", generate_uid()
    specimen.SpecimenPreparationSequence = []
    image.SpecimenDescriptionSequence = [specimen]
    image.ContainerTypeCodeSequence = image.IssuerOfTheContainerIdentifierSequence = []
    return image


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture(scope="module")
def levels(folder):
    images = {factor: level(factor) for factor in (1, 4)}
    for factor, image in images.items():
        image.save_as(folder / f"level-{factor}.dcm", enforce_file_format=True)
    return images


@pytest.fixture(scope="module")
def slide(folder, levels):
    return PlainSlide(WIDTH, HEIGHT, path=folder / "level-1.dcm")


def group(number, label, rings, *, kind="POLYGON", code=codes.SCT.Neoplasm):
    return AnnotationGroup(
        number,
        generate_uid(),
        label,
        codes.SCT.MorphologicallyAbnormalStructure,
        code,
        kind,
        rings,
        algorithm_type="MANUAL",
    )


def annotations(path, image, *groups, coordinates="2D", **changed):
    written = MicroscopyBulkSimpleAnnotations(
        [image], coordinates, groups, series_instance_uid=generate_uid(), sop_instance_uid=generate_uid(), **DEVICE
    )
    for name, value in changed.items():
        setattr(written, name, value)
    written.save_as(path)
    return path


@pytest.mark.parametrize("factor", [1, 4])
def test_outlines_are_read_on_whatever_level_they_were_drawn(factor, levels, slide, tmp_path):
    other = np.array([(0, 0), (4000, 0), (4000, 3000)], float)
    stroma = group(2, "Stroma", [other / factor], code=codes.SCT.ConnectiveTissue)
    path = annotations(tmp_path / "ann.dcm", levels[factor], group(1, "Region", [SQUARE / factor]), stroma)
    assert read_annotation(path, slide).share(TILES) == IN_SQUARE


def test_several_outlines_rectangles_and_ellipses_are_read(levels, slide, tmp_path):
    ends = np.array([(1000, 1500), (3000, 1500), (2000, 1000), (2000, 2000)], float)
    for kind, rings, area in (
        ("POLYGON", [SQUARE, SQUARE[:3] + 50], 2000 * 1500 + 50 * 1450),
        ("RECTANGLE", [SQUARE], 2000 * 1500),
        ("ELLIPSE", [ends], np.pi * 1000 * 500),
    ):
        path = annotations(tmp_path / f"{kind}.dcm", levels[1], group(1, "tumour", rings, kind=kind))
        whole = np.array([(0, 0, WIDTH, HEIGHT)])
        assert read_annotation(path, slide).share(whole)[0] * WIDTH * HEIGHT == pytest.approx(area, rel=0.002)


def test_points_are_no_outline(levels, slide, tmp_path):
    points = group(1, "Tumor", [np.array([(5.0, 6.0)]), np.array([(7.0, 8.0)])], kind="POINT")
    with pytest.raises(FileFormatError, match=r"not by: POINT \(1\)"):
        read_annotation(annotations(tmp_path / "points.dcm", levels[1], points), slide)
    both = annotations(tmp_path / "both.dcm", levels[1], points, group(2, "Tumor", [SQUARE]))
    assert read_annotation(both, slide).share(TILES) == IN_SQUARE


def test_millimetres_single_frames_and_other_slides_are_refused(levels, slide, tmp_path):
    in_mm = group(1, "Tumor", [np.column_stack([SQUARE * 0.00025, np.zeros(4)])])
    path = annotations(tmp_path / "mm.dcm", levels[1], in_mm, coordinates="3D")
    with pytest.raises(FileFormatError, match="its coordinates are 3D, in mm"):
        read_annotation(path, slide)
    drawn = group(1, "Tumor", [SQUARE])
    path = annotations(tmp_path / "frame.dcm", levels[1], drawn, PixelOriginInterpretation="FRAME")
    with pytest.raises(FileFormatError, match="counted within single frames"):
        read_annotation(path, slide)
    path = annotations(tmp_path / "other.dcm", level(1), drawn)
    for other in (slide, PlainSlide(WIDTH, HEIGHT)):
        with pytest.raises(FileFormatError, match="refers to is not among the slide's files"):
            read_annotation(path, other)


def segmentation(path, image, masks, labels, kind="BINARY"):
    described = [
        highdicom.seg.SegmentDescription(
            number, label, codes.SCT.MorphologicallyAbnormalStructure, code, algorithm_type="MANUAL"
        )
        for number, (label, code) in enumerate(labels, start=1)
    ]
    highdicom.seg.Segmentation(
        [image], np.stack(masks, axis=-1)[None], kind, described, tile_pixel_array=True, tile_size=(256, 256),
        series_instance_uid=generate_uid(), sop_instance_uid=generate_uid(), **DEVICE,
    ).save_as(path)  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("factor", "kind", "most_cells"),
    [(4, "BINARY", 2**24), (8, "LABELMAP", 2**24), (4, "FRACTIONAL", 2**24), (2, "BINARY", 2**17)],
)
def test_a_segmentation_of_a_level_is_outlined_in_level_0(factor, kind, most_cells, slide, tmp_path, monkeypatch):
    monkeypatch.setattr(dicom, "MOST_CELLS", most_cells)
    monkeypatch.setattr(dicom, "STRIP_ROWS", 500)
    image = level(factor)
    tumour = np.zeros((HEIGHT // factor, WIDTH // factor), np.uint8)
    tumour[1000 // factor : 2500 // factor, 1000 // factor : 3000 // factor] = 1
    stroma = 1 - tumour
    labels = [("Stroma", codes.SCT.ConnectiveTissue), ("Segment 2", codes.SCT.Neoplasm)]
    path = segmentation(tmp_path / "seg.dcm", image, [stroma, tumour], labels, kind)
    share = read_annotation(path, slide).share(TILES)
    assert share == pytest.approx([1, 1, 0.25, 0], abs=0.05)


def test_a_segmentation_of_another_shape_is_another_slides(slide, tmp_path):
    image = level(4)
    image.TotalPixelMatrixRows = 256
    image.NumberOfFrames = 4
    mask = np.ones((256, WIDTH // 4), np.uint8)
    path = segmentation(tmp_path / "seg.dcm", image, [mask], [("Tumor", codes.SCT.Neoplasm)])
    with pytest.raises(FileFormatError, match="it has 1024 x 256 pixels, the slide 4096 x 3072: another shape"):
        read_annotation(path, slide)


def test_other_dicom_objects_and_damaged_ones_are_told(folder, levels, slide, tmp_path):
    with pytest.raises(FileFormatError, match="neither annotations nor a segmentation, but 1"):
        read_annotation(folder / "level-1.dcm", slide)
    whole = annotations(tmp_path / "ann.dcm", levels[1], group(1, "Tumor", [SQUARE]))
    bare = pydicom.dcmread(whole)
    del bare.AnnotationGroupSequence
    bare.save_as(tmp_path / "bare.dcm")
    (tmp_path / "cut.dcm").write_bytes(whole.read_bytes()[:140])
    for name in ("bare.dcm", "cut.dcm"):
        with pytest.raises(FileFormatError) as told:
            read_annotation(tmp_path / name, slide)
        assert "\n" not in told.value.line()

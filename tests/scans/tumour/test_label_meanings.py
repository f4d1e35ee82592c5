"""What the names that people give to labels stand for."""

import pytest

from tumorboard.scans.tumour import meaning_of
from tumorboard.scans.tumour.meaning import painting_order

SAID = {
    "mass": [
        "Tumor",
        "tumour",
        "Tumour 1",
        "tumor_left",
        "kidney tumor",
        "Renal mass",
        "RCC",
        "ccRCC left",
        "Neoplasm",
        "GTV",
        "GTV1",
        "GTVp",
        "Lesion",
        "lesion2",
        "Renal cell carcinoma",
        "cystic mass",
        "Mass (Mass, Kidney)",
        "Segment_1 (Mass)",
        "Segment_1 (Neoplasm, primary, Kidney)",
        "Kidney (Neoplasm)",
        "kidney cancer",
        "TUMOR",
        "tumor with necrosis",
        "angiomyolipoma",
        "non-enhancing tumor",
        "kidney tumor and cyst",
    ],
    "kidney": [
        "Kidney",
        "kidney_left",
        "Right kidney",
        "Kidneys",
        "renal parenchyma",
        "kidney without tumor",
        "kidney minus mass",
        "non-tumor kidney",
        "kidney (excluding tumour)",
        "Segment_1 (Kidney)",
        "tumor-free kidney",
        "kidney excluding tumor and cyst",
        "kidney and tumor",
        "kidney+masses",
    ],
    "cyst": ["Cyst", "kidney_cyst_left", "renal cysts", "Segment 3 (Cyst, Kidney)", "cyst 2"],
    "other": [
        "Liver",
        "liver lesion",
        "Adrenal mass",
        "renal vein",
        "renal artery",
        "tumor thrombus",
        "lymph node",
        "PTV",
        "Segment_1",
        "Background",
        "body",
        "BODY (EXTERNAL)",
        "Lesion (Mass, Liver)",
        "renal pelvis",
        "metastasis",
        "Spleen",
        "Isocenter 1",
        "peritumoral fat",
        "Neoplasm, secondary",
        "kidney stone",
    ],
}


@pytest.mark.parametrize(("meaning", "name"), [(meaning, name) for meaning, names in SAID.items() for name in names])
def test_a_name_stands_for(meaning, name):
    assert meaning_of(name, 1, {1: name}) == meaning


def test_without_names_several_labels_up_to_3_are_kits():
    names = {1: "", 2: "", 3: ""}
    assert [meaning_of("", label, names) for label in names] == ["kidney", "mass", "cyst"]
    assert meaning_of("", 2, {1: "", 2: ""}) == "mass"


@pytest.mark.parametrize("label", [1, 2, 7, 255])
def test_a_single_label_without_a_name_is_the_tumour(label):
    assert meaning_of("", label, {label: ""}) == "mass"


def test_unknown_numbers_without_names_are_nothing_known():
    assert {meaning_of("", label, dict.fromkeys((1, 2, 9), "")) for label in (1, 2, 9)} == {"other"}


def test_a_label_without_a_name_among_named_ones_is_nothing_known():
    assert meaning_of("", 2, {1: "kidney", 2: ""}) == "other"


def test_masses_are_painted_over_cysts_over_kidneys_over_others_and_the_stated_label_over_all():
    names = {1: "Tumor", 2: "Cyst", 3: "Kidney", 4: "Liver", 5: "Tumor 2"}
    assert painting_order(names) == [4, 3, 2, 5, 1]
    assert painting_order(names, 4) == [3, 2, 5, 1, 4]

"""A patient's name or number that a site wrote into descriptions does not reach the facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from written_slices import stack_of, write

from tumorboard.scans.reading import find_series
from tumorboard.scans.reading.privacy import without


def facts(folder, **elements):
    (series,) = find_series([write(folder, stack_of(**elements))]).series
    return series.facts


def other_number(number):
    item = Dataset()
    item.PatientID = number
    return [item]


@pytest.mark.parametrize(
    ("elements", "description", "left"),
    [
        ({"PatientName": "DOE^JOHN"}, "ABD NEPHRO DOE JOHN", "ABD NEPHRO …"),
        ({"PatientName": "DOE^JOHN"}, "John Doe abd nephro", "… abd nephro"),
        ({"PatientName": "DOE^JOHN"}, "ABD_DOE_JOHN_5MM", "ABD_…_5MM"),
        ({"PatientName": "DOE^JOHN"}, "ABD DOEJOHN1961", "ABD …1961"),
        ({"PatientName": "DOE^JOHN"}, "ABD DOES JOHNSON", "ABD DOES JOHNSON"),
        ({"PatientName": "CORTEX^ANN"}, "CORTEX PHASE, SCANNED", "… PHASE, SCANNED"),
        ({"PatientName": "SCHNEIDER^EVA"}, "XSCHNEIDERX NEPHRO", "X…X NEPHRO"),
        ({"PatientName": "MÜLLER^ZOË", "SpecificCharacterSet": "ISO_IR 100"}, "Abd Muller Zoe", "Abd …"),
        ({"PatientName": "Muller^Zoe", "SpecificCharacterSet": "ISO_IR 100"}, "Abd Müller", "Abd …"),
        ({"PatientName": "YAMADA^TAROU=山田^太郎", "SpecificCharacterSet": "ISO_IR 192"}, "腹部 山田太郎", "腹部 …"),
        ({"PatientName": "O'BRIEN^ANNE-MARIE"}, "ABD O'Brien Anne-Marie", "ABD …"),
        ({"PatientName": "NG^LI"}, "LIVER LI NG", "LIVER LI NG"),
        ({"PatientID": "778-12345"}, "NEPHRO 778-12345 5mm", "NEPHRO … 5mm"),
        ({"PatientID": "AB12345"}, "NEPHRO ab12345", "NEPHRO …"),
        ({"OtherPatientIDs": ["K-9001", "X-9002"]}, "NEPHRO K-9001 9002", "NEPHRO …"),
        ({"OtherPatientIDsSequence": other_number("H5550")}, "NEPHRO H5550", "NEPHRO …"),
        ({"OtherPatientNames": ["ROE^JANE", "POE^JANE"]}, "NEPHRO POE", "NEPHRO …"),
        ({"PatientBirthName": "SMITH"}, "NEPHRO SMITH", "NEPHRO …"),
    ],
)
def test_words_of_names_and_numbers_are_cut_out(tmp_path, elements, description, left):
    found = facts(
        tmp_path,
        SeriesDescription=description,
        StudyDescription=description,
        ProtocolName=description,
        ContrastBolusAgent=description,
        **elements,
    )
    assert (found.description, found.study_description, found.protocol, found.contrast_agent) == (left,) * 4


def test_a_series_without_images_keeps_no_name_either(tmp_path):
    part = stack_of(SeriesDescription="SEG DOE", PatientName="DOE^JOHN", ImagePositionPatient=None, PixelSpacing=None)[
        :1
    ]
    (series,) = find_series([write(tmp_path, part)]).series
    assert series.facts.description == "SEG …"


def test_texts_of_an_anonymous_patient_stay(tmp_path):
    found = facts(tmp_path, SeriesDescription="ABD NEPHRO  1.5mm", PatientName="", patient="")
    assert found.description == "ABD NEPHRO  1.5mm"


@given(st.text(max_size=30), st.text(st.characters(categories=["Lu", "Ll"]), min_size=3, max_size=8))
def test_a_text_without_a_word_of_the_name_is_left_as_it_is(text, name):
    lower = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())
    if len(lower) < 3 or "…" in text:
        return
    plain = text.encode("ascii", "ignore").decode()
    left = without(frozenset({lower}), plain)
    assert (left == plain) or lower in plain.lower()
    assert lower not in without(frozenset({lower}), f"ABD {name} x" if name.isascii() else "").lower().split()

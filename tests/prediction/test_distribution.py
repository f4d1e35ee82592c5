"""Pictures unlike those of the fit patients are told, and only those."""

import pytest

from tumorboard.prediction.distribution import picture_warnings

SEEN = {
    "patients": 20,
    "mean": [200.0, 150, 190],
    "sd": [5.0, 6, 4],
    "within_sd": [30.0, 30, 30],
    "pixel_mm": [0.7, 0.7],
}


def patient(**other):
    return SEEN | {"patients": 1, "sd": [0.0, 0, 0]} | other


def test_a_patient_like_the_others_is_not_told():
    assert picture_warnings("the tiles", patient(mean=[208.0, 141, 195]), [SEEN, SEEN]) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"mean": [200.0, 150, 203]}, "3.2 standard deviations"),
        ({"within_sd": [70.0, 70, 70]}, "2.3 times the contrast"),
        ({"within_sd": [10.0, 10, 10]}, "0.33 times the contrast"),
        ({"pixel_mm": [0.7, 1.1]}, "pixels of 0.7 to 1.1 mm"),
        ({"pixel_mm": [0.5, 0.5]}, "pixels of 0.5 mm"),
    ],
)
def test_what_is_strange_is_told_in_numbers(found, told):
    (warning,) = picture_warnings("the tiles", patient(**found), [SEEN, SEEN, SEEN])
    assert warning.startswith("the tiles: ")
    assert told in warning


def test_one_fold_of_three_that_finds_it_strange_is_not_enough():
    other = SEEN | {"mean": [100.0, 100, 100]}
    assert picture_warnings("the tiles", patient(), [SEEN, SEEN, other]) == []


def test_patients_who_are_all_alike_make_no_neighbour_strange():
    alike = SEEN | {"sd": [0.01, 0.01, 0.01]}
    assert picture_warnings("the tiles", patient(mean=[203.0, 150, 190]), [alike]) == []


def test_a_modality_that_no_fit_patient_had_is_told():
    never = {"patients": 0, "mean": None, "sd": None, "within_sd": None, "pixel_mm": None}
    (warning,) = picture_warnings("the scan", patient(), [never])
    assert "never trained on" in warning


@pytest.mark.parametrize(("patients", "count"), [((2, 2), "2"), ((0, 4), "0 to 4"), ((19, 5), "5 to 19")])
def test_pictures_that_only_a_handful_taught_are_told_with_their_number(patients, count):
    few = [SEEN | {"patients": number} for number in patients]
    (warning,) = picture_warnings("the scan", patient(), few)
    assert warning.startswith(f"the scan: only {count} of a fold's fit patients")


def test_two_fit_patients_are_too_few_to_call_another_one_strange():
    (warning,) = picture_warnings("the scan", patient(mean=[0.0, 0, 0]), [SEEN | {"patients": 2}])
    assert "standard deviations" not in warning

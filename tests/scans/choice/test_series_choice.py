"""Which series of a patient is taken, and what is said of the others."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorboard.errors import SettingsError, StudyError
from tumorboard.scans.choice import Phase, PhaseName, choose, worth_seeing
from tumorboard.scans.series import SeriesFacts


def _series(description="", number=2, slices=80, modality="CT", study="1", date="20050101", **more):
    uid = f"{study}.{number}"
    named = {"study_uid": study, "description": description, "number": number, "date": date}
    return SeriesFacts(uid, modality, slices, **(named | more))


FOUR_PHASES = [
    _series("SCOUT", 1, 2),
    _series("Unenhanced  5.0  B31f", 2, 41),
    _series("Arterial  5.0  B31f", 3, 53),
    _series("Arterial  5.0  SPO", 4, 95),
    _series("Nephrographic  5.0  B31f", 5, 41),
    _series("3 MIN DELAY", 6, 41),
]


def _number(facts, **how):
    chosen = choose(facts, **how).chosen
    return None if chosen is None else chosen.number


def test_nephrographic_first_then_arterial_then_portal_then_late_then_without():
    left, order = list(FOUR_PHASES), []
    while (number := _number(left)) is not None:
        order.append(number)
        left = [one for one in left if one.number != number]
    assert order == [5, 3, 6, 2]


def test_every_other_series_is_a_rival_with_a_reason():
    choice = choose(FOUR_PHASES)
    assert len(choice.rivals) == len(FOUR_PHASES) - 1
    reasons = {rival.facts.number: rival.reason for rival in choice.rivals}
    assert "localizer" in reasons[1]
    assert "reformat" in reasons[4]
    assert reasons[3].startswith("late arterial")
    assert "\n" not in choice.reason
    assert "nephrographic" in choice.reason


names = st.sampled_from(
    ["", "SCOUT", "PRE LIVER", "A/P (RENAL)", "Recon 2: A/P (RENAL)", "POST", "3 MIN DELAY", "AXIAL", "CHEST", "NEPHRO"]
)
some_series = st.lists(
    st.builds(
        _series,
        names,
        st.integers(1, 140),
        st.integers(1, 300),
        st.sampled_from(["CT", "MR", "SEG"]),
        st.sampled_from(["1", "2", "3"]),
    ),
    max_size=8,
    unique_by=lambda one: one.series_uid,
)


@settings(max_examples=60)
@given(some_series, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_the_series(facts, random):
    shuffled = list(facts)
    random.shuffle(shuffled)
    one, other = choose(facts), choose(shuffled)
    assert one == other
    assert {rival.facts for rival in one.rivals} | {one.chosen} - {None} == set(facts)


@settings(max_examples=60)
@given(some_series)
def test_taking_a_rival_away_never_changes_the_choice_among_named_phases(facts):
    """Of a study whose series are all named, the best stays the best with fewer others."""
    named = [replace(one, description="Nephrographic", modality="CT", study_uid="1") for one in facts]
    choice = choose(named)
    if choice.chosen is not None and choice.rivals:
        worst = choice.rivals[-1].facts
        assert choose([one for one in named if one is not worst]).chosen == choice.chosen


def test_a_user_overrules():
    choice = choose(FOUR_PHASES, wanted="1.2")
    assert choice.series_uid == "1.2"
    assert "stated by the user" in choice.reason


@pytest.mark.parametrize("wanted", ["9.9", "1.7"])
def test_a_stated_series_that_is_not_there_or_holds_no_image(wanted):
    with pytest.raises(StudyError, match=r"scans\.csv"):
        choose([*FOUR_PHASES, _series("mask", 7, modality="SEG")], wanted=wanted)


def test_another_modality_cannot_be_preferred():
    with pytest.raises(SettingsError, match="PET"):
        choose(FOUR_PHASES, prefer="PET")


def test_only_series_with_a_mask_that_fits():
    assert _number(FOUR_PHASES, usable={"1.3"}) == 3
    assert _number(FOUR_PHASES, usable=lambda facts: facts.number == 2) == 2
    choice = choose(FOUR_PHASES, usable=set())
    assert choice.chosen is None
    assert "mask" in choice.reason


def test_nothing_to_choose():
    assert choose([]).reason == "there are no series"
    chest = choose([_series("SCOUT", 1, 2), _series("CHEST", 2, 67), _series("Recon 2: CHEST", 3, 133)])
    assert chest.chosen is None
    assert "chest only" in chest.reason


def test_the_earliest_study_is_before_the_operation():
    first = _series("CAP Routine  5.0  B40f", 2, date="19920225", study_description="Thorax^2 CAP ROUTINE")
    later = _series("Nephrographic", 2, study="2", date="19930601")
    chest = _series("CHEST", 2, study="0", date="19910101")
    choice = choose([later, first, chest])
    assert choice.chosen is first
    assert "462 days" in {rival.facts.study_uid: rival.reason for rival in choice.rivals}["2"]


def test_a_better_study_of_the_same_work_up():
    """A stone CT, and six days later the kidney protocol: the second, still before the operation."""
    stone = _series("STONES  ST", 2, date="19920611")
    protocol = _series("NEPHROGRAPHIC PHASE", 3, 64, study="2", date="19920617")
    assert choose([stone, protocol]).chosen is protocol
    assert choose([stone, replace(protocol, date="19930617")]).chosen is stone


def test_ct_before_mr_unless_the_ct_is_without_contrast():
    mr = _series("Axial T1 post", 8, 60, "MR", study="2", date="20050110")
    assert choose([mr, *FOUR_PHASES]).modality == "CT"
    assert choose([mr, *FOUR_PHASES], prefer="MR").modality == "MR"
    assert choose([mr, _series("Renal Colic  5.0  B31f")]).modality == "MR"


def test_one_pass_before_several_in_one_series():
    """221 slices of two passes, and a copy of one of them: the copy."""
    study = [
        _series("PRE LIVER", 2, 46),
        _series("A/P (RENAL)", 3, 221),
        _series("Recon 2: A/P (RENAL)", 4, 94),
        _series("Recon 3: A/P (RENAL)", 5, 137),
    ]
    assert _number(study) == 4
    chest_too = [replace(one, study_description="CT CH/AB/PEL KIDNEY PROTOCOL") for one in study]
    assert _number(chest_too) == 3, "its copies may be of the lungs"


def test_the_primary_before_its_copies():
    assert _number([_series("+C", 2, 60), _series("Recon 2: +C", 3, 120), _series("+C", 102, 118)]) == 2


def test_mr_single_pass_before_a_joint_series():
    study = [_series("lava pre", 5, 144, "MR"), _series("lava post", 6, 432, "MR"), _series("Ax spgr", 7, 36, "MR")]
    assert _number(study) == 7


def test_thinner_transversal_soft_whole():
    best = _series("Nephrographic", 9, 100, slice_mm=3.0, plane="transversal", kernel="B31f")
    for worse in (
        replace(best, slice_mm=5.0),
        replace(best, slice_mm=0.6, slices=500),
        replace(best, kernel="B70f"),
        replace(best, slices=30),
    ):
        other = replace(worse, number=2, series_uid="1.2")
        assert choose([other, best]).chosen is best


def test_an_image_tells_what_words_do_not():
    silent = [_series("AXIAL", 2, 90), _series("AXIAL", 3, 90)]
    choice = choose(silent)
    assert choice.chosen is silent[1]
    assert set(worth_seeing(choice)) == set(silent)
    seen = {
        silent[0]: Phase(PhaseName.NEPHROGRAPHIC, "image", "cortex 180, medulla 175 HU"),
        silent[1]: Phase(PhaseName.DELAYED, "image", "excreted"),
    }
    assert choose(silent, phases=seen).chosen is silent[0]
    assert worth_seeing(choose(FOUR_PHASES)) == ()
    assert _number(FOUR_PHASES, phases={FOUR_PHASES[1]: seen[silent[0]]}) == 5, "words win"


def test_a_group_taken_out_of_a_chest_series_is_of_the_chest():
    study = [
        _series("PRE LIVER", 2, 46),
        _series("C/A/P (RENAL)", 4, 120),
        _series("CHEST & DELAY BLADDER", 7, 77),
        _series("Contrast O/R & IV", 107, 40),
    ]
    reasons = {rival.facts.number: rival.reason for rival in choose(study).rivals}
    assert reasons[107].startswith("chest only: taken out of series 7")


def test_a_name_cut_off_is_still_the_name():
    study = [_series("CT CAP  KIDNEY PROTOCOL", 3, 93), _series("Recon 2: CT CAP  KIDNEY PROTOCO", 4, 39)]
    assert _number(study) == 3

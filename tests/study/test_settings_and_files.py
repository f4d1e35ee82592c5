"""``study.toml`` states every setting and forgives no slip; files are written whole or not at all."""

import os
import stat
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import SettingsError, StudyError
from tumorboard.study.files import StudyFolder, read_json, read_stage_table, write_json, write_text, write_whole
from tumorboard.study.settings import REQUIREMENTS, StudySettings, load_settings, parse_settings, settings_template

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


@given(
    words,
    st.lists(st.sampled_from(REQUIREMENTS), unique=True),
    st.floats(0.001, 240),
    st.floats(0.001, 0.499),
    st.booleans(),
    st.sampled_from(["DSS", "OS", "PFS"]),
)
def test_the_template_says_exactly_what_was_set(tables, require, landmark, share, by_site, endpoint):
    content = {
        "cohort": {"tables": tables, "require": require, "landmark_months": landmark, "endpoint": endpoint},
        "folds": {"select_share": share, "group_by_site": by_site},
    }
    settings = parse_settings(content, "test")
    assert parse_settings(tomllib.loads(settings_template(settings)), "template") == settings


def test_the_template_shows_every_setting():
    shown = tomllib.loads(settings_template(StudySettings()))
    assert {key: set(value) for key, value in shown.items()} == {
        key: set(value) for key, value in StudySettings().model_dump().items()
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"cohort": {"endpiont": "DSS"}}, "unknown setting 'cohort.endpiont'"),
        ({"cohrot": {}}, "unknown setting 'cohrot'"),
        ({"cohort": 3}, "cohort = 3"),
        ({"cohort": {"require": ["slides"]}}, "cohort.require.0 = 'slides'"),
        ({"cohort": {"landmark_months": 0}}, "cohort.landmark_months = 0"),
        ({"cohort": {"landmark_months": 1826}}, "cohort.landmark_months = 1826"),
        ({"folds": {"select_share": 0.5}}, "folds.select_share = 0.5"),
        ({"folds": {"count": 6.5}}, "folds.count = 6.5"),
        ({"genes": {"mutations": -1}}, "genes.mutations = -1"),
        ({"scores": {"ssign_pt4_points": 2}}, "scores.ssign_pt4_points = 2"),
        ({"evaluation": {"horizons_months": []}}, "evaluation.horizons_months = []"),
    ],
)
def test_what_is_not_allowed_is_named(content, said):
    with pytest.raises(SettingsError) as raised:
        parse_settings(content, "study.toml")
    assert str(raised.value).startswith("study.toml: ")
    assert said in str(raised.value)


def test_settings_are_read_with_a_byte_order_mark_and_default_where_missing(tmp_path):
    folder = StudyFolder(tmp_path)
    assert load_settings(folder) == StudySettings()
    folder.settings.write_bytes(b"\xef\xbb\xbf[folds]\r\ncount = 12\r\n")
    assert load_settings(folder).folds.count == 12


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        StudySettings().folds.count = 3


def test_requirements_count_once():
    assert parse_settings({"cohort": {"require": ["scan", "slide", "scan"]}}, "x").cohort.require == ("scan", "slide")


@pytest.mark.parametrize("name", ["patients.csv", "patients.csv.gz", "patients.tsv", "patients.parquet"])
def test_an_own_table_in_any_of_its_forms(tmp_path, name):
    (tmp_path / name).touch()
    assert StudyFolder(tmp_path).own_table("patients") == tmp_path / name
    assert StudyFolder(tmp_path).own_table("slides") is None


def test_an_own_table_twice(tmp_path):
    (tmp_path / "slides.csv").touch()
    (tmp_path / "slides.csv.gz").touch()
    with pytest.raises(StudyError, match=r"slides\.csv and slides\.csv\.gz both hold slides.*Keep one"):
        StudyFolder(tmp_path).own_table("slides")


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail(temporary):
        temporary.write_text("half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_umask_says_who_may_read(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == mode


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match=r"a\.json cannot be written: "):
        write_json(tmp_path / "file" / "a.json", {})


def test_numbers_that_are_not_finite_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})


def test_what_an_earlier_stage_should_have_made(tmp_path):
    table, record = tmp_path / "cohort.parquet", tmp_path / "cohort.json"
    for read, path in ((read_stage_table, table), (read_json, record)):
        with pytest.raises(StudyError, match=r"there is no cohort.*Run: tumorboard cohort"):
            read(path, "tumorboard cohort")
        path.write_text("PAR1 {")
        with pytest.raises(StudyError, match=r"is unreadable.*Run again: tumorboard cohort"):
            read(path, "tumorboard cohort")
    record.write_text("[]")
    with pytest.raises(StudyError, match="is not what it should be"):
        read_json(record, "tumorboard cohort")
    write_json(record, {"a": 1})
    assert read_json(record, "tumorboard cohort") == {"a": 1}

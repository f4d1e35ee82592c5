"""The index of the Imaging Data Commons: read offline, and a clear word where it is not installed."""

import sys

import pytest

from tumorboard.archives import read_index
from tumorboard.archives.imaging_data_commons import _kind
from tumorboard.errors import MissingExtraError, SettingsError


@pytest.fixture(scope="module")
def index():
    pytest.importorskip("idc_index_data", reason="the extra 'archives' is not installed")
    return read_index("tcga_kirc")


def test_tcga_kirc_in_numbers(index):
    ct, mr = index.patients_with("ct"), index.patients_with("mr")
    assert len(index.patients) == 537
    assert (len(ct), len(mr), len(ct & mr), len(ct | mr)) == (237, 62, 32, 267)
    assert len(index.patients_with("slide")) == 513
    assert index.version.startswith("25.")


def test_series_say_where_their_files_lie(index):
    series = index.series
    assert set(series["kind"]) == {"slide", "ct", "mr", "segmentation"}
    assert series["series_instance_uid"].is_unique
    assert (series["files"] > 0).all()
    assert series[["aws_bucket", "crdc_series_uuid", "licence"]].notna().all().all()
    assert set(series["patient_id"]) <= set(index.patients)


def test_name_may_be_written_as_the_archive_writes_it(index):
    assert read_index("TCGA-KIRC").patients == index.patients


def test_a_collection_that_is_not_there(index):
    with pytest.raises(SettingsError, match=r"has no collection 'tcga_kidney'.*such as tcga_kirc"):
        read_index("tcga_kidney")


@pytest.mark.parametrize(
    ("modality", "description", "analysis", "kind"),
    [
        ("CT", "", "", "ct"),
        ("MR", "T1", "", "mr"),
        ("SM", "FFPE HE BX DX1", "", "slide"),
        ("SM", "Frozen HE TS", "", ""),
        ("SM", "", "", ""),
        ("SEG", "kidney", "rcc_aid", "segmentation"),
        ("SEG", "kidney", "bamf_aimi_annotations", "segmentation"),
        ("SEG", "lymphocytes", "til_wsi", ""),
        ("RTSTRUCT", "", "", "segmentation"),
        ("PT", "", "", ""),
    ],
)
def test_what_a_series_is(modality, description, analysis, kind):
    assert _kind(modality, description, analysis) == kind


def test_without_the_package_the_message_is_the_command_that_installs_it(monkeypatch, tmp_path, run):
    monkeypatch.setitem(sys.modules, "idc_index_data", None)
    with pytest.raises(MissingExtraError):
        read_index("tcga_kirc")
    (tmp_path / "patients.csv").write_text("patient_id\nP1\n")
    code, out, err = run("cohort", tmp_path, "--index", "tcga_kirc")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "pip install 'tumorboard[archives]'" in err

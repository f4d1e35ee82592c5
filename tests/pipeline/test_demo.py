"""The demo: every stage on simulated patients, never over somebody's files."""

import pytest


def test_a_folder_with_other_files_is_left_alone(tmp_path, run):
    (tmp_path / "patients.csv").write_text("mine")
    code, _, err = run("demo", tmp_path)
    assert code == 2
    assert "holds other files" in err
    assert (tmp_path / "patients.csv").read_text() == "mine"


@pytest.mark.slow
def test_the_demo_ends_with_a_report_and_may_be_made_anew(tmp_path, run_json):
    first = run_json("demo", tmp_path / "demo", "--patients", "120")
    report = (tmp_path / "demo" / "report.html").read_bytes()
    assert first["report"].endswith("report.html")
    assert run_json("demo", tmp_path / "demo", "--patients", "120") == first
    again = (tmp_path / "demo" / "report.html").read_bytes()
    assert len(report) == pytest.approx(len(again), rel=0.01)

"""The demo: every stage on simulated patients, never over somebody's files."""

import pytest


def test_a_folder_with_other_files_is_left_alone(tmp_path, run):
    (tmp_path / "patients.csv").write_text("mine")
    code, _, err = run("demo", tmp_path)
    assert code == 2
    assert "holds other files" in err
    assert (tmp_path / "patients.csv").read_text() == "mine"


@pytest.mark.slow
def test_a_demo_that_was_changed_by_its_user_is_left_alone(tmp_path, run):
    from tumorboard.pipeline.demo import DEMO_STAGES, run_demo

    run_demo(tmp_path / "demo", 30, 1, DEMO_STAGES[:1], lambda stage, number: lambda step: None)
    patients = tmp_path / "demo" / "patients.csv"
    mine = patients.read_text().replace("SIM-0001", "MINE")
    patients.write_text(mine)
    code, _, err = run("demo", tmp_path / "demo", "--patients", 30)
    assert code == 2
    assert "patients.csv has been changed" in err
    assert patients.read_text() == mine


@pytest.mark.slow
def test_the_demo_ends_with_a_report_and_may_be_run_again(tmp_path, run_json):
    first = run_json("demo", tmp_path / "demo", "--patients", "40")
    report = (tmp_path / "demo" / "report.html").read_bytes()
    assert first["report"].endswith("report.html")
    assert run_json("demo", tmp_path / "demo", "--patients", "40") == first
    again = (tmp_path / "demo" / "report.html").read_bytes()
    assert len(report) == pytest.approx(len(again), rel=0.01)

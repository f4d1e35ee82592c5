"""Who has a clinical record among a user's own patients."""

from tumorboard.cohort import read_cohort
from tumorboard.study.files import StudyFolder


def test_a_patient_of_whom_only_the_outcome_is_known_has_no_clinical_record(tmp_path, run_json):
    rows = ["patient_id,grade,time_months,event", "A,2,10,0", "B,,20,1"]
    (tmp_path / "patients.csv").write_text("\n".join(rows) + "\n")
    summary = run_json("cohort", tmp_path, "--require", "clinical")
    assert summary["dropped"] == [{"patient_id": "B", "reason": "no clinical record"}]
    assert list(read_cohort(StudyFolder(tmp_path))["patient_id"]) == ["A"]

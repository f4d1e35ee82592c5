import json
import sys

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.installation import Check, Report, Section, examine, plain_text
from tumorboard.installation.examine import _guarded


def test_only_the_standard_library_is_loaded(packages):
    code = (
        "import sys; before = set(sys.modules); import tumorboard.installation.__main__; "
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    assert packages.python("-c", code).stdout.strip() == "['tumorboard']"


def test_sections_and_keys_stay(packages):
    answer, checks = packages.report()
    assert [section["name"] for section in answer["sections"]] == [
        "Python",
        "Core packages",
        "Optional parts",
        "Machine",
        "Cached weights",
        "System programs",
    ]
    assert answer["research_use_only"] == RESEARCH_USE_ONLY
    assert {tuple(check) for check in checks.values()} == {("name", "status", "found", "purpose", "fix")}
    assert {check["status"] for check in checks.values()} <= {"ok", "absent", "broken", "warning"}


def test_the_plain_report_works_on_a_terminal_that_is_not_utf8(packages):
    packages.hide("pandas")
    ended = packages.python("-m", "tumorboard.installation", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ended.returncode == 1
    assert "BROKEN pandas" in ended.stdout
    assert "mend with: pip install tumorboard" in ended.stdout
    assert ended.stdout.isascii()


def test_no_home_folder_is_shown(packages, tmp_path):
    ended = packages.python("-m", "tumorboard.installation", HOME=str(tmp_path), USERPROFILE=str(tmp_path))
    assert ended.returncode == 0
    assert str(tmp_path) not in ended.stdout
    assert sys.prefix not in ended.stdout


def test_only_the_essential_sections_decide():
    broken = Check("part", "broken", "does not import", "a part", "mend it")
    assert Report((Section("Optional parts", (broken,)),)).ok
    report = Report((Section("Core packages", (broken,), essential=True),))
    assert not report.ok
    assert report.summary() == "The core is broken: part; start with: mend it"


def test_a_check_that_fails_itself_is_reported():
    def failing():
        raise OSError("no /proc here")

    (check,) = _guarded("Machine", failing, essential=False)
    assert check.status == "warning"
    assert "no /proc here" in check.found


def test_text_tells_all_that_is_in_the_json():
    report = examine()
    text = plain_text(report)
    for section in json.loads(json.dumps(report.as_json()))["sections"]:
        assert all(check["found"] in text for check in section["checks"])
    assert text.endswith(RESEARCH_USE_ONLY)

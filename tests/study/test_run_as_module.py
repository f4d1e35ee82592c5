"""``python -m tumorboard`` is the command line."""

import subprocess
import sys

import tumorboard


def test_python_m_tumorboard_answers_like_the_command():
    def ask(*words):
        return subprocess.run([sys.executable, "-m", "tumorboard", *words], capture_output=True, text=True, check=False)

    told = ask("--version")
    assert (told.returncode, told.stderr) == (0, "")
    assert tumorboard.__version__ in told.stdout
    assert ask("measure", "absent.nii").returncode == 2

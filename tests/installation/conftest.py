"""A copy of this environment's packages, of which single ones can be taken away or damaged."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import tumorboard

SOURCES = Path(tumorboard.__file__).parents[1]


class PackagesFolder:
    """Links to every installed package; a child Python sees these alone."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            (folder / entry.name).symlink_to(entry)

    def hide(self, prefix):
        hidden = [entry for entry in self.folder.iterdir() if entry.name.lower().startswith(prefix)]
        assert hidden, f"nothing here is called {prefix}"
        for entry in hidden:
            entry.unlink()

    def own_copy(self, name):
        """Turn a link into a folder that may be damaged."""
        entry = next(self.folder.glob(name))
        origin = entry.resolve()
        entry.unlink()
        shutil.copytree(origin, entry)
        return entry

    def python(self, *arguments, **environment):
        return subprocess.run(
            [sys.executable, "-S", *arguments],  # -S: this environment's own packages stay out of sight
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(self.folder), str(SOURCES)]), **environment},
        )

    def report(self, *arguments):
        ended = self.python("-m", "tumorboard.installation", "--json", *arguments)
        assert ended.returncode in {0, 1}, ended.stderr
        answer = json.loads(ended.stdout)
        assert answer["ok"] == (ended.returncode == 0)
        checks = {check["name"]: check for section in answer["sections"] for check in section["checks"]}
        return answer, checks


@pytest.fixture
def packages(tmp_path):
    return PackagesFolder(tmp_path / "packages")

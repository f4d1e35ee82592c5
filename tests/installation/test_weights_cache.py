from pathlib import Path

import pytest

from tumorboard.installation.cache import CACHE_VARIABLE, cache_folder, check_cache


@pytest.mark.parametrize(
    ("system", "place"),
    [("Linux", ".cache/tumorboard"), ("Darwin", "Library/Caches/tumorboard"), ("Windows", "AppData/Local/tumorboard")],
)
def test_each_platform_has_its_own_place(system, place, monkeypatch):
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr("platform.system", lambda: system)
    assert cache_folder() == Path.home() / place


def test_absent_and_empty_caches_are_fine(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "none"))
    for _ in range(2):
        (check,) = check_cache()
        assert check.status == "ok"
        assert check.found.endswith(": none yet")
        (tmp_path / "none").mkdir(exist_ok=True)


def test_files_are_listed_with_their_size_and_the_home_is_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, "~/weights")
    (tmp_path / "weights" / "encoders").mkdir(parents=True)
    (tmp_path / "weights" / "encoders" / "resnet18.safetensors").write_bytes(bytes(2048))
    folder, file = check_cache()
    assert folder.found == "~/weights: 1 file"
    assert (file.name, file.found) == ("encoders/resnet18.safetensors", "2.0 KiB")
    assert str(tmp_path) not in f"{folder}{file}"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("", "ascii")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    (check,) = check_cache()
    assert check.status == "warning"
    assert "not a folder" in check.found
    assert CACHE_VARIABLE in (check.fix or "")

"""A shard is under its name whole or not at all, whatever happens to its writer."""

import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_store import add_tile, write_slide

from tumorboard.errors import StudyError
from tumorboard.store import ShardMetadata, ShardWriter, verify_shard

TILE = {"encoding": "jpeg", "modality": "scan", "width_px": 1, "height_px": 1, "mpp": 1.0, "left": 0, "top": 0}

ONE_WITHOUT_END = """
import os, sys
from pathlib import Path
from tumorboard.store import ShardMetadata, ShardWriter
os.fsync = lambda _: None
with ShardWriter(Path(sys.argv[1]), {}, ShardMetadata("A", "a", {})) as shard:
    for number in range(10**9):
        shard.add(b"\\xff\\xd8" + bytes(50_000), **%r)
        if number == 100:
            print("in the middle", flush=True)
            sys.stdin.read()
"""

MANY = """
import os, sys
from pathlib import Path
from tumorboard.store import ShardMetadata, ShardWriter
os.fsync = lambda _: None
for number in range(10**9):
    with ShardWriter(Path(sys.argv[1]) / f"{number %% 7}.shard", {}, ShardMetadata("A", "a", {})) as shard:
        shard.add_many([b"\\xff\\xd8" + bytes([number %% 256]) * 9_000] * 20, **%r)
    print(number, flush=True)
"""


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@contextmanager
def started(script: str, argument: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", script % TILE, argument], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def test_a_killed_writer_leaves_the_earlier_shard_and_the_next_one_clears_up(tmp_path):
    path = write_slide(tmp_path, "a", "A", range(3))
    before = path.read_bytes()
    with started(ONE_WITHOUT_END, path) as process:
        assert process.stdout.readline() == "in the middle\n"
        assert path.read_bytes() == before
        assert len(hidden(path.parent)) == 1
        write_slide(tmp_path, "a", "A", range(4))
        assert len(hidden(path.parent)) == 1, "the file of a writer that lives was removed"
    assert verify_shard(path) == 6
    assert len(hidden(path.parent)) == 1
    write_slide(tmp_path, "b", "A", range(4))
    assert len(hidden(path.parent)) == 1, "another shard's leftover is not ours to judge"
    write_slide(tmp_path, "a", "A", range(4))
    assert hidden(path.parent) == []


@pytest.mark.parametrize("milliseconds", [1, 4, 9])
def test_whatever_a_killed_writer_has_finished_is_whole(tmp_path, milliseconds):
    with started(MANY, tmp_path) as process:
        for _ in range(9):
            process.stdout.readline()
        time.sleep(milliseconds / 1000)
    shards = list(tmp_path.glob("[0-9].shard"))
    assert len(shards) == 7
    assert {verify_shard(path) for path in shards} == {20}


def write_and_fail(path: Path, failure: BaseException) -> None:
    with ShardWriter(path, {}, ShardMetadata("A", "a", {})) as shard:
        shard.add(b"\xff\xd8", **TILE)
        raise failure


# an OSError of the caller's own, such as a slide that cannot be read, is not blamed on the shard
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(5, "Input/output error")], ids=repr)
def test_an_exception_passes_and_leaves_the_earlier_shard_alone(tmp_path, failure):
    path = write_slide(tmp_path, "a", "A", range(3))
    before = path.read_bytes()
    with pytest.raises(type(failure)) as told:
        write_and_fail(path, failure)
    assert told.value is failure
    assert path.read_bytes() == before
    assert hidden(path.parent) == []


def test_of_two_writers_at_once_the_last_to_end_stays(tmp_path):
    path = tmp_path / "slides" / "a.shard"
    about = ShardMetadata("A", "a", {})
    columns = {"tissue_share": "float32", "focus": "float64", "cells": "int32", "tumour": "bool", "remark": "text"}
    with ShardWriter(path, columns, about) as outer:
        add_tile(outer, 1)
        with ShardWriter(path, columns, about) as inner:
            add_tile(inner, 1)
            add_tile(inner, 2)
        assert verify_shard(path) == 2
    assert verify_shard(path) == 1
    assert hidden(path.parent) == []


@pytest.fixture
def small_files():
    """Let no file grow past 100 kB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("payload_bytes", [50_000, 2_000_000], ids=["at the end", "while adding"])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, small_files, payload_bytes):
    with pytest.raises(StudyError, match=r"a\.shard cannot be written: file too large"):
        write_bytes(tmp_path / "a.shard", payload_bytes)
    assert list(tmp_path.iterdir()) == []


def write_bytes(path: Path, payload_bytes: int) -> None:
    with ShardWriter(path, {}, ShardMetadata("A", "a", {})) as shard:
        for _ in range(4):
            shard.add(b"\xff\xd8" + bytes(payload_bytes), **TILE)


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path = tmp_path / "slides" / "a.shard"
    kept = []
    monkeypatch.setattr(os, "fsync", lambda number: kept.append((path.exists(), os.fstat(number).st_size)))
    write_slide(tmp_path, "a", "A", range(3))
    assert kept == [(False, path.stat().st_size)]


def test_a_disk_that_fails_to_keep_what_was_written_is_told(tmp_path, monkeypatch):
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StudyError, match=r"a\.shard cannot be written: input/output error"):
        write_slide(tmp_path, "a", "A", range(3))
    assert list((tmp_path / "slides").iterdir()) == []


def test_a_file_in_the_folders_place_is_told(tmp_path):
    (tmp_path / "slides").write_text("")
    with pytest.raises(StudyError, match=r"a\.shard cannot be written"):
        write_slide(tmp_path, "a", "A", range(3))

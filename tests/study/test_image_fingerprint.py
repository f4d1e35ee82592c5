"""A fingerprint changes with whatever is read of an image, and the walk below a folder ends."""

import os
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError
from tumorboard.study.image_files import files_below
from tumorboard.study.image_fingerprint import fingerprint


def write(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_behind_a_link_to_a_folder_count(tmp_path):
    write(tmp_path / "elsewhere" / "deep" / "1.dcm", b"one")
    (tmp_path / "patient").mkdir()
    empty = fingerprint(tmp_path / "patient")
    (tmp_path / "patient" / "link").symlink_to(tmp_path / "elsewhere")
    before = fingerprint(tmp_path / "patient")
    write(tmp_path / "elsewhere" / "deep" / "1.dcm", b"two")
    assert len({empty, before, fingerprint(tmp_path / "patient")}) == 3


def test_links_that_go_round_end_and_each_file_is_listed_once(tmp_path):
    write(tmp_path / "a" / "1")
    write(tmp_path / "b" / "2")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "across").symlink_to(tmp_path / "a")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    files, passed_over = files_below([tmp_path])
    assert files == [tmp_path / "a" / "1", tmp_path / "b" / "2"]
    assert [one.path.name for one in passed_over] == ["itself", "nowhere"]
    assert fingerprint(tmp_path) == fingerprint(tmp_path)


def test_hidden_files_which_nothing_reads_do_not_count(tmp_path):
    write(tmp_path / "1.dcm")
    before = fingerprint(tmp_path)
    write(tmp_path / ".DS_Store")
    write(tmp_path / "__MACOSX" / "1.dcm")
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "link to a pipe", "absent"])
def test_what_is_no_file_nor_folder_is_refused_and_not_waited_for(tmp_path, monkeypatch, kind):
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            monkeypatch.chdir(tmp_path)  # the name of a socket must be short
            listener.bind("x")
        elif kind == "device":
            path.symlink_to("/dev/zero")
        elif kind == "link to a pipe":
            os.mkfifo(tmp_path / "pipe")
            path.symlink_to(tmp_path / "pipe")
        for read in (fingerprint, lambda one: files_below([one])):
            with pytest.raises(
                FileFormatError, match="no such file" if kind == "absent" else "neither a file"
            ) as fault:
                read(path)
            assert "\n" not in str(fault.value)


@settings(max_examples=25)
@given(st.binary(min_size=1, max_size=40), st.data())
def test_each_byte_counts_where_the_whole_file_is_read(tmp_path_factory, content, data):
    path = tmp_path_factory.mktemp("whole") / "mask"
    size = 3 << 20
    path.write_bytes(content.ljust(size, b"\0"))
    before = fingerprint(path, whole=True)
    at = data.draw(st.integers(0, size - 1))
    with path.open("r+b") as file:
        file.seek(at)
        old = file.read(1)
        file.seek(at)
        file.write(bytes([old[0] ^ 1]))
    assert fingerprint(path, whole=True) != before


def test_companions_count_with_their_names(tmp_path):
    header, data = write(tmp_path / "a.mhd"), write(tmp_path / "a.raw", b"1")
    found = {fingerprint(header), fingerprint(header, [data])}
    data.write_bytes(b"2")
    found.add(fingerprint(header, [data]))
    found.add(fingerprint(header, [data.rename(tmp_path / "b.raw")]))
    assert len(found) == 4

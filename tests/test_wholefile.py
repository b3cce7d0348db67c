"""Files appear whole or not at all; links, devices, pipes and standard streams are written through."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wmiam.wholefile import is_standard_stream, open_whole

WRITE = "from wmiam.wholefile import open_whole\nwith open_whole('/dev/stdout') as s: s.write(b'written')"
needs_proc = pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout here")


def test_a_file_is_replaced_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    with open_whole(path) as stream:
        stream.write(b"after")
        stream.flush()
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_failure_leaves_things_as_they_were(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "out.txt"
    if exists:
        path.write_text("before")

    def interrupted() -> None:
        with open_whole(path) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.read_text() for p in tmp_path.iterdir()] == (["before"] if exists else [])


def test_a_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    new, old, plain = tmp_path / "new", tmp_path / "old", tmp_path / "plain"
    old.write_text("")
    old.chmod(0o640)
    plain.write_text("")
    for path in (new, old):
        with open_whole(path) as stream:
            stream.write(b"x")
    assert stat.S_IMODE(new.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_written_through(tmp_path: Path, exists: bool) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    if exists:
        target.write_text("before")
    link.symlink_to(Path("far", "target"))
    with open_whole(link) as stream:
        stream.write(b"after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert not target.is_symlink()


def test_a_device_is_written_and_not_replaced() -> None:
    with open_whole(os.devnull) as stream:
        stream.write(b"x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_named_pipe_is_written_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with open_whole(pipe) as stream:
        stream.write(b"through")
    reader.join(10)
    assert read == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@needs_proc
def test_standard_output_that_is_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", WRITE], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"written"


@needs_proc
def test_standard_output_that_is_appended_to_a_file_keeps_what_is_there(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("kept ")
    number = log.stat().st_ino
    with log.open("ab") as stream:
        program = f"print('first', end=' ')\n{WRITE}\nprint(' last', end='')"
        subprocess.run([sys.executable, "-c", program], stdout=stream, check=True)
    assert log.read_text() == "kept first written last"
    assert log.stat().st_ino == number


def test_an_ordinary_file_is_no_standard_stream(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    assert not is_standard_stream(tmp_path / "there")
    assert not is_standard_stream(tmp_path / "missing")


@pytest.mark.parametrize("name", ["", "missing/out.txt"])
def test_where_no_file_can_be_there_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="directory"), open_whole(tmp_path / name) as stream:
        stream.write(b"x")

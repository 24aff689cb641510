"""Files and places that are no store: a typed error that helps, and nothing is changed or left."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from json_life import COMPACTS_FROM, ERASURES, LIFE, add
from json_writers import processes
from report_table import Report

from contacts_adapters import json_file
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import StoreCorrupted, StoreError, StoreUnavailable

NOBODY: Final = 65534


def _store(tmp_path: Path) -> bytes:
    path = tmp_path / "template.jsonl"
    with JsonFileContactBooks(path) as store:
        for step in ERASURES:
            step(store)
    data = path.read_bytes()
    for file in tmp_path.iterdir():
        file.unlink()
    return data


FOREIGN: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda data: b"",
    "a line feed": lambda data: b"\n",
    "an empty object": lambda data: b"{}\n",
    "an empty list": lambda data: b"[]",
    "zeros": lambda data: bytes(len(data)),
    "JSON lines of another program": lambda data: b'{"level":"info","message":"up"}\n' * 9,
    "a format of another name": lambda data: data.replace(b"contacts_core", b"contacts_care", 1),
    "a newer version": lambda data: data.replace(b'"version":1', b'"version":2', 1),
    "a much newer version": lambda data: data.replace(b'"version":1', b'"version":999999999', 1),
    "an unknown version": lambda data: data.replace(b'"version":1', b'"version":"x"', 1),
    "SQLite": lambda data: b"SQLite format 3\0" + bytes(4080),
    "gzip": lambda data: b"\x1f\x8b\x08\0" + bytes(60),
    "CSV": lambda data: b"id,label,telephone\r\n1,work,12345\r\n",
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda data: data.decode().encode("utf-16-le"),
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "CR": lambda data: data.replace(b"\n", b"\r"),
    "a space in front": lambda data: b" " + data,
    "printed prettily": lambda data: data.replace(b":", b": ").replace(b",", b", "),
    "sorted": lambda data: b"".join(sorted(data.splitlines(keepends=True), reverse=True)),
    "the first line is gone": lambda data: data.partition(b"\n")[2],
    "half the first line": lambda data: data[:50],
    "the first line without its end": lambda data: data.partition(b"\n")[0],
    "the first line twice": lambda data: data.partition(b"\n")[0] + b"\n" + data,
    "two stores": lambda data: data + data,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused_and_left_as_it_is(
    tmp_path: Path, report: Report, kind: str
) -> None:
    path = tmp_path / "contacts.jsonl"
    data = FOREIGN[kind](_store(tmp_path))
    path.write_bytes(data)
    before = path.stat()
    with pytest.raises(StoreCorrupted, match=r"left as it (is|was)|update the library"):
        JsonFileContactBooks(path)
    after = path.stat()
    unchanged = path.read_bytes() == data and before.st_mtime_ns == after.st_mtime_ns
    report.add("A13", "JSON", 1, int(not unchanged), "foreign, newer or converted file")
    assert unchanged


@pytest.mark.parametrize(
    "kind",
    ["empty", "a newer version", "SQLite", "a byte order mark", "half the first line", "CRLF"],
)
def test_beside_a_foreign_file_nothing_is_left(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "contacts.jsonl"
    path.write_bytes(FOREIGN[kind](_store(tmp_path)))
    with pytest.raises(StoreCorrupted):
        JsonFileContactBooks(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def _directory(path: Path) -> Path:
    path.mkdir()
    return path


def _dangling(path: Path) -> Path:
    path.symlink_to(path.with_name("nowhere"))
    return path


def _loop(path: Path) -> Path:
    path.symlink_to(path)
    return path


def _fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _file(path: Path) -> Path:
    path.write_bytes(b"text")
    return path


PLACES: Final[dict[str, Callable[[Path], Path | str]]] = {
    "a directory": _directory,
    "the root": lambda path: "/",
    "the folder": lambda path: path.parent,
    "no name": lambda path: "",
    "a dangling link": _dangling,
    "a link to itself": _loop,
    "a pipe": _fifo,
    "a device": lambda path: "/dev/null",
    "an endless device": lambda path: "/dev/zero",
    "a missing folder": lambda path: path / "contacts.jsonl",
    "a file as the folder": lambda path: _file(path) / "contacts.jsonl",
    "a name that is too long": lambda path: path.with_name("n" * 300),
    "a path that is too long": lambda path: path / ("n/" * 3000),
    "a NUL": lambda path: f"{path}\0",
    "a lone surrogate": lambda path: f"{path}\ud800",
    "a system folder": lambda path: "/proc/contacts.jsonl",
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_place_for_no_file_is_refused_and_nothing_is_made(
    folder: Path, report: Report, kind: str
) -> None:
    place = PLACES[kind](folder / "contacts.jsonl")
    before = sorted(folder.rglob("*"))
    with pytest.raises(StoreError):
        JsonFileContactBooks(place)
    assert sorted(folder.rglob("*")) == before
    report.add("A12", "JSON", 1, 0, _A12)


_A12: Final = "folder, dangling link, device, missing folder, no permission"


def _exit_when_refused(path: Path, owner: int) -> None:
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(owner)
        os.setuid(owner)
    try:
        JsonFileContactBooks(path)
    except StoreUnavailable:
        os._exit(17)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode"),
    [(0o500, None), (0o000, None), (0o500, 0o600), (0o700, 0o400), (0o700, 0o000), (0o000, 0o600)],
)
def test_a_place_without_permission_is_refused_and_left_as_it_is(
    folder: Path, report: Report, folder_mode: int, file_mode: int | None
) -> None:
    data = _store(folder)
    place = folder / "private"
    place.mkdir()
    path = place / "contacts.jsonl"
    owner = NOBODY if os.getuid() == 0 else os.getuid()
    if file_mode is not None:
        path.write_bytes(data)
        os.chown(path, owner, owner)
        path.chmod(file_mode)
    os.chown(place, owner, owner)
    place.chmod(folder_mode)
    try:
        with processes(partial(_exit_when_refused, path, owner)) as (process,):
            process.join()
        assert process.exitcode == 17
    finally:
        place.chmod(0o700)
    assert {file.name for file in place.iterdir()} <= {path.name, f"{path.name}.lock"}
    assert file_mode is None or path.read_bytes() == data
    report.add("A12", "JSON", 1, 0, _A12)


def test_a_store_stays_the_same_when_the_working_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with JsonFileContactBooks("contacts.jsonl") as store:
        add(1)(store)
        monkeypatch.chdir(tmp_path / "other")
        with JsonFileContactBooks("contacts.jsonl"):
            assert len(store.get(1)) == 1


def test_a_failed_opening_leaves_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "contacts.jsonl"
    path.write_bytes(_store(tmp_path) + b"\n")
    before = os.listdir("/proc/self/fd")
    for _ in range(5):
        with pytest.raises(StoreCorrupted):
            JsonFileContactBooks(path)
    assert os.listdir("/proc/self/fd") == before


def test_every_file_of_a_store_is_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    modes: list[int] = []

    def look(_: object) -> None:
        modes.extend(file.stat().st_mode for file in tmp_path.iterdir())

    monkeypatch.setattr(json_file, "COMPACT_FROM", COMPACTS_FROM)
    monkeypatch.setattr("os.fdatasync", look)
    old = os.umask(0)
    try:
        with JsonFileContactBooks(tmp_path / "contacts.jsonl") as store:
            for step in LIFE:
                step(store)
            store.backup(tmp_path / "backup.jsonl")
    finally:
        os.umask(old)
    look(None)
    wider = [oct(mode) for mode in modes if stat.S_IMODE(mode) != 0o600]
    report.add("F5", "JSON", len(modes), len(wider), "modes of all files, also in between, umask 0")
    assert wider == []

"""The power goes, and of what was not synced anything or nothing is there; and syncs that fail."""

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from json_life import (
    LIFE,
    SAVES,
    Step,
    Steps,
    add,
    add_to_all,
    check_after_crash,
    erase,
    state_of,
    states,
)
from json_power_loss import Recorder
from report_table import Report

from contacts_adapters import files, json_file, json_log
from contacts_adapters.json_file import JsonFileContactBooks
from contacts_core import StoreCorrupted, StoreUnavailable

Crash = tuple[int, tuple[tuple[str, bytes], ...]]  # steps acknowledged, and the files then

_A6: Final = "power lost: of what was not synced, any part is there"
_A7: Final = "every sync fails: no more use of the handle"
_AFTER_A_TORN_BATCH: Final = (SAVES[0], add(6), add_to_all([1, 6]))


def crashes(
    path: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch, *, done: int = 0
) -> list[Crash]:
    """Everything that a loss of power may leave of a life, from step *done* on."""
    found: dict[Crash, None] = {}

    def note(recorder: Recorder) -> None:
        for disk in recorder.after_power_loss():
            found[done, tuple(sorted(disk.items()))] = None

    recorder = Recorder(path.parent, note)
    with monkeypatch.context() as patch:
        recorder.install(patch)
        patch.setattr(json_file, "COMPACT_FROM", 900)
        note(recorder)
        with JsonFileContactBooks(path) as store:
            for step in steps[done:]:
                step(store)
                done += 1
                note(recorder)
    return list(found)


def crashes_after_a_torn_batch(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Crash]:
    """The same of a life that goes on where a crash left two whole lines of a batch of three."""
    with JsonFileContactBooks(path) as store:
        for step in SAVES[:2]:
            step(store)
    path.write_bytes(path.read_bytes()[:-100])
    return crashes(path, _AFTER_A_TORN_BATCH, monkeypatch, done=1)


def problems_after(
    path: Path, steps: Steps, found: list[Crash], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    problems = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda _: None)  # the power stays on from here
        for done, disk in found:
            for file in path.parent.iterdir():
                file.unlink()
            for name, content in disk:
                path.with_name(name).write_bytes(content)
            problems += check_after_crash(path, steps, done, further=1)
    return problems


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "contacts.jsonl"


def test_a_loss_of_power_loses_nothing_acknowledged(
    path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool, report: Report
) -> None:
    found = crashes(path, LIFE, monkeypatch)
    if not whole:
        found = random.Random(4).sample(found, 300)
    problems = problems_after(path, LIFE, found, monkeypatch)
    report.add("A6", "JSON", len(found), len(problems), _A6)
    assert problems == []


def test_a_loss_of_power_after_a_crash_loses_nothing_either(
    path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool, report: Report
) -> None:
    found = crashes_after_a_torn_batch(path, monkeypatch)
    if not whole:
        found = random.Random(4).sample(found, 300)
    problems = problems_after(path, _AFTER_A_TORN_BATCH, found, monkeypatch)
    report.add("A6", "JSON", len(found), len(problems), _A6)
    assert problems == []


def test_who_goes_on_after_a_kill_syncs_what_the_killed_one_did_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kill comes between the rename of a compaction and the sync of the folder."""
    steps = (add(1), erase(1), add(2))
    found: list[Crash] = []

    def note(recorder: Recorder) -> None:
        found.extend((3, tuple(sorted(disk.items()))) for disk in recorder.after_power_loss())

    recorder = Recorder(path.parent, lambda _: None)
    with monkeypatch.context() as patch:
        recorder.install(patch)
        with JsonFileContactBooks(path) as store:
            add(1)(store)
            with patch.context() as kill:
                kill.setattr(json_log, "sync_path", _is_killed)
                with pytest.raises(KeyboardInterrupt):
                    erase(1)(store)
        with JsonFileContactBooks(path) as store:
            add(2)(store)
            note(recorder)
    assert problems_after(path, steps, found, monkeypatch) == []


def _is_killed(_: Path) -> None:
    raise KeyboardInterrupt


def _sync_no_file(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(json_log, "sync", lambda file: None)


def _sync_no_folder(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(json_log, "sync_path", lambda path: None)


def _sync_no_cut(patch: pytest.MonkeyPatch) -> None:
    cuts = []
    ftruncate, sync = os.ftruncate, files.sync

    def cutting(file: int, size: int) -> None:
        cuts.append(file)
        ftruncate(file, size)

    patch.setattr("os.ftruncate", cutting)
    patch.setattr(json_log, "sync", lambda file: cuts.pop() if cuts else sync(file))


@pytest.mark.parametrize(
    ("steps", "break_store"),
    [((add(1), add(2)), _sync_no_file), ((add(1), erase(1), add(2)), _sync_no_folder)],
)
def test_the_checker_finds_out_a_store_that_does_not_sync(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    steps: Steps,
    break_store: Callable[[pytest.MonkeyPatch], None],
) -> None:
    with monkeypatch.context() as patch:
        break_store(patch)
        found = crashes(path, steps, patch)
    assert problems_after(path, steps, found[-100:], monkeypatch)


def test_the_checker_finds_out_a_store_that_does_not_sync_what_it_cut_off(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _sync_no_cut(patch)
        found = crashes_after_a_torn_batch(path, patch)
    assert problems_after(
        path, _AFTER_A_TORN_BATCH, random.Random(4).sample(found, 100), monkeypatch
    )


def test_a_hole_in_what_was_not_acknowledged_is_refused_or_cut_off(path: Path) -> None:
    with JsonFileContactBooks(path) as store:
        add(1)(store)
        end = path.stat().st_size
        add_to_all([1, 2, 3])(store)
    data = path.read_bytes()
    expected = states((add(1), add_to_all([1, 2, 3])))[1:]
    for hole in range(1, len(data) - end + 1, 5):
        path.write_bytes(data[:end] + bytes(hole) + data[end + hole :])
        try:
            with JsonFileContactBooks(path) as store:
                assert state_of(store) == expected[0]
        except StoreCorrupted:
            assert hole < len(data) - end


def _failing_sync(patch: pytest.MonkeyPatch, number: int | None) -> list[str]:
    """Makes the sync of this number fail; gives the files that are synced, as that happens."""
    synced: list[str] = []
    fdatasync = os.fdatasync

    def failing(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink().name)
        if len(synced) - 1 == number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fdatasync(file)

    patch.setattr("os.fdatasync", failing)
    patch.setattr("os.fsync", failing)
    return synced


@pytest.mark.parametrize("operation", [add(1), add_to_all([1, 2]), erase(1)])
@pytest.mark.parametrize("full", [False, True])
def test_a_sync_that_fails_is_not_acknowledged_and_never_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, report: Report, operation: Step, full: bool
) -> None:
    """Also the sync of what is undone when the disk is full."""
    allowed = states((add(1), operation))[1:]
    problems = []
    for number in range(10):
        path.unlink(missing_ok=True)
        with JsonFileContactBooks(path) as store, monkeypatch.context() as patch:
            add(1)(store)
            synced = _failing_sync(patch, number)
            if full:
                patch.setattr("os.pwrite", _fails_half_way(os.pwrite))
            try:
                operation(store)
            except StoreUnavailable:
                pass
            else:
                assert len(synced) <= number
                break
            if len(synced) <= number:
                break
            patch.undo()
            again = _failing_sync(patch, None)
            # A draft that could not be synced is thrown away, the store is as it was.
            if not synced[number].endswith(".tmp"):
                for later in (add(1), erase(1), state_of):
                    with pytest.raises(StoreUnavailable):
                        later(store)
                if again:
                    problems.append(f"sync {number} is tried again")
        with JsonFileContactBooks(path) as store:
            if state_of(store) not in allowed:
                problems.append(f"after sync {number} failed, the store holds something else")
            add(3)(store)
    report.add("A7", "JSON", number, len(problems), _A7)
    assert number
    assert problems == []


def test_a_store_whose_first_sync_fails_is_not_there(
    path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    """When the last one does, that of the folder, it may be there or not."""
    for number in range(2):
        path.unlink(missing_ok=True)
        with monkeypatch.context() as patch:
            _failing_sync(patch, number)
            with pytest.raises(StoreUnavailable):
                JsonFileContactBooks(path)
        assert path.exists() == bool(number)
        with JsonFileContactBooks(path) as store:
            assert state_of(store) == ()
    report.add("A7", "JSON", 2, 0, _A7)


def _fails_half_way(pwrite: Callable[[int, bytes, int], int]) -> Callable[[int, bytes, int], int]:
    def failing(file: int, data: bytes, offset: int) -> int:
        pwrite(file, data[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return failing

"""What a disk may hold after the power went, made from a record of what the system was asked for.

A file then has what was synced, and any part of what was asked for since; the last write may have
ended at any byte, and the file may have grown before its bytes arrived. Names are the same: those
of the last sync of the folder, and any part of the changes since.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

Names = Mapping[str, int]
Disk = Mapping[str, bytes]


class Write(NamedTuple):
    offset: int
    data: bytes

    def to(self, content: bytes) -> bytes:
        before = content[: self.offset].ljust(self.offset, b"\0")
        return before + self.data + content[self.offset + len(self.data) :]


class Truncate(NamedTuple):
    size: int

    def to(self, content: bytes) -> bytes:
        return content[: self.size].ljust(self.size, b"\0")


class Rename(NamedTuple):
    """Or a new name, when *old* is None; or one less, when *new* is."""

    file: int
    old: str | None
    new: str | None

    def to(self, names: Names) -> Names:
        changed = {name: file for name, file in names.items() if name != self.old}
        return changed if self.new is None else {**changed, self.new: self.file}


class _File:
    def __init__(self, content: bytes = b"") -> None:
        self.synced = self.content = content
        self.pending: list[Write | Truncate] = []

    def change(self, change: Write | Truncate) -> None:
        self.pending.append(change)
        self.content = change.to(self.content)

    def sync(self) -> None:
        self.synced = self.content
        self.pending.clear()

    def after_power_loss(self) -> set[bytes]:
        """What may be there: any part of the pending changes, the last one perhaps half done."""
        contents = set()
        for kept in product((False, True), repeat=len(self.pending)):
            content = self.synced
            changes = [change for change, keep in zip(self.pending, kept, strict=True) if keep]
            for change in changes[:-1]:
                content = change.to(content)
            contents.add(content)
            if changes and isinstance(last := changes[-1], Write):
                grown = Truncate(max(len(content), last.offset + len(last.data))).to(content)
                for cut in range(len(last.data) + 1):
                    part = Write(last.offset, last.data[:cut])
                    contents |= {part.to(content), part.to(grown)}
            elif changes:
                contents.add(changes[-1].to(content))
        return contents


class Recorder:
    """Stands between a program and the folder whose power is going to fail.

    *at_each* is called after every change that a loss of power could take back or leave half done.
    """

    def __init__(self, folder: Path, at_each: Callable[["Recorder"], object]) -> None:
        self._folder = folder
        self._at_each = at_each
        self._names: Names = {}
        self._pending: list[Rename] = []
        self._files: dict[int, _File] = {}
        self._by_inode: dict[int, int] = {}
        for file in folder.iterdir():
            self._add(file.stat().st_ino, file.read_bytes())
            self._names = {**self._names, file.name: len(self._files) - 1}

    def _add(self, inode: int, content: bytes = b"") -> int:
        number = self._by_inode[inode] = len(self._files)
        self._files[number] = _File(content)
        return number

    def after_power_loss(self) -> Iterator[Disk]:
        """Every content of the folder that a loss of power might leave now."""
        contents = {number: file.after_power_loss() for number, file in self._files.items()}
        seen: list[Names] = []
        for kept in product((False, True), repeat=len(self._pending)):
            names = self._names
            for change, keep in zip(self._pending, kept, strict=True):
                if keep:
                    names = change.to(names)
            if names in seen:
                continue
            seen.append(names)
            for choice in product(*(contents[number] for number in names.values())):
                yield dict(zip(names, choice, strict=True))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Puts the recorder between this process and the system."""
        for name in ("open", "pwrite", "ftruncate", "fsync", "fdatasync", "link", "unlink"):
            monkeypatch.setattr(os, name, self._recording(name, getattr(os, name)))
        monkeypatch.setattr(os, "replace", self._recording("rename", os.replace))

    def _recording(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        record = getattr(self, f"_{name}")

        def recording(*arguments: object, **keywords: object) -> object:
            return record(lambda: call(*arguments, **keywords), *arguments)

        return recording

    def _open(
        self, call: Callable[[], int], path: str | Path, flags: int, mode: int = 0o777
    ) -> int:
        new = Path(path).parent == self._folder and not os.path.lexists(path)
        file = call()
        if new:
            number = self._add(os.fstat(file).st_ino)
            self._rename_pending(Rename(number, None, Path(path).name))
        elif flags & os.O_TRUNC:
            self._change(file, Truncate(0))
        return file

    def _pwrite(self, call: Callable[[], int], file: int, data: bytes, offset: int) -> int:
        data = bytes(data)
        written = call()
        self._change(file, Write(offset, data[:written]))
        return written

    def _ftruncate(self, call: Callable[[], None], file: int, size: int) -> None:
        call()
        self._change(file, Truncate(size))

    def _fdatasync(self, call: Callable[[], None], file: int) -> None:
        call()
        inode = os.fstat(file).st_ino
        if inode == self._folder.stat().st_ino:
            for change in self._pending:
                self._names = change.to(self._names)
            self._pending.clear()
        elif inode in self._by_inode:
            self._catch_up(self._files[self._by_inode[inode]], Path(f"/proc/self/fd/{file}"))
            self._files[self._by_inode[inode]].sync()

    _fsync = _fdatasync

    def _link(self, call: Callable[[], None], old: Path, new: Path) -> None:
        self._rename_file(call, old, Rename(self._number(old), None, new.name))

    def _rename(self, call: Callable[[], None], old: Path, new: Path) -> None:
        self._rename_file(call, old, Rename(self._number(old), old.name, new.name))

    def _unlink(self, call: Callable[[], None], path: Path) -> None:
        if os.path.lexists(path):
            self._rename_file(call, path, Rename(self._number(path), path.name, None))
        else:
            call()

    def _number(self, path: Path) -> int:
        return self._by_inode[path.stat().st_ino]

    def _rename_file(self, call: Callable[[], None], path: Path, change: Rename) -> None:
        self._catch_up(self._files[change.file], path)
        call()
        self._rename_pending(change)

    def _rename_pending(self, change: Rename) -> None:
        self._pending.append(change)
        self._at_each(self)

    def _change(self, file: int, change: Write | Truncate) -> None:
        number = self._by_inode.get(os.fstat(file).st_ino)
        if number is not None:
            self._files[number].change(change)
            self._at_each(self)

    def _catch_up(self, file: _File, path: Path) -> None:
        """Takes note of what was written by other means than the recorded ones."""
        content = path.read_bytes()
        if content != file.content:
            file.change(Truncate(0))
            file.change(Write(0, content))

"""An append-only file of checksummed JSON lines that several processes share.

A line is `{"crc":"89abcdef","seq":17,"left":0,…}`: the CRC-32 of what follows it, the number of
the line in the file, and how many lines of the same batch are still to come. A batch counts when
its last line is whole; what a crash left of another one is cut off by the next writer. Anything
else that is not as written is damage, and said to be.
"""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Final
from weakref import WeakSet
from zlib import crc32

from contacts_core import StoreCorrupted, StoreUnavailable

from .files import (
    drop_second_names,
    exists,
    new_file,
    refuse_what_is_no_file,
    sync,
    sync_path,
)

VERSION: Final = 1
TIMEOUT: Final = 30.0  # seconds to wait for another process
_READ: Final = 1 << 16

_FRAME: Final = re.compile(rb'\{"crc":"([0-9a-f]{8})","seq":(\d{1,19}),"left":(\d{1,19}),')
_COVERED: Final = len('{"crc":"89abcdef",')  # what the checksum does not cover
_FORMAT: Final = b'"format":"contacts_core","version":%d,'
_HEADER: Final = re.compile(
    rb'\{"crc":"[0-9a-f]{8}","seq":0,"left":0,"format":"contacts_core","version":(\d{1,9}),'
)

_CLOSED: Final = -1

_logs: "WeakSet[Log]" = WeakSet()


Line = tuple[int, int, bytes]
"""Where a line stands in the file, its length, and its text behind the frame."""


def _framed(seq: int, left: int, rest: bytes) -> bytes:
    covered = b'"seq":%d,"left":%d,%b' % (seq, left, rest)
    return b'{"crc":"%08x",%b\n' % (crc32(covered), covered)


def _unframed(line: bytes) -> tuple[int, int, bytes] | None:
    """Sequence number, lines left and the rest of a line that is as written, None for any other."""
    frame = _FRAME.match(line)
    if frame is None or crc32(line[_COVERED:]) != int(frame[1], 16):
        return None
    return int(frame[2]), int(frame[3]), line[frame.end() :]


class _HalfBatchError(Exception):
    """The file ends within a batch that starts at this offset."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


Receive = Callable[[Iterator[Line], bool], None]


class Log:
    """The file, made when missing, with mode 0600; beside it stays `<file>.lock`.

    *receive* gets the lines that are new, the header first, and whether they start anew because
    the file is another one since a compaction. It has to forget what it got when the lines end
    in an exception.

    For local disks only: elsewhere the lock may lock nothing.
    """

    def __init__(self, path: Path, receive: Receive) -> None:
        self._path = path
        self._draft_path = path.with_name(f"{path.name}.tmp")
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._receive = receive
        self._mutex = Lock()
        self._file = self._lock_file = _CLOSED
        self._identity: tuple[int, int] | None = None
        self._end = 0
        self._seq = -1
        self._refusal: str | None = None
        self._name_is_durable = False

    def open(self, header: bytes) -> None:
        """Takes the log in use; a new file starts with *header*."""
        with _store_errors():
            if not exists(self._path):
                # Somebody else may be quicker: theirs is as good.
                with suppress(FileExistsError), new_file(self._path) as draft:
                    draft.write_bytes(_framed(0, 0, _FORMAT % VERSION + header))
            _check_format(self._path)
            drop_second_names(self._path)
            self._lock_file = _open(self._lock_path, os.O_CREAT)
            if exists(self._draft_path):
                with self._locked(fcntl.LOCK_EX):
                    # A draft that stands while nobody writes is what a crash left of one.
                    self._draft_path.unlink(missing_ok=True)
        _logs.add(self)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """For `read`: what others have written is received."""
        with _store_errors(), self._mutex:
            self._check_usable()
            if not self._is_current():
                with self._locked(fcntl.LOCK_SH):
                    self._catch_up()
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """For `append`, `replace` and `read`: nobody else writes."""
        with _store_errors(), self._mutex:
            self._check_usable()
            with self._locked(fcntl.LOCK_EX):
                if not self._is_current():
                    self._catch_up()
                    if os.fstat(self._file).st_size > self._end:
                        os.ftruncate(self._file, self._end)
                        with self._trusted_once():  # or what was cut could come back
                            sync(self._file)
                if not self._name_is_durable:
                    # Whoever put the file there may have been killed before this.
                    with self._trusted_once():
                        sync_path(self._path.parent)
                    self._name_is_durable = True
                yield

    @property
    def size(self) -> int:
        """Of the whole batches, in bytes."""
        return self._end

    def read(self, offset: int, length: int) -> bytes:
        """The text of a line behind its frame; raises StoreCorrupted when it has changed."""
        line = os.pread(self._file, length, offset)
        frame = _unframed(line[:-1])
        if frame is None:
            raise _damaged(offset)
        return frame[2]

    def append(self, rests: Sequence[bytes]) -> None:
        """Writes a batch: durable, and received, when this returns; else undone."""
        lines: list[Line] = []
        offset = self._end
        text = bytearray()
        for number, rest in enumerate(rests, 1):
            line = _framed(self._seq + number, len(rests) - number, rest)
            lines.append((offset, len(line), rest))
            offset += len(line)
            text += line
        try:
            _write(self._file, text, self._end)
        except BaseException:
            self._undo()
            raise
        with self._trusted_once():
            sync(self._file)
        self._end = offset
        self._seq += len(rests)
        identity, self._identity = self._identity, None
        self._receive(iter(lines), False)
        self._identity = identity

    def replace(self, header: bytes, rests: Iterable[bytes]) -> None:
        """Puts another file in the place of this one, at once and for all processes."""
        try:
            file = _open(self._draft_path, os.O_CREAT | os.O_TRUNC)
            try:
                end = 0
                numbered = enumerate(chain([_FORMAT % VERSION + header], rests))
                for block in _blocks(_framed(seq, 0, rest) for seq, rest in numbered):
                    end += _write(file, block, end)
                sync(file)
            finally:
                os.close(file)
            os.replace(self._draft_path, self._path)
        except BaseException:
            with suppress(OSError):
                self._draft_path.unlink(missing_ok=True)
            raise
        with self._trusted_once():
            sync_path(self._path.parent)
        self._catch_up()

    def copy_to(self, path: Path) -> None:
        """Writes what is durable now to a new file, while others read and write."""
        with self.reading():
            source, end = os.dup(self._file), self._end
        try:
            with _store_errors(), new_file(path) as draft, draft.open("wb") as copy:
                for offset in range(0, end, _READ):
                    copy.write(os.pread(source, min(_READ, end - offset), offset))
        finally:
            os.close(source)

    def close(self) -> None:
        """Gives the files back; every later use raises StoreUnavailable."""
        with self._mutex, _store_errors():
            self._refusal = "the store is closed"
            self._close_files()

    def _undo(self) -> None:
        try:
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        except BaseException:
            self._refusal = "a write failed and could not be undone: open the store again"
            raise

    @contextmanager
    def _trusted_once(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # What the system failed to write it may have dropped: a second call would succeed.
            self._refusal = "a write could not be made durable: open the store again"
            raise

    def _check_usable(self) -> None:
        if self._refusal is not None:
            raise StoreUnavailable(self._refusal)
        if self._lock_file == _CLOSED:
            self._lock_file = _open(self._lock_path, os.O_CREAT)

    def _is_current(self) -> bool:
        status = os.stat(self._path)
        return (status.st_dev, status.st_ino) == self._identity and status.st_size == self._end

    def _catch_up(self) -> None:
        status = os.stat(self._path)
        anew = (status.st_dev, status.st_ino) != self._identity
        if anew:
            _check_format(self._path)
            file, self._file = self._file, _open(self._path, 0)
            if file != _CLOSED:
                os.close(file)
            self._end, self._seq = 0, -1
            self._name_is_durable = False
        self._identity = None
        if status.st_size < self._end:
            raise _damaged(status.st_size)
        try:
            self._receive(self._scan(status.st_size), anew)
        except _HalfBatchError as half:
            self._receive(self._scan(half.offset), anew)
        self._identity = (status.st_dev, status.st_ino)

    def _scan(self, stop: int) -> Iterator[Line]:
        """The lines from the last one received to *stop*, but for a torn one at the end."""
        offset = batch = self._end
        seq, left = self._seq, 0
        with open(self._file, "rb", closefd=False) as file:
            file.seek(offset)
            for line in file:
                whole = line.endswith(b"\n")
                if offset >= stop or (not whole and _is_torn(line, offset)):
                    break
                frame = _unframed(line[:-1])
                if (
                    frame is None
                    or not whole
                    or frame[0] != seq + 1
                    or (left and frame[1] != left - 1)
                ):
                    raise _damaged(offset)
                yield offset, len(line), frame[2]
                seq, left, _ = frame
                offset += len(line)
                if not left:
                    batch = offset
        if left:
            raise _HalfBatchError(batch)
        self._end, self._seq = offset, seq

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        deadline = time.monotonic() + TIMEOUT
        pause = 0.0001
        while True:
            try:
                fcntl.flock(self._lock_file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    message = f"another process has kept the store locked for {TIMEOUT:.0f} seconds"
                    raise StoreUnavailable(message) from None
            time.sleep(pause)
            pause = min(2 * pause, 0.01)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def _close_files(self) -> None:
        files = [file for file in (self._file, self._lock_file) if file != _CLOSED]
        self._file = self._lock_file = _CLOSED
        self._identity = None
        with ExitStack() as stack:
            for file in files:
                stack.callback(os.close, file)

    def _after_fork(self) -> None:
        # The child's lock would be the parent's: a lock belongs to the open file, not the process.
        self._mutex = Lock()
        self._close_files()


def _after_fork() -> None:
    for log in _logs:
        log._after_fork()


os.register_at_fork(after_in_child=_after_fork)


def _is_torn(line: bytes, offset: int) -> bool:
    """Whether a crash may have left a line without end so: cut short, or of zeros from there.

    A whole line with something else than a line feed behind it was acknowledged, and is damaged.
    """
    return offset > 0 and (line.endswith(b"\0") or not _unframed(line[:-1]))


def _check_format(path: Path) -> None:
    refuse_what_is_no_file(path)
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        line, _, _ = os.pread(file, _READ, 0).partition(b"\n")
    finally:
        os.close(file)
    header = _HEADER.match(line)
    if header is None:
        raise StoreCorrupted("the file is no store of contacts; it was left as it is")
    if int(header[1]) != VERSION:
        raise StoreCorrupted(
            f"the store has version {int(header[1])}, this library reads {VERSION}: "
            "update the library"
        )
    if _unframed(line) is None:
        raise _damaged(0)


def _damaged(offset: int) -> StoreCorrupted:
    return StoreCorrupted(
        f"the file is damaged at byte {offset}; it was left as it is: restore a backup, or cut it "
        "there to go on without what stands behind"
    )


def _open(path: Path, flags: int) -> int:
    return os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)


def _write(file: int, text: bytes | bytearray, offset: int) -> int:
    rest = memoryview(text)
    while rest:  # a full disk takes a part
        written = os.pwrite(file, rest, offset)
        offset += written
        rest = rest[written:]
    return len(text)


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= _READ:
            yield bytes(block)
            block.clear()
    yield bytes(block)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"the store cannot be used now: {error}") from error

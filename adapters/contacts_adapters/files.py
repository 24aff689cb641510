"""What the stores in files have in common."""

import fcntl
import glob
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contacts_core import StoreUnavailable


def path_of(url: str, /) -> str:
    """The path in `scheme:///path`, taken verbatim; raises StoreUnavailable when there is none."""
    scheme, _, path = url.partition("://")
    if not path.startswith("/"):
        raise StoreUnavailable(f"write {scheme}:///path, or {scheme}:////path from the root")
    return path[1:]


def checked_path(path: str | os.PathLike[str], /) -> Path:
    """Where *path* leads, if a file can stand there; raises StoreUnavailable.

    Once for all, since a link is replaced by a file of its own, and the working folder may change.
    """
    checked = Path(path)
    try:
        if b"\0" in os.fsencode(checked) or not checked.name:
            raise StoreUnavailable("this is no path of a file")
        if checked.is_symlink() and not checked.exists():
            raise StoreUnavailable("the link points to nothing")
        return Path(os.path.realpath(checked))
    except UnicodeEncodeError:
        raise StoreUnavailable("this is no path of a file") from None
    except OSError as error:
        raise StoreUnavailable(f"the store cannot be used now: {error}") from error


def exists(path: Path) -> bool:
    """Whether something has this name, a link to nowhere too; raises OSError when unknown."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def refuse_what_is_no_file(path: Path) -> None:
    """Opening a pipe would wait for ever. Raises StoreUnavailable."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise StoreUnavailable("what has the name of the store is no file")


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A draft beside *path*, with mode 0600, that stands there whole and durable in the end.

    A crash leaves all of the file or nothing of it, but perhaps the draft, even as a second name
    of the file: see `drop_second_names`. Raises FileExistsError when somebody else has put a file
    there by then.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield draft
        sync_path(draft)
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_path(path.parent)


def drop_second_names(path: Path) -> None:
    """Removes what a crash within `new_file` left: a name that would outlive an erasure."""
    if path.stat().st_nlink > 1:
        for draft in path.parent.glob(f".{glob.escape(path.name)}.*.new"):
            with suppress(FileNotFoundError):  # its maker may be about to
                if draft.samefile(path):
                    draft.unlink()
        sync_path(path.parent)


def sync(file: int) -> None:
    """Returns when what was written to an open file will survive a loss of power."""
    if hasattr(fcntl, "F_FULLFSYNC"):  # macOS: its fsync does not reach the disk
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(file)


def sync_path(path: Path) -> None:
    """The same for a file that is closed, or for the names in a folder."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(file)
    finally:
        os.close(file)

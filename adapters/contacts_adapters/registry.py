"""From a URL to the store that it names."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from contacts_core import ContactBookRepository, ContactsError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP: Final = "contacts_core.repositories"

Opener = Callable[[str], ContactBookRepository]

# Ours are named here too, so that opening one need not read the metadata of every installed
# package. As strings: an adapter, and the driver that it needs, is imported when it is opened.
_BUILT_IN: Final[Mapping[str, str]] = {
    "memory": "contacts_adapters.memory:open_url",
    "sqlite": "contacts_adapters.sqlite:open_url",
    "json": "contacts_adapters.json_file:open_url",
}
_registered: dict[str, Opener] = {}


class UnknownScheme(ContactsError, ValueError):
    """No installed adapter opens URLs of this scheme."""

    def __init__(self, scheme: str, known: tuple[str, ...]) -> None:
        super().__init__(scheme, known)
        self.scheme = scheme
        self.known = known

    def __str__(self) -> str:
        return (
            f"no adapter opens {self.scheme}: URLs; installed are "
            f"{', '.join(f'{name}://' for name in self.known)}; another adapter is a package with "
            f"an entry point {self.scheme} in the group {GROUP}"
        )


def open_repository(url: str, /) -> ContactBookRepository:
    """Opens the store that *url* names; what stands after `scheme:///` is a path, taken verbatim.

    `memory://` is a new store in memory, `sqlite:///contacts.db` and `json:///contacts.jsonl` are
    files in the working directory (a fourth slash makes the path absolute), made when missing.
    Other schemes come from packages with an entry point in the group `contacts_core.repositories`.

    Raises UnknownScheme, and StoreError when the store cannot be opened.

    >>> with open_repository("memory://") as repository:
    ...     len(repository.get(42))
    0
    """
    scheme, separator, _ = url.partition("://")
    if not separator or not scheme.isidentifier():
        # The text may be anything, a path or a password: it is not repeated.
        raise UnknownScheme("(none)", _known())
    return _opener(scheme)(url)


def register(scheme: str, opener: Opener, /) -> None:
    """Adds an adapter of this process alone, for hosts and tests; packages use an entry point.

    *opener* takes the whole URL. Raises ValueError when the scheme is taken.
    """
    if not scheme.isidentifier() or scheme in _known():
        raise ValueError(f"the scheme {scheme} is taken, or is none")
    _registered[scheme] = opener


def _opener(scheme: str) -> Opener:
    if scheme in _registered:
        return _registered[scheme]
    if scheme in _BUILT_IN:
        module, _, name = _BUILT_IN[scheme].partition(":")
        return cast(Opener, getattr(import_module(module), name))
    for entry_point in _entry_points():
        if entry_point.name == scheme:
            return cast(Opener, entry_point.load())
    raise UnknownScheme(scheme, _known())


def _known() -> tuple[str, ...]:
    return tuple(sorted({*_BUILT_IN, *_registered, *(point.name for point in _entry_points())}))


def _entry_points() -> "EntryPoints":
    from importlib.metadata import entry_points  # here: it costs more than opening a store of ours

    return entry_points(group=GROUP)

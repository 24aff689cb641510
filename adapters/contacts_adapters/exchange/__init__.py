"""Contacts from and to files of directories and other services: formats, and the import."""

from . import csv_format  # noqa: F401 - registers itself
from .formats import Format, UnknownFormat, format_named, format_of, known_formats, register
from .importing import MAX_REMOVALS, ImportReport, ImportStopped, import_contacts
from .records import Given, Listed, Record, Refused, Skipped, given, refused

__all__ = [
    "MAX_REMOVALS",
    "Format",
    "Given",
    "ImportReport",
    "ImportStopped",
    "Listed",
    "Record",
    "Refused",
    "Skipped",
    "UnknownFormat",
    "format_named",
    "format_of",
    "given",
    "import_contacts",
    "known_formats",
    "refused",
    "register",
]

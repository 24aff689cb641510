"""Contacts from and to files of directories and other services: formats, and the import."""

from .csv_format import read_csv, write_csv
from .formats import Format, UnknownFormat, format_named, format_of, known_formats, register
from .importing import MAX_REMOVALS, ImportReport, ImportStopped, import_contacts
from .ldif import ATTRIBUTES, Attribute, read_ldif
from .people_file import PeopleFile
from .records import Given, Listed, Record, Refused, Skipped, given, refused
from .scim import read_scim

__all__ = [
    "ATTRIBUTES",
    "MAX_REMOVALS",
    "Attribute",
    "Format",
    "Given",
    "ImportReport",
    "ImportStopped",
    "Listed",
    "PeopleFile",
    "Record",
    "Refused",
    "Skipped",
    "UnknownFormat",
    "format_named",
    "format_of",
    "given",
    "import_contacts",
    "known_formats",
    "read_csv",
    "read_ldif",
    "read_scim",
    "refused",
    "register",
    "write_csv",
]

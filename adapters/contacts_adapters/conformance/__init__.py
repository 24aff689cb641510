"""A suite for repositories: what passes it keeps the promises of the port.

Needs the extra `conformance`. A test file for an adapter of one's own:

    from itertools import count

    import pytest

    from contacts_adapters.conformance import RepositoryConformance


    class TestMyBooks(RepositoryConformance):
        persistent = True

        @pytest.fixture
        def fresh_url(self, tmp_path):
            numbers = count()
            return lambda: f"mybooks:///{tmp_path}/{next(numbers)}"
"""

try:
    import pytest

    # Before the suite is imported: or its failures say no more than AssertionError.
    pytest.register_assert_rewrite(f"{__name__}.suite", f"{__name__}.agreement")

    from .agreement import Agreement, check_agreement
    from .strategies import contacts, fields, invalid_fields
    from .suite import RepositoryConformance
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the suite needs pytest and hypothesis: pip install 'contacts-core[conformance]'",
        name=error.name,
    ) from None

__all__ = [
    "Agreement",
    "RepositoryConformance",
    "check_agreement",
    "contacts",
    "fields",
    "invalid_fields",
]

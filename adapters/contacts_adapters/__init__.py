"""Stores for contact books, opened by URL."""

from .registry import open_repository, register

__all__ = ["open_repository", "register"]

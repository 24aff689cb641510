"""strace, which fails system calls and kills at them."""

import re
import shutil
import subprocess
from functools import cache
from typing import Final

import pytest

CALL: Final = re.compile(r"^(?:\d+ +)?(\w+)\(", re.MULTILINE)

Fault = tuple[str, str, str]  # a system call, which of them, what happens then


@cache
def strace() -> str:
    """The path of strace, if it can be used."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("NOT RUN: strace is missing; on Debian: apt install strace")
    probe = subprocess.run([program, "-o", "/dev/null", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("NOT RUN: strace may not trace processes here")
    return program

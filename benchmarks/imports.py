"""What `import` costs: a Python of its own, less one that imports nothing."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from resource import RUSAGE_CHILDREN, getrusage

from measure import Row, Scale, interleaved

GROUP = "import"
PEERS = {
    "attrs": 1.3,
    "pydantic": None,
    "msgspec": None,
    "sqlalchemy.orm": None,
    "peewee": None,
}
MODULES = ("contacts_core", "contacts_adapters.sqlite", "contacts_adapters.json_file")


def run(scale: Scale) -> Iterator[Row]:
    modules = ("sys", *MODULES, *PEERS)
    works = {module: partial(_python, f"import {module}") for module in modules}
    seconds = interleaved(works, scale.rounds(5, 25), clock=_time_of_children)
    bare = seconds.pop("sys")
    net = {
        module: [max(took - nothing, 1e-6) for took, nothing in zip(times, bare, strict=True)]
        for module, times in seconds.items()
    }
    for peer, target in PEERS.items():
        yield Row(GROUP, "import contacts_core", peer, target, net["contacts_core"], net[peer])
    for module in MODULES[1:]:
        yield Row(GROUP, f"import {module}", "attrs", None, net[module], net["attrs"])


def _time_of_children() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)

"""locked.txt, whose hashes pip checks: every file has one, and the pins are constraints.txt's."""

import re

from tests.docs.pages import ROOT

PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
ELSEWHERE = {"httpx2-jsfetch", "pywin32", "tzdata", "setuptools"}
"""What only other systems or Pythons than that of constraints.txt need."""


def pins(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return {re.sub("[._]", "-", name).lower(): version for name, version in PIN.findall(text)}


def test_the_lock_holds_the_tested_versions_of_everything_but_torch():
    locked, tested = pins("locked.txt"), pins("constraints.txt")
    shared = {name: version for name, version in locked.items() if name not in ELSEWHERE}
    torch = tested.pop("torch")
    assert torch and shared == tested, "locked.txt is old: nox -s lock"


def test_every_locked_package_has_hashes():
    text = (ROOT / "locked.txt").read_text(encoding="utf-8")
    packages = text.replace("\\\n", "").splitlines()
    assert len(packages) == len(pins("locked.txt"))
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}(?= |$)", line) for line in packages)

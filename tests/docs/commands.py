"""Checks of one documented command against the program it calls: parsed, never run."""

import argparse
import ast
import copy
import functools
import importlib
import logging
import os
import runpy
import shlex
import sys
import warnings
from pathlib import Path
from unittest import mock

import yaml

from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from tests.docs.pages import ROOT

BOARD_TOOLS = (
    "arm-none-eabi-gcc",
    "qemu-system-arm",
    "avr-gcc",
    "avr-objcopy",
    "avrdude",
    "qemu-system-avr",
)
"""Toolchains of boards; tests/docs/test_quick_starts.py compiles with those that are there."""
HARMLESS = ("cd", "source", "python3", "git", "ssh")
PLACEHOLDERS = {
    "stages.<name>": "stages.results",
    "benchmarks.<name>": "benchmarks",
    "<name>": "pdigits",
    "<benchmark>": "pdigits",
    "<command>": "info",
}


class Refused(Exception):
    """A documented command that its program would not accept."""


class _Parsed(Exception):
    pass


def _parse(call, arguments: list[str]) -> None:
    """Let ``call`` parse ``arguments`` and stop it there; Refused if it refuses them."""
    original = argparse.ArgumentParser.parse_args

    def stop(parser, args=None, namespace=None):
        original(parser, args, namespace)
        raise _Parsed

    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", stop),
        mock.patch.object(sys, "argv", ["command", *arguments]),
        warnings.catch_warnings(),
    ):
        # Of runpy, where another test of this process has imported the program.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            call()
        except _Parsed:
            return
        except SystemExit as error:
            if error.code not in (0, None):
                raise Refused(f"usage error {error.code}") from error
            return
    raise Refused("its program parses no arguments")


@functools.cache
def _document() -> dict:
    return yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def document() -> dict:
    """A copy of the shipped params.yaml."""
    return copy.deepcopy(_document())


@functools.cache
def sessions() -> set[str]:
    """Names of the sessions of noxfile.py."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return {f.name for f in functions if any("session" in ast.unparse(d) for d in f.decorator_list)}


def check_settings(overrides: list[str], queued: bool, folder: Path, added: list[str]) -> list[str]:
    """Apply -S options as DVC does, and check the params.yaml of each experiment.

    ``added`` names sections that an earlier command wrote. Returns the benchmarks that the last
    experiment lists.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides, get_hydra_sweeps

    path = folder / "params.yaml"
    try:
        sweeps = get_hydra_sweeps({"params.yaml": overrides})
        if len(sweeps) > 1 and not queued:
            raise Refused("several values need --queue")
        for sweep in sweeps:
            sections = "".join(f"  {name}: {{data: {{}}}}\n" for name in added)
            path.write_text((ROOT / "params.yaml").read_text(encoding="utf-8") + sections)
            apply_overrides(path, sweep["params.yaml"])
            changed = yaml.safe_load(path.read_text(encoding="utf-8"))
            params.check(changed)
    except (DvcException, HadamrnnError) as error:
        raise Refused(f"{error} {error.__cause__ or ''}") from error
    return changed["benchmarks"]


class Checker:
    """The commands of one page, in order: a benchmark counts as listed once a command listed it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.listed = set(document()["benchmarks"])
        self.added: list[str] = []

    def check(self, command: str) -> None:
        """Raise Refused unless the command's program accepts it."""
        for placeholder, value in PLACEHOLDERS.items():
            command = command.replace(placeholder, value)
        words = shlex.split(command.removesuffix("..."))
        while words and "=" in words[0]:  # variables in front
            words = words[1:]
        program, *arguments = words
        program = os.path.basename(program)
        if program in HARMLESS or program in BOARD_TOOLS:
            return
        kinds = {
            "dvc": self.dvc,
            "nox": self.nox,
            "uvx": lambda given: self.nox(given[1:]) if given[0] == "nox" else self.unknown(given),
            "pip": self.pip,
            "uv": lambda given: self.pip(given[1:]) if given[0] == "pip" else self.unknown(given),
            "python": self.python,
            "torchrun": self.torchrun,
            "hadamrnn": self.hadamrnn,
        }
        kinds.get(program, self.unknown)(arguments)

    def unknown(self, arguments: list[str]) -> None:
        raise Refused("is no command that tests/docs/commands.py knows how to check")

    def dvc(self, arguments: list[str]) -> None:
        from dvc.cli import DvcParserError
        from dvc.cli.parser import get_main_parser

        log = logging.getLogger("dvc.cli.parser")
        try:  # without DVC's handlers: one of an earlier command may write where nobody listens
            with mock.patch.object(log, "disabled", True):
                given, extra = get_main_parser().parse_known_args(arguments)
        except (DvcParserError, SystemExit) as error:
            raise Refused(f"dvc does not accept it: {error}") from error
        if extra:
            raise Refused(f"dvc does not know {extra}")
        overrides = getattr(given, "set_param", None) or []
        if overrides and overrides != ["key=value"]:
            self.listed |= set(check_settings(overrides, given.queue, self.folder, self.added))
        for target in getattr(given, "targets", None) or []:
            stage, _, benchmark = target.partition("@")
            stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
            if stage not in stages or (benchmark and benchmark not in self.listed):
                raise Refused(f"{target} is no stage of the listed benchmarks")

    def nox(self, arguments: list[str]) -> None:
        if arguments == ["-l"]:
            return
        flag, name, *rest = arguments
        if flag != "-s" or name not in sessions() or (rest and rest[0] != "--"):
            raise Refused(f"must be -s, a session of noxfile.py, and -- before arguments; {name}")

    def pip(self, arguments: list[str]) -> None:
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        for word in arguments:
            extra = word.partition("[")[2].rstrip("]")
            if extra and f"\n{extra} = [" not in project:
                raise Refused(f"{extra} is no extra of pyproject.toml")

    def torchrun(self, arguments: list[str]) -> None:
        self.python(arguments[arguments.index("-m") :])

    def hadamrnn(self, arguments: list[str]) -> None:
        main = importlib.import_module("hadamrnn.cli").main
        if arguments[0] == "new" and arguments[1:2] not in ([], ["NAME"]):
            self.added.append(arguments[1])
        if len(arguments) == 1:  # named in the text, not shown in use
            arguments = [*arguments, "--help"]
        _parse(lambda: main(arguments), arguments)
        if arguments[0] == "sweep":
            values = [v for flag, v in zip(arguments, arguments[1:], strict=False) if flag == "-S"]
            check_settings(values or ["seed=1"], True, self.folder, self.added)

    def python(self, arguments: list[str]) -> None:
        if arguments[:1] != ["-m"]:
            raise Refused("must be python -m <module>")
        name, *rest = arguments[1:]
        file = ROOT.joinpath(*name.split("."))
        source = file / "__main__.py" if file.is_dir() else file.with_suffix(".py")
        if not source.is_file():
            raise Refused(f"{name} is no module of the project")
        text = source.read_text(encoding="utf-8")
        if "common.run(main" in text:
            if len(rest) != 1 or rest[0] not in self.listed:
                raise Refused(f"{rest} must be one listed benchmark")
        elif name == "benchmarks.paper":
            self.paper(rest)
        elif rest and "parse_args" not in text and "argv" not in text:
            raise Refused(f"{name} takes no arguments")
        elif "parse_args" in text:
            _parse(lambda: runpy.run_module(name, run_name="__main__"), rest)

    def paper(self, arguments: list[str]) -> None:
        _parse(lambda: runpy.run_module("benchmarks.paper", run_name="__main__"), arguments)
        plan = yaml.safe_load((ROOT / "paper.yaml").read_text(encoding="utf-8"))
        if unknown := set(arguments[1:]) - set(plan):
            raise Refused(f"{unknown} are no entries of paper.yaml")

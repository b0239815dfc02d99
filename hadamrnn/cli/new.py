"""Start from own recordings: look at the files, and write a section of params.yaml for them.

They may be tables (.csv, .tsv), archives of sequences (.npz, .npy, .ts) or folders of texts
(.txt), one for each class. Prints what was found, appends the section NAME with comments, and ends
with the next command to type. Files that lie outside data/raw and examples/data are copied to
data/raw/NAME.
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

from hadamrnn import files
from hadamrnn.cli import needs
from hadamrnn.errors import HadamrnnError

HELP = "look at own recordings or texts, and write a section of params.yaml for them"
ROLES = ("time", "label", "group", "sequence")
TASKS = ("classify", "per_step", "regress")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn new``."""
    parser.add_argument("name", metavar="NAME", help="of the new section")
    parser.add_argument("files", metavar="FILES", nargs="+", type=Path, help="files, or a folder")
    for role in ROLES:
        parser.add_argument(
            f"--{role}",
            metavar="COLUMN",
            help=f"the column of the {role}, where the guess is wrong",
        )
    parser.add_argument(
        "--task",
        choices=TASKS,
        help="a class for each sequence or for each step, or a number; else guessed",
    )


def run(options: argparse.Namespace) -> int:
    """Print what was found, write the section, and name the next command."""
    with needs.more_than_numpy("new"):
        from hadamrnn import params
        from hadamrnn.cli import look, look_archives, look_section
        from hadamrnn.datasets.common import by_name
        from hadamrnn.params import combinations, document
    needs.in_root()
    target = Path("params.yaml")
    known: Any = document.read(target)
    params.check(known, by_name.facts_of)
    if options.name in known["benchmark"]:
        raise HadamrnnError(
            f"benchmark.{options.name}: must be a new name; got one that stands in params.yaml"
        )
    combinations.check_names([*known["benchmark"], options.name])
    kind = look_archives.kind_of(options.files)
    columns = {role: getattr(options, role) for role in ROLES}
    if kind != "csv" and (given := [role for role in ROLES if columns[role]]):
        raise HadamrnnError(
            f"--{given[0]}: must be left out for files of type {kind}, which have "
            f"no columns; got {columns[given[0]]}"
        )
    path, copies = placed(options.name, options.files, kind)
    for source, copy in copies.items():
        if copy.exists():
            raise HadamrnnError(f"{copy}: must be free for a copy of {source}; got a file")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    try:
        if kind == "csv":
            found = look.at(path, columns, options.task)
        else:
            found = look_archives.at(path, kind, options.task)
    except HadamrnnError:
        for copy in copies.values():  # so that nothing is in the way of the next try
            copy.unlink()
        raise
    text = inserted(target.read_text(encoding="utf-8"), look_section.section(options.name, found))
    _check(text, options.name, by_name.facts_of)
    files.write_text(target, text)
    print("\n".join(found.lines))
    if copies:
        print(f"copied      {len(copies)} files to {path}")
    print(f"\nwritten to params.yaml: benchmark.{options.name}; look at it, then type")
    print(f"\n    dvc exp run -S 'benchmarks=[{options.name}]'")
    return 0


def placed(name: str, given: list[Path], kind: str = "csv") -> tuple[str, dict[Path, Path]]:
    """Where the files are to lie, and which have to be copied there.

    Parameters
    ----------
    name : str
        Of the section.
    given : list of Path
        Files, or one folder.
    kind : str
        Their type, whose endings are taken from a folder.

    Returns
    -------
    path : str
        For params.yaml.
    copies : dict of Path to Path
        From where they lie now.

    Raises
    ------
    HadamrnnError
        For a file that is not there, two of one name, or a folder among files.
    """
    from hadamrnn.datasets.formats.sections import RAW_FOLDERS
    from hadamrnn.files import patterns

    for path in given:
        if not path.exists():
            raise HadamrnnError(f"{path}: must exist; got nothing of this name")
        if path.is_dir() and len(given) > 1:
            raise HadamrnnError(f"{path}: must be a file, or the only folder; got a folder")
    if len(given) == 1:
        inside = Path(given[0].resolve())
        for raw in RAW_FOLDERS:
            if inside.is_relative_to(Path(raw).resolve()):
                return inside.relative_to(Path.cwd().resolve()).as_posix(), {}
    folder = Path("data/raw") / name
    if given[0].is_dir():
        endings = patterns.SUFFIXES[kind]
        found = [p for p in sorted(given[0].rglob("*")) if p.suffix.lower() in endings]
        return folder.as_posix(), {p: folder / p.relative_to(given[0]) for p in found}
    copies = {path: folder / path.name for path in given}
    if len({*copies.values()}) < len(copies):
        raise HadamrnnError(f"{folder}: must get files of different names; got two of one name")
    return (folder if len(given) > 1 else folder / given[0].name).as_posix(), copies


def inserted(text: str, section: str) -> str:
    """params.yaml with a section at the end of ``benchmark``.

    Parameters
    ----------
    text : str
        Of params.yaml, a right one.
    section : str
        As ``look_section.section``.

    Returns
    -------
    str

    Raises
    ------
    HadamrnnError
        Where ``benchmark`` is not written in lines of its own.
    """
    import yaml

    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    key, sections = next(pair for pair in root.value if pair[0].value == "benchmark")
    if sections.flow_style or sections.start_mark.line == key.start_mark.line:
        raise HadamrnnError("benchmark: must be written in lines of its own; got one line")
    lines = text.splitlines(keepends=True)
    end = sections.value[-1][1].end_mark.line
    while end < len(lines) and lines[end][:1] in (" ", "#", "\n", "\r"):
        end += 1
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    if lines and not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    indent = sections.value[0][0].start_mark.column
    shifted = [f"{' ' * (indent - 2)}{line}" for line in section.splitlines(keepends=True)]
    return "".join([*lines[:end], *shifted, *lines[end:]])


def _check(text: str, name: str, find_facts: Any) -> None:
    """Hold the new params.yaml to its rules, the new section listed."""
    import yaml

    from hadamrnn import params

    changed = yaml.safe_load(text)
    params.check({**changed, "benchmarks": [name]}, find_facts)

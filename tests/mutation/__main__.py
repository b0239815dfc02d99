"""Mutation testing: do the tests notice a small change of the code?

python -m tests.mutation 60 --seed 0 --report results/reliability/mutants.json

So many mutants of each group of modules, drawn from the seed, run against the quick tests of that
group, and those that survive against a wider choice. Mutants that the report holds as killed are
not tried again while their module is the same: a run may be interrupted, and after a new test only
the survivors are tried.
"""

import argparse
import hashlib
import importlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant, mutated, sample
from tests.mutation.trial import passes

ROOT = Path(__file__).parents[2]
SLOW_IMPORTS = ("numpy", "torch", "scipy.stats", "yaml", "pydantic", "hypothesis.extra.numpy")
MEMORY = 8 << 30
"""Bytes for the quick tests; a mutant that wants more dies there."""


@dataclass(frozen=True)
class Group:
    """Modules and the tests that concern them.

    Parameters
    ----------
    modules : str
        Pattern below the project's folder.
    quick, wider : tuple of str
        Tests, as pytest takes them; the second for what the first let pass.
    """

    modules: str
    quick: tuple[str, ...]
    wider: tuple[str, ...]

    def paths(self) -> list[str]:
        """The modules."""
        return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(self.modules))


C_RUNTIME = ("tests/runtime/test_c_runtime.py", "-k", "test_cli or test_stream or test_c_equals")
GROUPS = {
    "hadamard": Group(
        "hadamrnn/hadamard.py",
        ("hadamrnn/hadamard.py", "tests/test_hadamard.py", "-k", "not 512"),
        ("tests/test_hadamard.py", "tests/models/test_layer.py"),
    ),
    "quantization": Group(
        "hadamrnn/models/quantization.py",
        ("hadamrnn/models/quantization.py", "tests/models/test_quantization.py"),
        ("tests/models/test_layer.py", "tests/export/test_freeze.py"),
    ),
    "integer": Group(
        "hadamrnn/integer/*.py",
        ("hadamrnn/integer", "tests/integer"),
        (*C_RUNTIME, "tests/cli/test_cli.py", "tests/cli/test_stream.py"),
    ),
    "params": Group(
        "hadamrnn/params/*.py",
        ("hadamrnn/params", "tests/params", "-k", "not largest_files"),
        ("tests/params", "tests/stages/test_validate.py"),
    ),
}


def sha256(path: str) -> str:
    """Of a module's file."""
    return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()


def survives(mutant: Mutant, quick: Iterable[str], wider: Iterable[str], root: Path = ROOT) -> bool:
    """Whether all the tests pass with the mutant."""
    tree = mutated(root, mutant)
    limits = (MEMORY, None)
    return all(
        passes(root, [*tests], mutant.path, tree, memory)
        for tests, memory in zip((quick, wider), limits, strict=True)
    )


def tried(drawn: list[Mutant], group: Group, known: list[dict[str, Any]]) -> Iterator[dict]:
    """Each mutant with whether it was killed, the hash of its module, and that of ``known``."""
    killed = [entry for entry in known if entry["killed"]]
    for mutant in drawn:
        entry = {**asdict(mutant), "sha256": sha256(mutant.path), "killed": True}
        if entry not in killed:
            entry["killed"] = not survives(mutant, group.quick, group.wider)
        yield entry


def summary(count: int, seed: int, groups: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The report: sums, and every mutant of every group."""
    for group in groups.values():
        group["tried"] = len(group["mutants"])
        group["killed"] = sum(entry["killed"] for entry in group["mutants"])
    return {
        "command": f"python -m tests.mutation {count} --seed {seed}",
        "seed": seed,
        "tried": sum(group["tried"] for group in groups.values()),
        "killed": sum(group["killed"] for group in groups.values()),
        "groups": groups,
    }


def main() -> int:
    """Exit code 1 if fewer than 95 % are killed."""
    from hadamrnn import files

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="mutants of each group of modules")
    parser.add_argument("--seed", type=int, default=0, help="of the draw; default 0")
    parser.add_argument("--report", type=Path, help="JSON file to keep")
    parser.add_argument("--only", choices=GROUPS, help="one group, the others as in the report")
    options = parser.parse_args()
    there = options.report is not None and options.report.exists()
    groups = files.read_json(options.report)["groups"] if there else {}
    for name, group in GROUPS.items():
        if options.only not in (None, name):
            continue
        for tests in (group.quick, group.wider):
            if not passes(ROOT, [*tests]):  # else every mutant would look killed
                raise SystemExit(f"{name}: the tests fail without a mutant: {' '.join(tests)}")
        drawn, number = sample(ROOT, group.paths(), options.count, options.seed)
        known = groups.get(name, {}).get("mutants", [])
        done: list[dict[str, Any]] = []
        for entry in tried(drawn, group, known):
            done.append(entry)
            if not entry["killed"]:
                print("survived: {path}:{line}: {before} -> {after}".format(**entry), flush=True)
            groups[name] = {"there": number, "mutants": done}
            if options.report is not None:
                files.write_json(options.report, summary(options.count, options.seed, groups))
        print(f"{name}: {sum(e['killed'] for e in done)} of {len(done)} killed", flush=True)
    report = summary(options.count, options.seed, groups)
    print(f"killed {report['killed']} of {report['tried']}")
    return int(report["killed"] < 0.95 * report["tried"])


if __name__ == "__main__":
    for module in SLOW_IMPORTS:
        importlib.import_module(module)
    raise SystemExit(main())

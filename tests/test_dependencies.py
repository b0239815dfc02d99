"""The pipeline's declared deps are its real imports; layers import downwards only."""

import ast
import re

import pytest
import yaml

from hadamrnn.datasets.formats.sections import RAW_FOLDERS
from stages import raw_files
from tests.project_imports import ROOT, closure, imported_modules, module_file

STAGES = ("validate", "prepare", "train", "export", "evaluate", "report", "pages")
BENCHMARKS = ("copy", "pdigits", "pmnist", "smnist", "har2", "har6", "dsa19", "imdb", "sst2", "qqp")


def table_of_layers():
    """The table "Layout and layers" of CONTRIBUTING.md: {folder or module: row}."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("## Layout and layers") :].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \|(.*?)\|", section, re.MULTILINE)
    return {name: int(row) for row, cell in rows for name in re.findall(r"`([a-z_]+)/?`", cell)}


LAYERS = table_of_layers()


PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
SHARED = PIPELINE["vars"][0]["shared"]


def declared(stage, benchmark):
    """Project files that re-run a stage by dvc.yaml, folders expanded to their modules."""
    definition = PIPELINE["stages"][stage]
    named = [*definition.get("do", definition)["deps"]]
    if stage in SHARED:
        named += [*PIPELINE["vars"][0]["every_stage"], *SHARED[stage]["code"]]
    if stage == "prepare":  # a list of its own for each benchmark, which stage validate writes
        assert "data/shared/raw/${item}.txt" in named
        named += [line.split("  ")[1] for line in raw_files.checksums(benchmark, {}).splitlines()]
    files = set()
    for dep in named:
        dep = dep.replace("${item}", benchmark)
        if dep.startswith(("hadamrnn", "stages")):
            path = ROOT / dep
            found = path.glob("**/*.py") if path.is_dir() else [path]
            files |= {f.relative_to(ROOT).as_posix() for f in found if f.suffix == ".py"}
    return files


def needed(stage, benchmark):
    files = closure(f"stages/{stage}.py")
    if stage in ("validate", "prepare"):  # the data set module is loaded by name
        files |= closure(f"hadamrnn/datasets/{benchmark}.py")
    return files


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("stage", STAGES)
def test_deps_cover_imports(stage, benchmark):
    missing = needed(stage, benchmark) - declared(stage, benchmark)
    assert not missing, f"dvc.yaml: {stage} uses {sorted(missing)} without naming them in deps"


@pytest.mark.parametrize("stage", SHARED)
def test_a_stage_waits_for_its_list_of_code(stage):
    """Stage validate writes the list anew when any module changes; the stage depends on it."""
    assert f"data/shared/{stage}.txt" in PIPELINE["stages"][stage]["do"]["deps"]
    written = [next(iter(out)) for out in PIPELINE["stages"]["validate"]["outs"]]
    assert f"data/shared/{stage}.txt" in written
    assert {"hadamrnn", "stages"} <= set(PIPELINE["stages"]["validate"]["deps"])


@pytest.mark.parametrize("stage", sorted({*STAGES} - {"validate"}))
def test_deps_name_nothing_unused(stage):
    used = set().union(*(needed(stage, benchmark) for benchmark in BENCHMARKS))
    unused = set().union(*(declared(stage, b) for b in BENCHMARKS)) - used
    assert not unused, f"dvc.yaml: {stage} would re-run for {sorted(unused)}, which it never uses"


def test_a_changed_file_of_the_user_is_noticed():
    """Stage validate looks at all folders where own files may lie, and lists them anew."""
    assert {*RAW_FOLDERS} <= set(PIPELINE["stages"]["validate"]["deps"])
    assert all((ROOT / folder).is_dir() for folder in RAW_FOLDERS)
    written = [next(iter(out)) for out in PIPELINE["stages"]["validate"]["outs"]]
    assert "data/shared/raw" in written


def test_pages_wait_for_what_they_tell_of():
    """Folders that hold the outputs of all benchmarks' stages, and of the recorded runs."""
    deps = PIPELINE["stages"]["pages"]["deps"]
    assert {"data/prepared", "docs/results", "exports", "params.yaml", "results"} <= set(deps)
    assert "hadamrnn/targets/costs.json" in deps


def test_runtime_is_among_the_code_of_evaluate():
    assert "hadamrnn/runtime" in SHARED["evaluate"]["code"]


def test_every_general_parameter_reaches_a_stage():
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    shared = {key for stage in SHARED.values() for key in stage.get("params", [])}
    assert shared == set(document) - {"benchmarks", "benchmark"}


def test_every_module_and_folder_stands_in_the_table():
    names = {path.stem for path in (ROOT / "hadamrnn").glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (ROOT / "hadamrnn").glob("*/__init__.py")}
    assert names | folders == set(LAYERS)


def name_of(path):
    """Dotted name of a module from its path, that of its folder for an __init__.py."""
    relative = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    return relative.removesuffix(".__init__")


@pytest.mark.parametrize("path", sorted((ROOT / "hadamrnn").glob("**/*.py")), ids=name_of)
def test_imports_go_down(path):
    """To a lower row of the table, or within the module's own folder."""
    room = [*name_of(path).split("."), None][1]
    for name in sorted(imported_modules(path.relative_to(ROOT).as_posix()) - {"hadamrnn"}):
        other = name.split(".")[1]
        if other != room:
            assert room is not None, "hadamrnn/__init__.py imports nothing by itself"
            assert LAYERS[other] < LAYERS[room], f"{name_of(path)} imports {name}"


def test_no_module_imports_itself_through_others():
    direct = {}
    for path in (ROOT / "hadamrnn").glob("**/*.py"):
        found = imported_modules(path.relative_to(ROOT).as_posix())
        # ``from folder import module`` names the folder too: it is there already.
        direct[name_of(path)] = {
            name for name in found if not any(other.startswith(f"{name}.") for other in found)
        }
    for start in direct:
        reached, waiting = set(), [start]
        while waiting:
            for name in direct.get(waiting.pop(), ()):
                if name not in reached:
                    reached.add(name)
                    waiting.append(name)
        assert start not in reached, f"{start} imports itself through {sorted(direct[start])}"


@pytest.mark.parametrize("folder, most", [("hadamrnn", 8), ("benchmarks", 5)])
def test_few_modules_lie_beside_the_folders(folder, most):
    assert len({p.stem for p in (ROOT / folder).glob("*.py")} - {"__init__"}) <= most


@pytest.mark.parametrize("path", sorted((ROOT / "stages").glob("*.py")), ids=lambda p: p.stem)
def test_stages_are_thin_and_independent(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80 or path.stem in ("common", "finished", "progress")
    imported = imported_modules(path.relative_to(ROOT).as_posix())
    assert not imported & {f"stages.{stage}" for stage in STAGES}


def test_nothing_below_the_stages_prints_or_reads_params():
    for path in (ROOT / "hadamrnn").glob("**/*.py"):
        if path.parent.name in ("cli", "estimators"):  # of which verbose asks for lines
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            n.func.id
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert "print" not in calls, path
        if "params" not in path.parts:
            assert not re.search(r"params\.yaml\b.*read", path.read_text(encoding="utf-8")), path


def test_walker_sees_imports_inside_functions():
    assert module_file("hadamrnn.training.fit") in closure("stages/train.py")

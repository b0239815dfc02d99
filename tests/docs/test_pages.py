"""Pages are current, their links lead somewhere, and their tables say what files and runs say."""

import dataclasses
import re
import struct
import zlib
from urllib.parse import urlsplit

import numpy as np
import pytest

from docs.generators.__main__ import pages as generated
from hadamrnn import integer
from hadamrnn.integer import c_header, packed
from hadamrnn.integer.rows import pack_run
from hadamrnn.integer.rows import unpack_rows as rows_of_weights
from hadamrnn.report import published, runs
from tests.docs.pages import ROOT, all_pages, blocks, prose
from tests.random_models import random_model, random_recording

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:hadamrnn|stages|benchmarks|tests|docs|examples)/[\w./]+)`")
# The changelog speaks of files as they were.
PAGES = [page for page in all_pages() if page.name != "CHANGELOG.md"]
README_BYTES = 8000
QUICK_START_LINES = 12
TYPES = {
    "char[4]": "4s",
    "char[8]": "8s",
    "uint8": "B",
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "float64": "d",
}


def slug(heading):
    """The anchor that a heading gets on the site and where repositories are shown."""
    words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(page):
    """Anchors of the page's headings."""
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)}


def rows(page, title):
    """Cells of the rows of the first table behind a heading."""
    text = page.read_text(encoding="utf-8").partition(f"{title}\n")[2]
    lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("name", generated())
def test_generated_pages_are_current(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == generated()[name], "run python -m docs.generators"


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    dead = []
    for link in LINK.findall(prose(page)):
        parts = urlsplit(link)
        if parts.scheme:
            if parts.scheme not in ("https", "http") or "." not in parts.netloc:
                dead.append(link)
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        exists = target.exists() and target.is_relative_to(ROOT)
        anchored = not parts.fragment or (exists and parts.fragment in anchors(target))
        if not (exists and anchored):
            dead.append(link)
    assert not dead, dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_exist(page):
    named = PATH.findall(prose(page))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_readme_is_short():
    readme = ROOT / "README.md"
    assert len(readme.read_bytes()) <= README_BYTES
    shown = blocks(readme, ("sh", "python", "c"))
    assert len(shown) >= 5
    for block in shown:
        assert len([line for line in block.splitlines() if line.strip()]) <= QUICK_START_LINES


def test_readme_results_are_those_of_the_runs():
    groups = runs.read_groups(ROOT / "results/paper")
    for name, accuracy, size, others in rows(ROOT / "README.md", "## Results"):
        group = groups[name.split(",")[0]]
        mean = 100 * group.mean(lambda run: run.accuracy())
        deviation = 100 * group.deviation(lambda run: run.accuracy())
        assert accuracy == f"{mean:.2f} ± {deviation:.2f}", name
        assert size == f"{group.mean(lambda run: run.size_bytes):,.0f}", name
        for entry in filter(None, others.split("; ")):
            model, _, words = entry.partition(" ")
            figure, _, other_size = words.removeprefix("trained here, ").partition(" in ")
            if "trained here" in words:
                other = groups[f"{group.first.benchmark}-baselines-model{model.strip(',').lower()}"]
                found = 100 * other.first.accuracy(), other.first.size_bytes
            else:
                entries = published.of(group.first.benchmark)
                all_of = {entry.model.split(",")[0]: entry for entry in entries}
                found = all_of[model].accuracy, all_of[model].size_bytes
            assert figure == f"{found[0]:.2f}", entry
            assert other_size == ("" if found[1] is None else f"{found[1]:,}"), entry


def test_names_of_a_model_header_are_documented():
    model = integer.load(ROOT / "shipped/har2/model.hrnn")
    header = c_header.to_text(model)
    page = (ROOT / "docs/reference/c-interface.md").read_text(encoding="utf-8")
    section = page.partition("## A model's header")[2].partition("\n## ")[0]
    names = re.findall(r"`(har2_\w+|HAR2_[^`]+)`", section)
    documented = {name.partition("(")[0] for name in names}
    defined = set(re.findall(r"#define (HAR2_\w+)", header)) | {"har2_model", "har2_class_names"}
    assert documented == defined | {"HAR2_CLASS_NAMES"}
    assert all(re.search(rf"\b{name}\b", header) for name in documented)


@pytest.mark.parametrize("kind", ["dense", "symbol", "embedding"])
@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("multiplied", [False, True])
@pytest.mark.parametrize("readout", ["last", "mean", "log_mean"])
def test_packed_file_is_as_documented(readout, multiplied, recorded, kind):
    """Read a file by the page alone, and find the model that was written."""
    page = ROOT / "docs/reference/file-formats.md"
    bias_bits = 6 if multiplied else 16
    model = random_model(
        np.random.default_rng(5),
        readout=readout,
        bias_bits=bias_bits,
        multiplied=multiplied,
        fade=3,
        kind=kind,
        input_bits=3,
    )
    before = packed.to_bytes(model)
    if recorded:
        coding = random_recording(np.random.default_rng(6), model)
        model = dataclasses.replace(model, recording=coding)
    data = packed.to_bytes(model)
    rest = data[len(before) - 4 :]  # the recording's sections and the checksum
    fields, end = {}, 0
    for offset, size, kind, name, _ in rows(page, "# File formats"):
        code = f"<{TYPES[kind]}"
        assert int(offset) == end and int(size) == struct.calcsize(code), name
        (fields[name],) = struct.unpack_from(code, data, end)
        end += int(size)
    assert fields.pop("magic") == b"HRNN" and fields.pop("version") == 2
    assert fields.pop("length") == len(data)
    flags = fields.pop("flags")
    fields["bias_bits"] = fields["bias_bits"] or 16
    if flags & 8:
        fields["log_floor"] = fields.pop("sum_shift")
    assert flags & 2 == 2 * (readout != "last") and flags & 8 == 8 * (readout == "log_mean")
    assert flags & 1 == (model.input_kind == "symbol")
    names = "\n".join((model.name, *model.class_names)).encode()
    assert fields.pop("names_bytes") == len(names)
    assert fields["input_size"] == model.features
    assert {name: getattr(model, name) for name in fields} == fields | {
        "input_size": model.input_size
    }
    known = {"d": model.hidden_size, "ceil": lambda x: -int(-x // 1), **fields}
    known["flags"] = flags
    known["names_bytes"], sizes = len(names), {}
    known |= {"units": 0, "channels": 0, "companded": 0, "symbols": 0}
    vectors = b""
    if model.embedding is not None:
        known["symbols"] = model.input_size
        vectors = struct.pack("<H", model.input_size) + pack_run(model.embedding, 3)
    if model.recording is not None:
        at, where = len(data) - len(rest), "Fields of `recording`:"
        for offset, size, kind, name, _ in rows(page, where):
            code = f"<{TYPES[kind]}"
            assert int(size) == struct.calcsize(code), name
            (known[name],) = struct.unpack_from(code, data, at + int(offset))
        if model.input_kind == "dense":
            known["channels"] = known["input_size"] // known["frame"]
    for name, words, _ in rows(page, "one before:"):
        count, _, row = words.replace("·", "*").rpartition(" rows of ")
        sizes[name] = eval(f"({count or 1}) * ({row})", {}, known)  # a formula of our own page
    assert end + sum(sizes.values()) == len(data)
    start = end + sizes["signs"] + sizes["input"] + sizes["output"]
    bias = rows_of_weights(data[start : start + sizes["bias"]], 1, model.hidden_size, bias_bits)
    assert (bias[0] == model.bias).all()
    checksum = struct.unpack("<I", data[-4:])[0]
    assert zlib.crc32(data[:-4]) == checksum
    assert data[len(data) - len(rest) - len(vectors) - len(names) :].startswith(names + vectors)
    assert isinstance(packed.from_bytes(data), integer.IntegerModel)

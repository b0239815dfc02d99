"""The user's own files in the pipeline: from params.yaml alone, and noticed when they change."""

import json
import re
import shlex
import shutil
import sys

from tests.datasets.formats.conftest import log
from tests.docs.pages import blocks
from tests.pipeline.clones import MARKS, ROOT, back_to_the_committed, metrics, run, write_params

pytestmark = MARKS
OWN = {
    "epochs": 2,
    "data": {
        "type": "csv",
        "path": "data/raw/gestures",
        "columns": {
            "time": "time",
            "inputs": ["ax", "ay"],
            "label": "label",
            "group": "person",
        },
        "window": {"steps": 8, "rate_hz": 10},
        "split": {"test": {"group": ["c"]}},
    },
}


def stages_run(output):
    return set(re.findall(r"Running stage '([^']+)'", output))


def exercises(text):
    """What a stream printed, without rejections and what follows itself after one."""
    answers = [line.split("\t")[1] for line in text.splitlines()]
    found = [answer for answer in answers if answer != "none"]
    return [answer for i, answer in enumerate(found) if found[i - 1 : i] != [answer]]


def test_a_changed_file_reruns_what_is_made_of_it(clone):
    folder = clone / "data/raw/gestures"
    folder.mkdir()
    for number, people in enumerate(("ab", "c")):
        lines = log(people, steps=40)
        (folder / f"{number}.csv").write_text("".join(f"{line}\n" for line in lines))
    write_params(clone, {"benchmarks": ["pdigits", "own"], "benchmark": {"own": OWN}})
    run(clone, "dvc", "repro")
    found = metrics(clone, "own")
    assert found["parity"]["c_mismatches"] == 0 and found["parity"]["sequences"] > 10
    assert "Running stage" not in run(clone, "dvc", "repro").stdout
    assert 'href="own.html"' in (clone / "reports/index.html").read_text(encoding="utf-8")
    assert "data/raw/gestures" in (clone / "reports/own.html").read_text(encoding="utf-8")
    path = folder / "0.csv"
    path.write_text(path.read_text().replace(",3,", ",3.5,"))
    made = {f"{stage}@own" for stage in ("prepare", "train", "export", "evaluate")}
    assert stages_run(run(clone, "dvc", "repro", "evaluate").stdout) == made | {"validate"}
    assert "results" in run(clone, "dvc", "status", "pages").stdout
    card = json.loads((clone / "data/prepared/own/card.json").read_text())
    assert card["counts"]["train"] > 0 and card["groups"] == ["a", "b", "c"]
    back_to_the_committed(clone)


def test_the_tutorial_word_by_word(clone):
    """Its commands, in their order, from the shipped params.yaml to C; what it shows is there."""
    page = ROOT / "docs/guides/wrist-logger.md"
    shutil.copy(ROOT / "params.yaml", clone / "params.yaml")
    shown, written = [], []
    for block in blocks(page, ("console",)):
        for command in block.splitlines():
            program, *arguments = shlex.split(command)
            start = [sys.executable, "-m", "hadamrnn.cli"] if program == "hadamrnn" else [program]
            shown.append(run(clone, *start, *arguments).stdout)
            written.append((clone / "params.yaml").read_text())
    (section,) = blocks(page, ("yaml",))
    assert written[0].endswith(section)  # DVC writes the whole file anew
    assert blocks(page, ("text",))[1] in shown[0]
    assert blocks(page, ("text",))[2] in shown[1]  # what became of auto
    trained = json.loads((clone / "results/watch/train.json").read_text())
    assert trained["chosen"]["readout"] == "log_mean" and trained["epochs"] == 41
    assert "watch, always the most frequent class: accuracy 27.10 %" in shown[1]
    found = metrics(clone, "watch")
    assert found["integer"]["accuracy"] >= 0.8 and found["parity"]["c_mismatches"] == 0
    assert found["parity"]["sequences"] == 262
    assert found["groups"] == {
        "5": {"accuracy": found["integer"]["accuracy"], "sequences": 262},
    }
    assert sum(one["support"] for one in found["classes"].values()) == 262
    assert {path.name for path in (clone / "build/watch").iterdir()} >= {"hadamrnn.c", "watch.h"}
    assert exercises(shown[3])[-4:] == ["ABD", "ER", "TRAP", "ROW"]
    assert exercises(blocks(page, ("text",))[4])[-4:] == ["ABD", "ER", "TRAP", "ROW"]
    back_to_the_committed(clone)

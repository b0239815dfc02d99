"""The paper's runs as DVC experiments: queue those of paper.yaml, collect the finished ones.

    python -m benchmarks.paper queue [name ...]
    dvc queue start -j 2
    python -m benchmarks.paper collect

A collected run lies in results/paper/<run>/: metrics.json, history.csv, confusion.csv and
params.yaml as the experiment left them, model.hrnn where it is small, and run.json with the
command that repeats it, its seed, commit, time and machine. Run this on a clean checkout: the
commit in run.json is the one the experiment started from.
"""

import argparse
import itertools
import json
import subprocess
from collections import Counter
from pathlib import Path

import yaml

from benchmarks.machine import machine
from hadamrnn.errors import as_sentences

FOLDER = Path("results/paper")
PREFIX = "paper-"
MOST_MODEL_BYTES = 16384
"""Models larger than this stay out of Git."""


def expand(plan):
    """{run name: {params key: value}} of a plan as in paper.yaml.

    >>> expand({"a": {"set": {"benchmarks": ["har2"]}, "sweep": {"q": [1, 2]}, "seeds": [3]}})
    {'a-q1-seed3': {'benchmarks': ['har2'], 'q': 1, 'seed': 3}, 'a-q2-seed3': {'benchmarks': \
['har2'], 'q': 2, 'seed': 3}}
    """
    runs = {}
    for name, entry in plan.items():
        sweep = entry.get("sweep", {})
        for values in itertools.product(*sweep.values()):
            chosen = dict(zip(sweep, values, strict=True))
            words = [f"{key.split('.')[-1]}{_text(value)}" for key, value in chosen.items()]
            for seed in entry["seeds"]:
                run = "-".join([name, *words, f"seed{seed}"]).replace("_", "")
                runs[run] = {**entry["set"], **chosen, "seed": seed}
    return runs


def _text(value):
    if value is None:
        return "null"
    return f"[{','.join(value)}]" if isinstance(value, list) else str(value)


def command(settings):
    """The experiment as a user would type it."""
    return " ".join(["dvc exp run", *(f"-S '{k}={_text(v)}'" for k, v in settings.items())])


def git(*arguments, text=True):
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=text)
    return done.stdout.strip() if text else done.stdout


def experiments():
    """{run name: commit} of the finished paper experiments in this clone."""
    lines = git("for-each-ref", "refs/exps", "--format=%(refname) %(objectname)").splitlines()
    pairs = (line.split() for line in lines)
    named = ((reference.split("/")[-1], commit) for reference, commit in pairs)
    return {name.removeprefix(PREFIX): c for name, c in named if name.startswith(PREFIX)}


def queue(runs):
    """Queue every run that has no result yet."""
    done = experiments()
    for run, settings in runs.items():
        if run in done or (FOLDER / run).exists():
            continue
        options = [word for k, v in settings.items() for word in ("-S", f"{k}={_text(v)}")]
        target = f"evaluate@{settings['benchmarks'][0]}"  # and not the report of all runs
        subprocess.run(
            ["dvc", "exp", "run", "--queue", "--name", PREFIX + run, *options, target], check=True
        )


def collect(runs):
    """Write results/paper/<run>/ of every finished experiment that is not there yet."""
    for run, commit in experiments().items():
        folder = FOLDER / run
        if run not in runs or folder.exists():
            continue
        benchmark = runs[run]["benchmarks"][0]
        wanted = [
            *(f"results/{benchmark}/{n}" for n in ("metrics.json", "history.csv", "confusion.csv")),
            f"exports/{benchmark}/model.hrnn",
            "params.yaml",
        ]
        contents = {Path(path).name: _show(commit, path) for path in wanted}
        packed = contents["model.hrnn"]
        if packed is not None and len(packed) > MOST_MODEL_BYTES:
            del contents["model.hrnn"]
        if contents["confusion.csv"] is not None:
            contents["confusion.csv"] = counted(contents["confusion.csv"])
        folder.mkdir(parents=True)
        for name, content in contents.items():
            if content is not None:
                (folder / name).write_bytes(content)
        document = yaml.safe_load(contents["params.yaml"])
        write_run(folder / "run.json", runs[run], document, commit)
        print(f"collected {run}")


def counted(confusion):
    """confusion.csv, a line a sequence, as one line for each pair of classes with its count.

    >>> counted(b"actual,predicted\\na,b\\na,a\\na,b\\n")
    b'actual,predicted,count\\na,a,1\\na,b,2\\n'
    """
    header, *lines = confusion.decode().splitlines()
    rows = [f"{line},{count}" for line, count in sorted(Counter(lines).items())]
    return ("\n".join([f"{header},count", *rows]) + "\n").encode()


def _show(commit, path):
    try:
        return git("show", f"{commit}:{path}", text=False)
    except subprocess.CalledProcessError:
        return None


def write_run(path, settings, document, commit):
    """What hadamrnn.report reads of a run, and where and when it was made."""
    computer, benchmark = machine(), settings["benchmarks"][0]
    train = {**document["train"], **document["benchmark"][benchmark]}
    asked = {key: document[key] for key in ("q", "weight_bits")}
    content = {
        "benchmark": benchmark,
        "command": command(settings),
        "commit": git("rev-parse", f"{commit}^"),
        "finished": git("show", "-s", "--format=%cI", commit),
        "machine": {key: computer[key] for key in ("cpu", "cores", "system", "versions")},
        **{key: document[key] for key in ("model", "seed")},
        **{key: train[key] if value == "auto" else value for key, value in asked.items()},
        "hidden_size": train["hidden_size"],
    }
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["queue", "collect"])
    parser.add_argument("names", nargs="*", help="entries of paper.yaml, all when none is given")
    options = parser.parse_args()
    plan = yaml.safe_load(Path("paper.yaml").read_text(encoding="utf-8"))
    for name in options.names:
        if name not in plan:
            parser.error(f"name: must be one of {', '.join(plan)}; got {name!r}")
    runs = expand({name: plan[name] for name in options.names or plan})
    (queue if options.action == "queue" else collect)(runs)


if __name__ == "__main__":
    with as_sentences():
        main()

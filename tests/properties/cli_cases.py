"""The command line: any options, and inputs of any content."""

import contextlib
import io
import json
import random
import warnings
from pathlib import Path

import numpy as np

from hadamrnn import cli
from hadamrnn.integer import packed
from tests.properties import mutations
from tests.properties.cases import Wrong, sentence
from tests.random_models import random_model

STREAM_OPTIONS = ("--shift", "--window", "--hop", "--smooth", "--reject", "--hold")
OPTIONS = (*STREAM_OPTIONS, "--all", "--card", "--polish")
VALUES = ("0", "1", "4", "-1", "16", "99999999999", "1.5", "x", "", "streams/card.json")


def answer(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of a command in ``folder``."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main(list(arguments))
            except SystemExit as stop:
                code = int(stop.code or 0)
    text = err.getvalue()
    if code not in (0, 1, 2):
        raise Wrong(f"{arguments}: exit code {code}")
    if code == 1 and not sentence(text.rstrip("\n")).startswith("hadamrnn: "):
        raise Wrong(f"{arguments}: {text!r}")
    if code == 2 and not text.startswith("usage: "):
        raise Wrong(f"{arguments}: {text!r}")
    return code, out.getvalue(), text


class Commands:
    """A dense and a symbol model with inputs for each, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "commands"
        self.folder.mkdir()
        rng = np.random.default_rng(0)
        dense = random_model(rng, block_size=8, q=1, readout="mean", class_names=tuple("abcd"))
        fading = random_model(rng, block_size=8, q=1, readout="log_mean", fade=3)
        symbol = random_model(rng, block_size=8, q=1, kind="symbol", per_step=True)
        self.models = {"dense": dense, "fading": fading, "symbol": symbol}
        for name, model in self.models.items():
            packed.write(model, self.folder / f"{name}.hrnn")
        x = rng.random((3, 5, dense.input_size))
        ids = rng.integers(0, symbol.input_size, (3, 5)).astype(np.uint8)
        self.inputs: dict[str, dict[str, bytes]] = {}
        for name, array in (("dense", x), ("fading", x), ("symbol", ids)):
            table = io.StringIO()
            np.savetxt(table, array[0], delimiter=",", fmt="%g")
            file = io.BytesIO()
            np.save(file, array)
            self.inputs[name] = {".csv": table.getvalue().encode(), ".npy": file.getvalue()}
        coding = {"kind": "dense", "size": 3, "scale": 1 / 255, "offset": 0.0}
        self.card = json.dumps({"input": coding}).encode()

    def predict(self, draw: random.Random, _: Path) -> bool:
        """A changed input is refused, or answered as Python answers the same numbers."""
        name, ending = draw.choice([*self.inputs]), draw.choice((".csv", ".npy"))
        data = mutations.changed(draw, self.inputs[name][ending])
        (self.folder / f"x{ending}").write_bytes(data)
        code, out, _err = answer(self.folder, "predict", f"{name}.hrnn", f"x{ending}")
        if code == 0 and ending == ".npy":
            model = self.models[name]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = np.load(io.BytesIO(data))
                whole = found if found.ndim == 2 + (model.input_kind == "dense") else found[None]
                classes = model.predict(whole)
            names = model.class_names
            words = [
                " ".join(names[c] if names else str(c) for c in np.atleast_1d(row))
                for row in classes
            ]
            if out != "".join(f"{i}\t{word}\n" for i, word in enumerate(words)):
                raise Wrong(f"predict: {out[:200]!r} is not what Python answers")
        elif code == 0 and out.count("\n") != 1:
            raise Wrong(f"predict: a table is one sequence; got {out[:200]!r}")
        return code == 0

    def model(self, draw: random.Random, _: Path) -> bool:
        """A changed model is refused: its checksum does not allow it."""
        name = draw.choice([*self.inputs])
        data = (self.folder / f"{name}.hrnn").read_bytes()
        other = mutations.changed(draw, data)
        (self.folder / "other.hrnn").write_bytes(other)
        command = draw.choice(("info", "predict", "stream", "firmware"))
        (self.folder / "y.csv").write_bytes(self.inputs[name][".csv"])
        more = {"info": (), "firmware": ("made",)}.get(command, ("y.csv",))
        code, _out, _err = answer(self.folder, command, "other.hrnn", *more)
        if code == 0 and other != data:
            raise Wrong(f"{command}: a changed model is accepted")
        return code == 0

    def stream(self, draw: random.Random, _: Path) -> bool:
        """Any options and any lines: events of rising steps and known classes, or a sentence."""
        name = draw.choice([*self.inputs])
        lines = self.inputs[name][".csv"] * draw.choice((1, 4))
        (self.folder / "z.csv").write_bytes(
            mutations.changed(draw, lines) if draw.random() < 0.5 else lines
        )
        card = self.card if draw.random() < 0.5 else mutations.changed(draw, self.card)
        (self.folder / "streams").mkdir(exist_ok=True)
        (self.folder / "streams/card.json").write_bytes(card)
        options = ["--window", "4"] if name != "fading" else []
        for _ in range(draw.randrange(3)):
            option = draw.choice(OPTIONS)
            options += [option] if option == "--all" else [option, draw.choice(VALUES)]
        code, out, _err = answer(self.folder, "stream", f"{name}.hrnn", "z.csv", *options)
        if code == 0:
            model, before = self.models[name], 0
            names = [*(model.class_names or map(str, range(model.output_size))), "none"]
            for line in out.splitlines():
                step, label, margin = line.split("\t")
                if int(step) <= before or label not in names or int(margin) < 0:
                    raise Wrong(f"stream: {line!r} after step {before}")
                before = int(step)
        return code == 0

    def card_beside(self, draw: random.Random, _: Path) -> bool:
        """A changed card.json beside the input is refused, or numbers are answered."""
        folder = self.folder / "prepared"
        folder.mkdir(exist_ok=True)
        (folder / "card.json").write_bytes(mutations.changed(draw, self.card))
        (folder / "x.npy").write_bytes(self.inputs["dense"][".npy"])
        code, out, _err = answer(self.folder, "predict", "dense.hrnn", "prepared/x.npy")
        if code == 0 and out.count("\n") != 3:
            raise Wrong(f"predict: an answer for each of 3 sequences; got {out[:200]!r}")
        return code == 0

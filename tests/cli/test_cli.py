"""The command: info and predict end to end, and one sentence for every error."""

import json
import subprocess
import sys

import numpy as np
import pytest

from hadamrnn import cli
from hadamrnn.integer import packed
from tests.random_models import random_model


@pytest.fixture
def folder(tmp_path):
    """A dense and a symbol model, written as files."""
    rng = np.random.default_rng(0)
    packed.write(
        random_model(rng, readout="mean", class_names=("sit", "stand", "lie", "walk")),
        tmp_path / "dense.hrnn",
    )
    packed.write(random_model(rng, kind="symbol", per_step=True), tmp_path / "symbol.hrnn")
    return tmp_path


def run(capsys, *arguments):
    """(exit code, standard output, standard error)."""
    code = cli.main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def test_info(folder, capsys):
    code, output, errors = run(capsys, "info", folder / "dense.hrnn")
    assert code == 0 and not errors
    size = (folder / "dense.hrnn").stat().st_size
    for text in (
        "16 integers of 8 bits",
        "readout mean",
        "sit, stand, lie, walk",
        f"packed file bytes               {size}\n",
        "0 to 1 in steps of 0.00392157",
    ):
        assert text in output
    symbol = run(capsys, "info", folder / "symbol.hrnn")[1]
    assert "symbol ids" in symbol and "embedding" not in symbol


def test_predict_dense(folder, capsys):
    model, x = packed.read(folder / "dense.hrnn"), np.random.default_rng(1).random((5, 9, 3))
    np.save(folder / "x.npy", x)
    expected = [model.class_names[c] for c in model.predict(x)]
    code, output, errors = run(capsys, "predict", folder / "dense.hrnn", folder / "x.npy")
    assert (code, errors) == (0, "")
    assert output == "".join(f"{i}\t{name}\n" for i, name in enumerate(expected))
    np.savetxt(folder / "x.csv", x[2], delimiter=",")
    code, output, _ = run(capsys, "predict", folder / "dense.hrnn", folder / "x.csv")
    assert (code, output) == (0, f"0\t{expected[2]}\n")
    np.save(folder / "one.npy", x[2])
    assert run(capsys, "predict", folder / "dense.hrnn", folder / "one.npy")[1] == output


def test_predict_symbols(folder, capsys):
    model, ids = packed.read(folder / "symbol.hrnn"), np.array([[0, 1, 2, 1]], dtype=np.uint8)
    np.save(folder / "ids.npy", ids)
    (folder / "ids.csv").write_text("0\n1\n2\n1\n")
    expected = "0\t" + " ".join(map(str, model.predict(ids)[0])) + "\n"
    for name in ("ids.npy", "ids.csv"):
        assert run(capsys, "predict", folder / "symbol.hrnn", folder / name) == (0, expected, "")


def test_predict_large_vocabulary(folder, capsys):
    rng = np.random.default_rng(3)
    model = random_model(rng, kind="symbol", input_size=40_000, readout="mean")
    packed.write(model, folder / "words.hrnn")
    ids = rng.integers(30_000, 40_000, (3, 9)).astype(np.uint16)
    np.save(folder / "words.npy", ids)
    expected = "".join(f"{n}\t{c}\n" for n, c in enumerate(model.predict(ids)))
    assert run(capsys, "predict", folder / "words.hrnn", folder / "words.npy") == (0, expected, "")
    np.save(folder / "words.npy", ids + 10_000)
    code, output, errors = run(capsys, "predict", folder / "words.hrnn", folder / "words.npy")
    assert code == 1 and not output and "inputs: must be integers from 0 to 39999" in errors


def test_predict_reads_the_card_of_prepared_data(folder, capsys):
    x = np.random.default_rng(2).integers(0, 256, (4, 9, 3), dtype=np.uint8)
    np.save(folder / "x.npy", x)
    code, _, errors = run(capsys, "predict", folder / "dense.hrnn", folder / "x.npy")
    assert code == 0 and "% of the inputs lie outside the model's input range" in errors
    card = {"input": {"kind": "dense", "size": 3, "scale": 1 / 255, "offset": 0.0}}
    (folder / "card.json").write_text(json.dumps(card))
    code, output, errors = run(capsys, "predict", folder / "dense.hrnn", folder / "x.npy")
    model = packed.read(folder / "dense.hrnn")
    names = [model.class_names[c] for c in model.predict(x / 255)]
    assert (code, errors) == (0, "") and output.split()[1::2] == names


ERRORS = {
    "none.npy": (None, "must be a readable file"),
    "x.txt": ("1,2,3", "must be a .npy or .csv file; got '.txt'"),
    "x.csv": ("1,2,3\n1,2,x\n", "line 2 must hold numbers separated by commas; got '1,2,x'"),
    "y.csv": ("1,2,3\n1,2\n", "line 2 must hold 3 numbers like those before it; got 2"),
    "z.csv": ("\n", "must hold at least one line of numbers"),
    "w.csv": ("1,2\n", "must have shape (batch, time, 3 features); got (1, 1, 2)"),
    "x.npy": ("no array", "must be an array of numbers"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_one_sentence(name, folder, capsys):
    text, message = ERRORS[name]
    if text is not None:
        (folder / name).write_text(text)
    code, output, errors = run(capsys, "predict", folder / "dense.hrnn", folder / name)
    assert (code, output) == (1, "") and errors.startswith("hadamrnn: ") and message in errors
    assert errors.count("\n") == 1


def test_arrays_of_text_and_broken_cards(folder, capsys):
    np.save(folder / "text.npy", np.array(["a"]))
    errors = run(capsys, "predict", folder / "dense.hrnn", folder / "text.npy")[2]
    assert "must be an array of numbers; got <U1" in errors
    np.save(folder / "x.npy", np.zeros((1, 1, 3)))
    (folder / "card.json").write_text("{}")
    errors = run(capsys, "predict", folder / "dense.hrnn", folder / "x.npy")[2]
    assert "card.json: its section input must give kind, scale, offset; got None" in errors


def test_damaged_model(folder, capsys):
    path = folder / "dense.hrnn"
    path.write_bytes(path.read_bytes()[:-1])
    code, _, errors = run(capsys, "info", path)
    assert code == 1 and errors.startswith("hadamrnn: ") and "must hold" in errors


def test_the_command_needs_neither_torch_nor_numba(folder):
    source = (
        "import sys; from hadamrnn import cli; code = cli.main(sys.argv[1:]); "
        "print(sorted({'torch', 'numba', 'onnx', 'scipy'} & set(sys.modules))); exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, "info", folder / "dense.hrnn"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"

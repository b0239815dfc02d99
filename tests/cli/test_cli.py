"""The command: info and predict end to end, and one sentence for every error."""

import dataclasses
import io
import json

import numpy as np
import pytest

from hadamrnn import cli
from hadamrnn.cli import csv_file
from hadamrnn.integer import packed
from hadamrnn.integer.recording import Recording
from hadamrnn.prepared.copy_task import expand_copy
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


def npy(array):
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**named):
    """The bytes of a .npz file."""
    file = io.BytesIO()
    np.savez(file, **named)
    return file.getvalue()


def npy_of_shape(shape):
    """A .npy file whose header claims a shape, and no numbers."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


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


def test_words_of_few_bits(folder, capsys):
    rng = np.random.default_rng(2)
    table = rng.integers(-4, 4, (90, 3))
    model = random_model(rng, kind="embedding", input_bits=3, readout="mean", embedding=table)
    packed.write(model, folder / "words.hrnn")
    output = run(capsys, "info", folder / "words.hrnn")[1]
    for line in (
        "input                           90 symbol ids of 3 numbers of 3 bits, weights of 4 bits\n",
        f"embedding bytes                 {-(-90 * 3 * 3 // 8)}\n",
        f"packed file bytes               {(folder / 'words.hrnn').stat().st_size}\n",
    ):
        assert line in output
    (folder / "ids.csv").write_text("0\n89\n7\n")
    expected = f"0\t{model.predict([[0, 89, 7]])[0]}\n"
    assert run(capsys, "predict", folder / "words.hrnn", folder / "ids.csv") == (0, expected, "")
    (folder / "ids.csv").write_text("90\n")
    errors = run(capsys, "predict", folder / "words.hrnn", folder / "ids.csv")[2]
    assert "must be integers from 0 to 89; got 90 in sequence 0, step 0" in errors


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
    assert code == 0 and errors.startswith(f"hadamrnn: warning: {folder / 'x.npy'}: ")
    assert "are bytes (uint8), as prepared folders store them" in errors
    card = {"input": {"kind": "dense", "size": 3, "scale": 1 / 255, "offset": 0.0}}
    (folder / "card.json").write_text(json.dumps(card))
    code, output, errors = run(capsys, "predict", folder / "dense.hrnn", folder / "x.npy")
    model = packed.read(folder / "dense.hrnn")
    names = [model.class_names[c] for c in model.predict(x / 255)]
    assert (code, errors) == (0, "") and output.split()[1::2] == names


def test_predict_expands_stored_messages_of_the_copy_task(folder, capsys):
    model = random_model(np.random.default_rng(4), kind="symbol", input_size=10, per_step=True)
    packed.write(model, folder / "copy.hrnn")
    messages = np.arange(1, 9, dtype=np.uint8)[[[0, 1, 2, 3, 4, 5, 6, 7, 0, 1]]]
    np.save(folder / "test_messages.npy", messages)
    card = {"layout": "copy", "steps": 30, "input": {"kind": "symbol", "scale": 1, "offset": 0}}
    (folder / "card.json").write_text(json.dumps(card))
    output = run(capsys, "predict", folder / "copy.hrnn", folder / "test_messages.npy")[1]
    expected = model.predict(expand_copy(messages, 30)[0])[0]
    assert output == f"0\t{' '.join(map(str, expected))}\n"


def test_predict_reads_raw_samples_of_any_file(folder, capsys):
    rng = np.random.default_rng(6)
    model = random_model(rng, input_size=6, input_bits=8, readout="mean", max_steps=50)
    known = Recording([0.5] * 3, [0.0] * 3, [0] * 3, [1] * 3, [1] * 3, [0] * 3, [0] * 3, frame=2)
    model = dataclasses.replace(model, recording=known)
    packed.write(model, folder / "raw.hrnn")
    samples = rng.integers(0, 240, (2, 9, 3)) / 2  # the ninth does not fill a step
    expected = model.predict(samples[:, :8].reshape(2, 4, 6)).tolist()
    np.save(folder / "x.npy", samples)
    np.savez(folder / "x.npz", inputs=samples, labels=np.zeros(2))
    for name in ("x.npy", "x.npz"):
        output = run(capsys, "predict", folder / "raw.hrnn", folder / name)[1]
        assert output == "".join(f"{i}\t{c}\n" for i, c in enumerate(expected))
    np.savetxt(folder / "x.csv", samples[1], delimiter=",")
    output = run(capsys, "predict", folder / "raw.hrnn", folder / "x.csv")[1]
    assert output == f"0\t{expected[1]}\n"


def test_predict_names_the_feature_in_other_units(folder, capsys):
    x = np.random.default_rng(5).random((4, 9, 3))
    x[..., 1] *= 9.81
    np.save(folder / "x.npy", x)
    code, output, errors = run(capsys, "predict", folder / "dense.hrnn", folder / "x.npy")
    assert code == 0 and output.count("\n") == 4
    assert "of feature 1 (counted from 0)" in errors and "input range, 0 to 1, and are" in errors


ERRORS = {
    "none.npy": (None, "must be a readable file"),
    "x.txt": ("1,2,3", "must be a .csv, .npy or .npz file; got '.txt'"),
    "x.csv": ("1,2,3\n1,2,x\n", "x.csv: row 2, column 3: must be a finite number"),
    "y.csv": ("1,2,3\n1,2\n", "y.csv: row 2: must hold 3 numbers like those before it; got 2"),
    "nan.csv": ("1,2,3\n\n1,nan,3\n", "row 3, column 2: must be a finite number"),
    "empty.csv": ("a,b,c\n1,,3\n", "row 2, column 2: must be a finite number"),
    "digits.csv": ("1,2,3\n1_0,2,3\n", "by commas; got '1_0'"),
    "semicolons.csv": ("a;b;c\n1;2;3\n", "separated from others by commas; got '1;2;3'"),
    "quotes.csv": ('1,2,3\n1,"2"5,3\n', "quotes.csv: row 2 must hold numbers separated by commas"),
    "utf16.csv": ("\ufeff1,2,3\n".encode("utf-16"), "must be text in UTF-8; got the byte 0xff"),
    "z.csv": ("\n", "must hold at least one line of numbers"),
    "w.csv": ("1,2\n", "must have shape (batch, time, 3 features); got (1, 1, 2)"),
    "x.npy": ("no array", "must be an array (numpy.save); got a start of b'no arr'"),
    "archive.npy": (b"PK\3\4 and more", "must be one array (numpy.save); got an archive"),
    "cut.npy": (npy(np.zeros((2, 4, 3)))[:-1], "cut.npy: must be a whole array of numbers"),
    "terabytes.npy": (npy_of_shape((1 << 40, 4, 3)), "must be a whole array of numbers"),
    "overflow.npy": (npy_of_shape((1 << 62, 1 << 62, 3)), "must be a whole array of numbers"),
    "header.npy": (b"\x93NUMPY\1\0\4\0{(('", "must be a whole array of numbers"),
    "objects.npy": (npy(np.array([None])), "must be a whole array of numbers"),
    "text.npy": (npy(np.array(["a"])), "must be an array of numbers; got <U1"),
    "complex.npy": (npy(np.zeros((1, 4, 3), complex)), "must be an array of numbers; got complex"),
    "x.npz": (b"no archive", "x.npz: must be an archive of arrays; got"),
    "several.npz": (npz(a=np.zeros((1, 4, 3)), b=np.zeros(3)), "named inputs; got a, b"),
    "text.npz": (npz(a=np.array(["a"])), "must hold an array of numbers; got <U1"),
    "none.npz": (None, "none.npz: must be a readable file; got No such file"),
    "nan.npy": (
        npy(np.array([[[0, 0, 0], [0, np.nan, 0]]])),
        "nan.npy: inputs: must be numbers; got NaN in sequence 0, step 1, feature 1 (counted",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_one_sentence(name, folder, capsys):
    text, message = ERRORS[name]
    if text is not None:
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    code, output, errors = run(capsys, "predict", folder / "dense.hrnn", folder / name)
    assert (code, output) == (1, "") and errors.startswith("hadamrnn: ") and message in errors
    assert errors.count("\n") == 1


def test_wrong_ids_are_named(folder, capsys):
    for ids, message in (
        ("0\n1\n0.5\n", "symbol ids must be integers; got 0.5 in sequence 0, step 2"),
        ("0\n3\n", "must be integers from 0 to 2; got 3 in sequence 0, step 1 (counted from 0)"),
        ("-1\n", "must be integers from 0 to 2; got -1 in sequence 0, step 0"),
    ):
        (folder / "ids.csv").write_text(ids)
        code, output, errors = run(capsys, "predict", folder / "symbol.hrnn", folder / "ids.csv")
        assert (code, output) == (1, "") and f"ids.csv: inputs: {message}" in errors


CSV = {
    "as a spreadsheet saves it": "\ufeffx,y,z\r\n0.5,0.25,1\r\n0,1,0\r\n",
    "a mark and no names": "\ufeff0.5,0.25,1\n0,1,0\n",
    "quoted": '"x","y","z"\n"0.5","0.25","1"\n"0","1","0"\n',
    "spaces and empty lines": "\n 0.5, 0.25 ,1\n\n,,\n0,1e0,0",
    "carriage returns": "0.5,.25,1.\r0,+1,-0\r",
}


@pytest.mark.parametrize("text", CSV.values(), ids=CSV)
def test_csv_files_of_spreadsheets(text, tmp_path):
    (tmp_path / "x.csv").write_bytes(text.encode())
    assert csv_file.read(tmp_path / "x.csv").tolist() == [[0.5, 0.25, 1], [0, 1, 0]]


def test_broken_cards(folder, capsys):
    np.save(folder / "x.npy", np.zeros((1, 1, 3)))
    (folder / "card.json").write_text("{}")
    errors = run(capsys, "predict", folder / "dense.hrnn", folder / "x.npy")[2]
    assert "card.json: its section input must give kind, scale, offset; got None" in errors


def test_damaged_model(folder, capsys):
    path = folder / "dense.hrnn"
    path.write_bytes(path.read_bytes()[:-1])
    code, _, errors = run(capsys, "info", path)
    assert code == 1 and errors.startswith("hadamrnn: ") and "must hold" in errors


def test_help_says_what_exit_codes_mean(capsys):
    for arguments in (["--help"], ["predict", "--help"]):
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 0 and "2 wrong usage" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit) as stop:
        cli.main(["predict"])
    assert stop.value.code == 2

"""Every wrong key or value of params.yaml is one sentence: place, rule, value."""

import pytest

from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from tests.params.changes import put, refused

HINT = " (YAML reads 1e-3 as text; write 0.001)"
AUTO = ", or auto for the benchmark's own"
DATA = ", or auto, by a rule from the data"
POWER = "into blocks whose size is a power of two"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("q", 3, f"q: must divide hidden_size=128 {POWER}; got q=3"),
        ("q", 0, f"q: must be an integer of at least 1{AUTO}; got 0"),
        ("q", 2.0, f"q: must be an integer of at least 1{AUTO}; got 2.0"),
        (
            "q",
            True,
            f"q: must be an integer of at least 1{AUTO}; got True",
        ),
        ("train.hidden_size", 100, f"q: must divide hidden_size=100 {POWER}; got q=1"),
        (
            "weight_bits",
            -1,
            f"weight_bits: must be an integer from 1 to 8, or null for full precision{AUTO}; "
            "got -1",
        ),
        (
            "benchmark.copy.weight_bits",
            "auto",
            "benchmark.copy.weight_bits: must be an integer from 1 to 8, or null for full "
            "precision; got 'auto'",
        ),
        (
            "train.input_weight_bits",
            0,
            "train.input_weight_bits: must be an integer from 1 to 8, or null for full precision, "
            "or auto for weight_bits; got 0",
        ),
        (
            "benchmark.copy.output_weight_bits",
            9,
            "benchmark.copy.output_weight_bits: must be an integer from 1 to 8, or null for full "
            "precision, or auto for weight_bits; got 9",
        ),
        ("train.quantizer", "min", "train.quantizer: must be one of max, lsq; got 'min'"),
        ("export.bias_bits", 17, "export.bias_bits: must be an integer from 2 to 16; got 17"),
        (
            "model",
            "transformer",
            "model: must be one of hadamrnn, hadamrelu, lstm, gru, rnn, fastgrnn, ornn, qornn; "
            "got 'transformer'",
        ),
        (
            "train.clip_gradient",
            0,
            "train.clip_gradient: must be a number greater than 0, or null for no limit; got 0",
        ),
        ("readout", "max", "readout: must be one of auto, last, mean, log_mean; got 'max'"),
        ("activation_bits", 17, f"activation_bits: must be an integer from 2 to 16{AUTO}; got 17"),
        (
            "activation_bits",
            None,
            f"activation_bits: must be an integer from 2 to 16{AUTO}; got null",
        ),
        ("input_bits", 1, f"input_bits: must be an integer from 2 to 8{AUTO}; got 1"),
        ("export.input_bits", 9, "export.input_bits: must be an integer from 2 to 8; got 9"),
        (
            "export.activation_bits",
            "auto",
            "export.activation_bits: must be an integer from 2 to 16; got 'auto'",
        ),
        (
            "benchmark.copy.activation_bits",
            1,
            "benchmark.copy.activation_bits: must be an integer from 2 to 16; got 1",
        ),
        ("export", [], "export: must be a mapping; got []"),
        ("seed", None, "seed: must be an integer of at least 0; got null"),
        ("seed", 2**64, "seed: must be at most 9223372036854775807; got 18446744073709551616"),
        ("train.epochs", 10**10, "train.epochs: must be at most 1000000000; got 10000000000"),
        ("q", 10**10, "q: must be at most 1000000000; got 10000000000"),
        ("device", "tpu", "device: must be auto, cpu, cuda or cuda:<index>; got 'tpu'"),
        ("device", "cuda:x", "device: must be auto, cpu, cuda or cuda:<index>; got 'cuda:x'"),
        ("device", "cuda:1\n", r"device: must be auto, cpu, cuda or cuda:<index>; got 'cuda:1\n'"),
        (
            "train.learning_rate",
            "1e-3",
            f"train.learning_rate: must be a number greater than 0{DATA}{HINT}; got '1e-3'",
        ),
        (
            "benchmark.copy.learning_rate",
            "1e-3",
            f"benchmark.copy.learning_rate: must be a number greater than 0{DATA}{HINT}; "
            "got '1e-3'",
        ),
        (
            "train.learning_rate",
            0,
            f"train.learning_rate: must be a number greater than 0{DATA}; got 0",
        ),
        (
            "benchmark.copy.embedding_size",
            0,
            "benchmark.copy.embedding_size: must be an integer from 1 to 4096, or null for "
            "one-hot symbols; got 0",
        ),
        (
            "train.learning_rate",
            float("nan"),
            f"train.learning_rate: must be a number greater than 0{DATA}; got nan",
        ),
        (
            "train.learning_rate",
            float("inf"),
            f"train.learning_rate: must be a number greater than 0{DATA}; got inf",
        ),
        (
            "benchmark.har2.rotation",
            10**400,
            "benchmark.har2.rotation: must be a number of at least 0 and at most 180; "
            "got an integer of 1329 bits",
        ),
        (
            "benchmark.har2.epochs",
            "banana",
            f"benchmark.har2.epochs: must be an integer of at least 1{DATA}; got 'banana'",
        ),
        (
            "train.learning_rate_decay",
            1.5,
            "train.learning_rate_decay: must be a number greater than 0 and at most 1; got 1.5",
        ),
        (
            "train.learning_rate_schedule",
            "linear",
            "train.learning_rate_schedule: must be one of exponential, cosine; got 'linear'",
        ),
        (
            "train.patience",
            0,
            "train.patience: must be an integer of at least 1, or null for never stopping early; "
            "got 0",
        ),
        (
            "train.sign_schedule",
            "free",
            "train.sign_schedule: must be one of hold, constant, anneal, warmup; got 'free'",
        ),
        (
            "benchmark.copy.select",
            "loss",
            "benchmark.copy.select: must be one of accuracy, cross_entropy, last, or auto, by a "
            "rule from the data; got 'loss'",
        ),
        (
            "train.hidden_size",
            5000,
            f"train.hidden_size: must be an integer from 1 to 4096{DATA}; got 5000",
        ),
        (
            "train.state_noise_bits",
            1,
            "train.state_noise_bits: must be an integer from 2 to 16, or null for no noise; got 1",
        ),
        (
            "train.rotation",
            -1,
            "train.rotation: must be a number of at least 0 and at most 180; got -1",
        ),
        (
            "benchmark.copy.channel_dropout",
            1,
            "benchmark.copy.channel_dropout: must be a number of at least 0 and at most 0.9; got 1",
        ),
        (
            "train.train_on_validation",
            1,
            f"train.train_on_validation: must be true or false{DATA}; got 1",
        ),
        (
            "benchmark.copy.train_on_validation",
            True,
            "benchmark.copy.select: must be last where train_on_validation is true; got 'accuracy'",
        ),
        ("train.epochs", 0, f"train.epochs: must be an integer of at least 1{DATA}; got 0"),
        ("train.batch_size", 0, f"train.batch_size: must be an integer of at least 1{DATA}; got 0"),
        ("train.balanced", 1, "train.balanced: must be true or false; got 1"),
        ("train.warmup_steps", -1, "train.warmup_steps: must be an integer of at least 0; got -1"),
        ("train", None, "train: must be a mapping; got null"),
        ("benchmark", [], "benchmark: must be a mapping; got []"),
        ("benchmark", {}, "benchmark: must have a section for at least one benchmark; got {}"),
        ("benchmark.copy", None, "benchmark.copy: must be a mapping; got null"),
        ("benchmark.har2", [1], "benchmark.har2: must be a mapping; got [1]"),
        ("benchmark.copy.data", 5, "benchmark.copy.data: must be a mapping; got 5"),
        ("benchmarks", ["mnist"], "benchmarks: must be among copy, har2; got 'mnist'"),
        (
            "benchmarks",
            ["copy", "copy"],
            "benchmarks: must be a list of one or more different names; got ['copy', 'copy']",
        ),
        ("benchmarks", [], "benchmarks: must be a list of one or more different names; got []"),
        (
            "benchmarks",
            "copy",
            "benchmarks: must be a list of one or more different names; got 'copy'",
        ),
        ("benchmarks", [["copy"]], "benchmarks: must be among copy, har2; got ['copy']"),
    ],
)
def test_wrong_value(document, path, value, words):
    put(document, path, value)
    refused(document, words)


@pytest.mark.parametrize(
    "path", ["qq", "train.qq", "export.qq", "benchmark.copy.qq", "benchmark.har2.qq"]
)
def test_unknown_key(document, path):
    put(document, path, 1)
    place = path.removesuffix("qq")
    with pytest.raises(HadamrnnError) as caught:
        params.check(document)
    known = {"": "benchmarks, model, q,", "export.": "activation_bits, input_bits"}
    known = known.get(place, "q, embedding_size, embedding_bits,")
    start = f"{path}: is not a key of params.yaml; known here are {known}"
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize(
    "path", ["q", "benchmarks", "train", "train.epochs", "export", "export.input_bits"]
)
def test_missing_key(document, path):
    *folder, key = path.split(".")
    del (document[folder[0]] if folder else document)[key]
    refused(document, f"{path}: is missing from params.yaml")

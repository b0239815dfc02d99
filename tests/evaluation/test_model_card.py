"""The model card: what the hub reads, and what people need before they use a model."""

import numpy as np
import pytest
import yaml

from hadamrnn.evaluation import model_card
from hadamrnn.evaluation.card_facts import Facts
from hadamrnn.integer import load
from hadamrnn.targets import bench
from hadamrnn.targets.processors import TARGETS

METRICS = {
    "float": {"accuracy": 0.95},
    "integer": {"accuracy": 0.9, "balanced_accuracy": 0.875},
    "majority": {"accuracy": 0.4},
    "parity": {"c_mismatches": 0, "sequences": 10},
    "size": {"packed_file_bytes": 3985, "total_bytes": 3720},
    "operations_per_step": {"additions": 6912, "dense_multiply_adds": 150912, "shifts": 1536},
    "groups": {"5": {"accuracy": 0.9, "sequences": 10}},
}
CARD = {
    "title": "Moves: of the wrist",
    "licence": "CC BY 4.0",
    "source": "data/raw/moves",
    "citation": "none",
    "channels": ["ax", "a|y"],
    "counts": {"train": 90, "valid": 20, "test": 10},
    "shapes": {},
    "steps": 128,
    "input": {"kind": "dense", "size": 9},
    "output": {"names": ["up", "down"], "per_step": False},
}
TARGETS_OF = np.array([0] * 6 + [1] * 4)


@pytest.fixture(scope="module")
def model():
    return load("shipped/har2/model.hrnn")


def facts(model, **changes):
    given = {
        "name": "moves",
        "metrics": METRICS,
        "score": "accuracy",
        "card": CARD,
        "parameters": {"model": "hadamrnn", "seed": 1, "train": {"epochs": 3}},
        "predicted": np.array([0] * 5 + [1] * 5),
        "targets": TARGETS_OF,
        "model": model,
        "commit": "0123456789ab",
    }
    return Facts(**{**given, **changes})


def parts(text):
    """The header's content, and what follows it."""
    empty, header, body = text.split("---\n", 2)
    assert not empty
    return yaml.safe_load(header), body


def test_the_header_is_what_the_hub_reads(model):
    header, _ = parts(model_card.text(facts(model)))
    assert header["license"] == "cc-by-4.0" and header["library_name"] == "hadamrnn"
    assert header["datasets"] == ["moves"] and "tinyml" in header["tags"]
    assert header["metrics"] == ["accuracy", "balanced_accuracy"]
    (result,) = header["model-index"][0]["results"]
    assert result["metrics"][0] == {"type": "accuracy", "value": 0.9}
    assert result["dataset"] == {"name": CARD["title"], "type": "moves", "split": "test"}


def test_the_hub_s_own_reader_accepts_it(model):
    hub = pytest.importorskip("huggingface_hub")
    data = hub.ModelCard(model_card.text(facts(model))).data
    assert data.model_name == "moves"
    assert {r.metric_type: r.metric_value for r in data.eval_results}["accuracy"] == 0.9


@pytest.mark.parametrize(
    "licence, name", [("the user's own", "the-user-s-own"), ("(?)", "not-stated")]
)
def test_a_licence_without_an_identifier_keeps_its_words(model, licence, name):
    header, body = parts(model_card.text(facts(model, card={**CARD, "licence": licence})))
    assert (header["license"], header["license_name"]) == ("other", name)
    assert f"| licence | {licence} |" in body


def test_people_find_what_they_need(model):
    _, body = parts(model_card.text(facts(model)))
    for words in (
        "Sequences of 128 steps of readings: ax, a|y.",
        "accuracy 90.00 %",
        "always the most frequent class gives 40.00 %",
        "in 0 of 10 test sequences",
        "| up | 100.00 % | 83.33 % | 90.91 % | 6 |",
        "| 5 | 90.00 % | 10 |",
        "3,985 bytes. A step takes 6,912 additions, 1,536 shifts.",
        "10 sequences of 1 person or group.",
        "| commit of the code | 0123456789ab |",
        model.recording.parameters_hash.hex(),
        "epochs: 3",
    ):
        assert words in body, words
    for name, target in TARGETS.items():
        cost = bench.cost(model, target, counted=True)
        assert f"| {name} | {cost.step:,} {cost.unit}" in body
        assert f"| {cost.flash_bytes:,} | {cost.ram_bytes:,}" in body


def test_a_baseline_has_no_integers_and_no_targets():
    metrics = METRICS | {"integer": None, "parity": None, "size": {"total_bytes": 99}}
    parameters = {"model": "lstm"}
    _, body = parts(model_card.text(facts(None, metrics=metrics, parameters=parameters)))
    assert "A baseline (lstm) in float32" in body and "99 bytes." in body
    assert "ATmega" not in body and "hadamrnn predict" not in body


def test_answers_at_every_step_and_symbols(model):
    card = {
        **CARD,
        "input": {"kind": "symbol", "size": 10},
        "output": {"names": ["blank", *"12345678"], "per_step": True},
    }
    metrics = METRICS | {
        "integer": {"accuracy": 0.99, "recalled_accuracy": 0.5},
        "float": {"recalled_accuracy": 0.6},
        "majority": {"recalled_accuracy": 0.125},
    }
    made = facts(model, card=card, metrics=metrics, score="recalled_accuracy")
    header, body = parts(model_card.text(made))
    assert header["metrics"] == ["accuracy", "recalled_accuracy"]
    assert "128 ids below 10, of symbols" in body and "9 classes at every step" in body
    assert "recalled accuracy 50.00 %" in body and "| class |" not in body

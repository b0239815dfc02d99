"""What a model costs: what is counted is within a tenth of emulation; the command prints both."""

import json
from pathlib import Path

import numpy as np
import pytest

from hadamrnn.cli import main
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import load
from hadamrnn.targets import bench, costs, emulation
from hadamrnn.targets.processors import TARGETS
from tests.random_models import random_model

ROOT = Path(__file__).parents[2]
FIGURES = ("step", "logits", "flash_bytes", "ram_bytes")
WITHIN = 0.1


def needs(name):
    missing = TARGETS[name].missing()
    return pytest.mark.skipif(bool(missing), reason=f"{name} needs {', '.join(missing)}")


every_target = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(name)) for name in TARGETS]
)


def unseen():
    """A model of a shape that no price was found from."""
    return random_model(
        np.random.default_rng(77),
        block_size=32,
        q=4,
        activation_bits=11,
        input_size=12,
        classes=6,
        readout="mean",
        bias_shift=4,
        max_steps=60,
    )


@pytest.mark.slow
@every_target
def test_what_is_counted_is_within_a_tenth_of_emulation(name):
    """Where a change of the C runtime breaks this: python -m benchmarks.targets.fit_costs."""
    target = TARGETS[name]
    for model in (load(ROOT / "shipped/har2/model.hrnn"), unseen()):
        counted, emulated = bench.cost(model, target, counted=True), bench.cost(model, target)
        assert counted.source == "counted" and (counted.raw is None) == (model.recording is None)
        if not emulated.fits:
            assert emulated == counted
            continue
        pairs = [(counted, emulated)]
        if model.recording is not None:
            pairs.append((counted.raw, emulated.raw))
            assert emulated.raw.step > 1.02 * emulated.step, "coding readings takes time"
        for found, wanted in pairs:
            assert wanted.source == "emulated" and found.table_bytes == wanted.table_bytes
            for figure in FIGURES:
                one, other = getattr(found, figure), getattr(wanted, figure)
                assert abs(one - other) <= WITHIN * other, (model.name, figure, one, other)


def test_every_loop_of_shipped_models_has_a_price_on_some_target():
    for path in ROOT.glob("shipped/*/model.hrnn"):
        model = load(path)
        for form in ("bytes", "words", "halves"):
            for part in ("step", "logits"):
                priced = set()
                for target in (t for t in TARGETS.values() if t.form == form):
                    priced |= set(costs.prices(target.name)[part])
                terms = costs.TERMS[part](model, form)
                assert set(terms) & priced, (path, part)


def test_coding_readings_has_a_price_on_every_target():
    model = load(ROOT / "shipped/har2/model.hrnn")
    for name, target in TARGETS.items():
        cost = bench.cost(model, target, counted=True)
        assert cost.raw.step > cost.step and cost.raw.flash_bytes > cost.flash_bytes, name
        assert cost.raw.ram_bytes > cost.ram_bytes, name
    assert bench.cost(unseen(), target, counted=True).raw is None


def test_the_command_prints_a_row_for_each_target(capsys):
    file = str(ROOT / "shipped/har2/model.hrnn")
    assert main(["bench", file, "--counted"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[0] == "target" and len(rows) == len(TARGETS)
    by_name = dict(zip(TARGETS, rows, strict=True))
    assert "cycles (" in by_name["ATmega2560"] and by_name["Cortex-M3"].endswith("counted")
    assert by_name["ATmega328P"].endswith("counted; its RAM is 2,048")
    assert main(["bench", file, "--counted", "--json", "--target", "Cortex-M3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["Cortex-M3"] and found["Cortex-M3"]["unit"] == "instructions"
    assert f"{found['Cortex-M3']['step']:,} instructions" in by_name["Cortex-M3"]
    raw = found["Cortex-M3"]["raw"]
    assert f"{raw['step']:,} instructions" in by_name["Cortex-M3"]
    assert f"{raw['flash_bytes']:,} bytes  {raw['ram_bytes']:,} bytes" in by_name["Cortex-M3"]


def test_tools_that_are_missing_make_it_count(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    model = random_model(np.random.default_rng(3))
    assert bench.cost(model, TARGETS["Cortex-M3"]).source == "counted"


def test_other_integers_are_refused(monkeypatch):
    wrong = {"mismatches": 1}
    monkeypatch.setattr(emulation, "measure", lambda *_: wrong)
    monkeypatch.setattr(type(TARGETS["Cortex-M3"]), "missing", lambda _: [])
    with pytest.raises(HadamrnnError, match="Cortex-M3: must compute the integers of"):
        bench.cost(random_model(np.random.default_rng(3)), TARGETS["Cortex-M3"])

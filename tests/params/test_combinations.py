"""Values that are right by themselves and wrong together, and names that nothing can carry."""

import pytest
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import block_size_of
from hadamrnn.integer import proof
from hadamrnn.params.combinations import largest_state_bits
from hadamrnn.params.sections import CLOSED, Data, Facts
from tests.params.changes import put, refused

TEXTS = Facts(symbols=True)
SENSORS = Facts(axes=True, finer_classes=True)
STEPS = Facts(symbols=True, per_step=True)


def model_with(facts):
    """The model of a data set with these facts and one setting."""

    @dataclass(frozen=True, kw_only=True, config=CLOSED)
    class Model(Data):
        steps: int = 10

    Model.facts = facts
    return Model


def finder(models):
    """What ``params.check`` asks of data sets whose settings have these models."""

    def find(name, given):
        model = models[name]
        return model and params.read(model, given, f"benchmark.{name}.data").facts

    return find


def checked(document, facts, **values):
    """The settings of benchmark copy with ``values`` in its section, on such a data set."""
    document["benchmark"]["copy"] |= values
    document["benchmark"]["har2"]["data"] = {}
    known = {"copy": model_with(facts), "har2": None}
    return params.check(document, finder(known))["copy"]


@pytest.mark.parametrize(
    ("facts", "values", "words"),
    [
        (
            STEPS,
            {"readout": "mean"},
            "readout: must be last for a data set that is read out at every step; got 'mean'",
        ),
        (
            STEPS,
            {"readout": "log_mean"},
            "readout: must be last for a data set that is read out at every step; got 'log_mean'",
        ),
        (
            Facts(numbers=True),
            {"balanced": True},
            "balanced: must be false for a data set whose targets are numbers; got True",
        ),
        (
            SENSORS,
            {"embedding_size": 64},
            "embedding_size: must be null for a data set whose inputs are numbers and not symbols; "
            "got 64",
        ),
        (
            TEXTS,
            {"rotation": 15},
            "rotation: must be 0 for a data set that does not name its sensors' axes; got 15",
        ),
        (
            TEXTS,
            {"channel_dropout": 0.1},
            "channel_dropout: must be 0 for a data set that does not name its sensors' axes; "
            "got 0.1",
        ),
        (
            TEXTS,
            {"distortion": 0.5},
            "distortion: must be 0 for a data set that is not of images; got 0.5",
        ),
        (
            TEXTS,
            {"finer_classes": True},
            "finer_classes: must be false for a data set without finer classes; got True",
        ),
    ],
)
def test_what_a_data_set_cannot_do(document, facts, values, words):
    with pytest.raises(HadamrnnError) as caught:
        checked(document, facts, **values)
    assert str(caught.value) == f"benchmark.copy.{words}"
    able = Facts(symbols="embedding_size" in values, axes=True, image=True, finer_classes=True)
    for key, value in values.items():
        assert getattr(checked(document, able).train, key) == value
        assert getattr(checked(document, None).train, key) == value, "unknown facts forbid nothing"


def test_the_read_out_of_all_leaves_alone_what_is_read_at_every_step(document):
    document["readout"] = "mean"
    assert checked(document, STEPS).readout == "mean"


def test_word_dropout_needs_an_embedding(document):
    put(document, "benchmark.copy.word_dropout", 0.2)
    words = "benchmark.copy.word_dropout: must be 0 where embedding_size is null; got 0.2"
    refused(document, words)
    put(document, "train.embedding_size", 8)
    assert params.check(document)["copy"].train.word_dropout == 0.2


@pytest.mark.parametrize("model", params.MODELS)
def test_bits_of_an_embedding_need_one_and_a_model_that_has_them(document, model):
    put(document, "benchmark.copy.embedding_bits", 4)
    words = "benchmark.copy.embedding_bits: must be null where embedding_size is null; got 4"
    refused(document, words)
    put(document, "train.embedding_size", 8)
    document["model"] = model
    if model == "hadamrnn":
        assert params.check(document)["copy"].train.embedding_bits == 4
        return
    refused(document, f"benchmark.copy.embedding_bits: must be null for model {model}; got 4")


@pytest.mark.parametrize("model", params.MODELS)
def test_noise_of_integer_states_is_for_the_model_that_has_them(document, model):
    document |= {"model": model}
    assert params.check(document)["copy"].model == model
    put(document, "benchmark.copy.state_noise_bits", 8)
    if model == "hadamrnn":
        assert params.check(document)["copy"].train.state_noise_bits == 8
        return
    words = f"must be null for model {model}, which has no integer states; got 8"
    refused(document, f"benchmark.copy.state_noise_bits: {words}")


@pytest.mark.parametrize("model", params.MODELS)
def test_fading_is_for_the_model_whose_recurrence_is_linear(document, model):
    document |= {"model": model, "fade": 5}
    if model == "hadamrnn":
        assert params.check(document)["copy"].fade == 5
        assert params.check(document | {"fade": "auto"})["copy"].fade is None, "the section's own"
        return
    refused(document, f"benchmark.copy.fade: must be null for model {model}; got 5")


def test_noise_that_adds_up_is_not_for_states_that_fade(document):
    put(document, "benchmark.copy.fade", 5)
    put(document, "benchmark.copy.state_noise_bits", 8)
    refused(document, "benchmark.copy.state_noise_bits: must be null where fade is set; got 8")


@pytest.mark.parametrize("model", params.MODELS)
@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("input_weight_bits", 2, "auto for model {}, whose weights all have weight_bits; got 2"),
        (
            "output_weight_bits",
            None,
            "auto for model {}, whose weights all have weight_bits; got null",
        ),
        ("quantizer", "lsq", "max for model {}; got 'lsq'"),
    ],
)
def test_bits_of_parts_are_not_for_the_quantized_baselines(document, model, key, value, rule):
    """Those that are not quantized at all ignore them, as they do weight_bits."""
    document |= {"model": model, "weight_bits": "auto"}
    put(document, f"benchmark.copy.{key}", value)
    if model in ("hadamrelu", "qornn"):
        refused(document, f"benchmark.copy.{key}: must be {rule.format(model)}")
    else:
        params.check(document)


def test_nothing_is_learned_where_nothing_is_quantized(document):
    document["weight_bits"] = None
    put(document, "benchmark.copy.quantizer", "lsq")
    words = "must be max where no weight is quantized; got 'lsq'"
    refused(document, f"benchmark.copy.quantizer: {words}")
    document["weight_bits"] = "auto"
    put(document, "benchmark.copy.output_weight_bits", None)
    assert params.check(document)["copy"].input_weight_bits == 3


@pytest.mark.parametrize("block", [1 << n for n in range(13)])
def test_widths_of_states_are_those_the_export_proves(block):
    for bits in range(2, 17):
        if bits <= largest_state_bits(block):
            proof.check_transform(block, bits)
        else:
            with pytest.raises(HadamrnnError):
                proof.check_transform(block, bits)


def test_states_too_wide_for_their_blocks(document):
    document |= {"activation_bits": 16, "q": "auto"}
    document["train"]["hidden_size"] = 512
    words = "must be at most 15 for blocks of 512 numbers (hidden_size / q); got 16"
    refused(document, f"benchmark.copy.activation_bits: {words}")
    for key, value in (("q", 2), ("model", "hadamrelu"), ("activation_bits", 15)):
        assert params.check(document | {key: value})["copy"].train.hidden_size == 512
    document |= {"q": 4}
    document["train"]["hidden_size"] = 2048
    refused(document, f"benchmark.copy.activation_bits: {words}")


def test_models_without_blocks_have_any_size(document):
    document["train"]["hidden_size"] = 100
    assert params.check(document | {"model": "lstm"})["copy"].train.hidden_size == 100


def test_only_listed_benchmarks_must_fit_the_top_level_keys(document):
    put(document, "benchmark.har2.hidden_size", 384)
    document["q"] = 4
    assert block_size_of(params.check(document)["copy"].train.hidden_size, 4) == 32
    document["benchmarks"] = ["har2"]
    with pytest.raises(HadamrnnError, match="^q: must divide hidden_size=384"):
        params.check(document)


RULE = (
    "must be a name of at most 64 letters, digits and underscores that starts with a letter and is "
    "no keyword of C or Python"
)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("my-set", "my-set"),
        ("7segment", "7segment"),
        ("_own", "_own"),
        ("größe", "größe"),
        ("double", "double"),
        ("lambda", "lambda"),
        ("x" * 65, "x" * 65),
        ("a b\n", r"'a b\n'"),
        ("", "''"),
        (7, "7"),
        (None, "null"),
    ],
)
def test_names_that_cannot_be_used(document, name, path):
    document["benchmark"][name] = {}
    shown = "null" if name is None else repr(name)
    refused(document, f"benchmark.{path}: {RULE}; got {shown}")


def test_names_that_are_one_in_c_and_on_some_disks(document):
    document["benchmark"]["Copy"] = {}
    words = "must differ from other names by more than case; got 'copy' too"
    refused(document, f"benchmark.Copy: {words}")


@pytest.mark.parametrize("name", ["hr", "x" * 64, "A1_b"])
def test_names_that_can_be_used(document, name):
    document["benchmark"][name] = {}
    document["benchmarks"] = [name]
    assert list(params.check(document)) == [name]


def test_data_of_every_section_is_checked(document):
    models = {"copy": None, "har2": model_with(None)}
    words = "benchmark.har2.data: is missing from params.yaml, where DVC needs it; write data: {} "
    with pytest.raises(HadamrnnError, match=f"^{words}"):
        params.check(document, finder(models))
    document["benchmark"]["har2"]["data"] = {"steps": 5}
    assert dict(params.check(document, finder(models))["copy"].data) == {"steps": 1000}
    document["benchmark"]["har2"]["data"] = {"step": 5}
    words = "benchmark.har2.data.step: is not a key of params.yaml; known here are steps"
    with pytest.raises(HadamrnnError, match=f"^{words}$"):
        params.check(document, finder(models))

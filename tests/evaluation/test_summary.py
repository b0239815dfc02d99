"""metrics.json for people: the benchmark's own measure first, beside what guessing gives."""

from hadamrnn.evaluation import summary

METRICS = {
    "float": {"accuracy": 0.99, "recalled_accuracy": 0.25, "cross_entropy": 0.0123456},
    "integer": {"accuracy": 0.98, "recalled_accuracy": 0.5, "cross_entropy": 0.1},
    "majority": {"recalled_accuracy": 0.125},
    "parity": {"c_mismatches": 0, "sequences": 2000, "onnx_mismatches": 1, "onnx_sequences": 256},
}


def test_lines():
    assert list(summary.lines("copy", METRICS, "recalled_accuracy")) == [
        "copy, float model: recalled accuracy 25.00 %, cross-entropy 0.01235",
        "copy, integer model: recalled accuracy 50.00 %, cross-entropy 0.1",
        "copy, always the most frequent class: recalled accuracy 12.50 %",
        "copy: C differs from the integer model in 0 of 2,000 sequences, "
        "ONNX from the float model in 1 of 256",
    ]


def test_a_baseline_has_no_integer_model():
    metrics = METRICS | {"integer": None, "parity": None}
    assert len(list(summary.lines("copy", metrics, "recalled_accuracy"))) == 2


def test_own_data_have_a_line_for_each_class_and_group():
    one = {"precision": 1.0, "recall": 0.5, "f1": 2 / 3, "support": 1234}
    metrics = METRICS | {
        "classes": {"up": one},
        "groups": {"anna": {"accuracy": 0.75, "sequences": 8}},
    }
    lines = [*summary.lines("own", metrics, "recalled_accuracy")]
    assert lines[3:5] == [
        "own, class up: precision 100.00 %, recall 50.00 %, F1 66.67 %, of 1,234",
        "own, group anna: accuracy 75.00 % of 8",
    ]

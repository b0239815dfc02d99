"""Stage evaluate: the one place that reads test data -> results/<benchmark>/metrics.json."""

from typing import Any

from hadamrnn.params import Settings
from stages import common

BATCH = 250
NOTHING_SHIPPED: dict[str, Any] = {
    "integer": None,
    "parity": None,
    "latency_us": {"c_sequence": None, "onnx_sequence": None},
}
"""In place of what is measured on an exported model: a baseline has no integer form."""


def main(settings: Settings) -> None:
    """Score one benchmark's trained and exported model, and write confusion.csv too."""
    from hadamrnn import files
    from hadamrnn.evaluation import assessment, summary
    from hadamrnn.metrics import majority_score, merge, own_score, recalled_accuracy, scores
    from hadamrnn.models import storage
    from hadamrnn.models.baselines.common import Baseline
    from hadamrnn.prepared import arrays, lengths
    from hadamrnn.prepared.coding import Coding
    from hadamrnn.training.batches import Batches
    from stages import scored

    name = settings.benchmark
    folder, exports, results = common.prepared(name), common.exports(name), common.results(name)
    scored.drop_those_of_another_model(name)
    remedy = f"run dvc repro export@{name}"
    train = files.read_json(results / "train.json", f"run dvc repro train@{name}", sealed=True)
    for words in ("machine", "checksums", "chosen"):  # tables of metrics show figures
        train.pop(words, None)
    model, config = storage.load(common.models(name))
    baseline = isinstance(model, Baseline)  # of which nothing but its size was exported
    shipped = ("size.json",) if baseline else ("model.hrnn", "model.h", "model.onnx")
    files.check_sums(exports, shipped, remedy)
    card = arrays.read_card(folder)
    inputs, targets = arrays.load(folder, "test")
    coding, score = Coding.from_card(card), own_score(card)
    real = coding.decode(inputs)
    steps = lengths.read(folder, "test", card)
    test = Batches(inputs, targets, coding=coding, batch_size=BATCH, lengths=steps)
    logits = {"float": assessment.float_logits(model, test)}
    torch_latency = assessment.torch_latency_us(model, real[:1])
    if baseline:
        exported = {**NOTHING_SHIPPED, **files.read_json(exports / "size.json", remedy)}
    else:
        exported, logits["integer"] = assessment.of_export(
            exports, inputs, real, targets, logits["float"], config, steps
        )
    logits["float"] = merge(logits["float"], model.class_of)
    metrics = {
        "float": scores(logits["float"], targets),
        **exported,
        "majority": {score: majority_score(card, "test")[0]},
        "latency_us": {**exported["latency_us"], "torch_sequence": torch_latency},
        "train": train,
    }
    if score == "recalled_accuracy":
        for part, values in logits.items():
            metrics[part][score] = recalled_accuracy(values, targets)
    predicted = logits.get("integer", logits["float"]).argmax(-1)
    names, per_step = card["output"]["names"], card["output"]["per_step"]
    assessment.add_details(metrics, logits, folder, card, targets)
    rows = assessment.confusion_rows(predicted, targets, names, per_step)
    scored.write(name, metrics, rows)
    print("\n".join(summary.lines(name, metrics, score)))


if __name__ == "__main__":
    common.run(main, "evaluate")

"""Stage evaluate: the one place that reads test data -> results/<benchmark>/metrics.json."""

from stages import common

BATCH = 250
NOTHING_SHIPPED = {
    "integer": None, "parity": None, "latency_us": {"c_sequence": None, "onnx_sequence": None}
}  # fmt: skip
"""In place of what is measured on an exported model: a baseline has no integer form."""


def main(settings):
    from hadamrnn import files
    from hadamrnn.evaluation import assessment
    from hadamrnn.metrics import merge, recalled_accuracy, scores
    from hadamrnn.models import storage
    from hadamrnn.prepared import arrays
    from hadamrnn.prepared.coding import Coding
    from hadamrnn.training import batches

    folder, exports = common.prepared(settings.benchmark), common.exports(settings.benchmark)
    results = common.results(settings.benchmark)
    remedy = f"run dvc repro export@{settings.benchmark}"
    trained = files.read_json(
        results / "train.json", f"run dvc repro train@{settings.benchmark}", sealed=True
    )
    card = arrays.read_card(folder)
    inputs, targets = arrays.load(folder, "test")
    coding = Coding.from_card(card)
    test = batches.Batches(inputs, targets, coding, BATCH)
    model, config = storage.load(common.models(settings.benchmark))
    logits = {"float": assessment.float_logits(model, test)}
    real = coding.decode(inputs)
    torch_latency = assessment.torch_latency_us(model, real[:1])
    if config["model"] in storage.BASELINES:  # nothing but its size was exported
        files.check_sums(exports, ["size.json"], remedy)
        exported = {**NOTHING_SHIPPED, **files.read_json(exports / "size.json", remedy)}
    else:
        files.check_sums(exports, ["model.hrnn", "model.h", "model.onnx"], remedy)
        exported, logits["integer"] = assessment.of_export(
            exports, real, targets, logits["float"], config
        )
    logits["float"] = merge(logits["float"], model.class_of)
    trained.pop("machine", None)  # tables of metrics show figures
    metrics = {
        "float": scores(logits["float"], targets),
        **exported,
        "latency_us": {**exported["latency_us"], "torch_sequence": torch_latency},
        "train": trained,
    }
    if card.get("layout") == "copy":
        for name, values in logits.items():
            metrics[name]["recalled_accuracy"] = recalled_accuracy(values, targets)
    files.write_json(results / "metrics.json", metrics)
    predicted = logits.get("integer", logits["float"]).argmax(-1)
    names, per_step = card["output"]["names"], card["output"]["per_step"]
    rows = assessment.confusion_rows(predicted, targets, names, per_step)
    files.write_csv(results / "confusion.csv", ("actual", "predicted"), rows)
    shown = ", ".join(f"{name} {metrics[name]}" for name in (*logits, "parity"))
    print(f"{settings.benchmark}: {shown}")


if __name__ == "__main__":
    common.run(main)

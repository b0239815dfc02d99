"""Stage evaluate: the one place that reads test data -> results/<benchmark>/metrics.json."""

import csv

from stages import common

BATCH = 250


def write_confusion(rows, path):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["actual", "predicted"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(settings):
    import numpy as np

    from hadamrnn import assessment, batches, integer, storage
    from hadamrnn.datasets import prepared
    from hadamrnn.errors import HadamrnnError
    from hadamrnn.export import c_header, onnx_common

    folder, exports = common.prepared(settings.benchmark), common.exports(settings.benchmark)
    card = prepared.read_card(folder)
    inputs, targets = prepared.load(folder, "test")
    coding = batches.InputCoding(*(card["input"][key] for key in ("kind", "scale", "offset")))
    test = batches.Batches(inputs, targets, coding, BATCH)
    model, _ = storage.load(common.models(settings.benchmark))
    float_logits = assessment.float_logits(model, test)
    real = coding.decode(test.inputs).numpy()
    frozen = integer.load(exports / "model.hrnn")
    if c_header.to_text(frozen) != (exports / "model.h").read_text(encoding="utf-8"):
        raise HadamrnnError(
            f"{exports / 'model.h'}: must hold the tables of model.hrnn beside it; got others; "
            f"run dvc repro -f export@{settings.benchmark}"
        )
    x_int = frozen.quantize_input(real)
    integer_logits, parity, c_latency = assessment.parity_and_logits(frozen, x_int)
    real_logits = frozen.real_logits(integer_logits, inputs.shape[1])
    predicted = integer_logits.argmax(-1)
    some = slice(0, assessment.ONNX_SEQUENCES)
    parity["onnx_sequences"] = len(inputs[some])
    parity["onnx_mismatches"] = assessment.onnx_mismatches(
        exports / "model.onnx", real[some], float_logits[some]
    )
    one = coding.decode(test.inputs[:1])
    metrics = {
        "float": assessment.scores(float_logits, targets),
        "integer": assessment.scores(real_logits, targets)
        | {"agreement": float(np.mean(predicted == float_logits.argmax(-1)))},
        **assessment.size_and_operations(frozen),
        "parity": parity,
        "latency_us": {
            "c_sequence": c_latency,
            "onnx_sequence": onnx_common.latency_us(exports / "model.onnx", real[0]),
            "torch_sequence": assessment.torch_latency_us(model, one),
        },
        "train": common.read_json(common.results(settings.benchmark) / "train.json"),
    }
    if card.get("layout") == "copy":
        for name, logits in (("float", float_logits), ("integer", integer_logits)):
            metrics[name]["recalled_accuracy"] = assessment.recalled_accuracy(logits, targets)
    results = common.results(settings.benchmark)
    common.write_json(results / "metrics.json", metrics)
    names, per_step = card["output"]["names"], card["output"]["per_step"]
    rows = assessment.confusion_rows(predicted, targets, names, per_step)
    write_confusion(rows, results / "confusion.csv")
    print(
        f"{settings.benchmark}: float {metrics['float']}, integer {metrics['integer']}, "
        f"C mismatches {parity['c_mismatches']} of {parity['sequences']}"
    )


if __name__ == "__main__":
    common.run(main)

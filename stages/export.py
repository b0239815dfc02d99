"""Stage export: models/<benchmark>/ -> exports/<benchmark>/ (model.hrnn, model.h, model.onnx).

Calibrates on training data alone. A baseline has no integer form: of it only size.json is written,
its bytes and operations.
"""

import shutil

from stages import common


def freeze(settings, model, card):
    """The calibrated IntegerModel of a trained torch model."""
    from hadamrnn.datasets import prepared
    from hadamrnn.export import calibration, freeze, from_torch

    finer = model.class_of is not None
    inputs, targets = prepared.load(common.prepared(settings.benchmark), "train", finer)
    names = (prepared.finer_classes(card) if finer else card["output"])["names"]
    coding, span = card["input"], None
    chosen = calibration.choose(len(inputs))
    real = inputs[chosen]
    if coding["kind"] == "dense":
        span = calibration.input_range(inputs, lambda x: x * coding["scale"] + coding["offset"])
        real = real * coding["scale"] + coding["offset"]
    return freeze.freeze(
        from_torch.frozen_weights(model), real, targets[chosen],
        activation_bits=settings.activation_bits, input_bits=settings.input_bits,
        input_kind=coding["kind"], input_range=span, readout=model.readout,
        many_to_many=model.per_step, max_steps=card["steps"], name=settings.benchmark,
        class_names=names,
    )  # fmt: skip


def main(settings):
    import onnx

    from hadamrnn import accounting, packed, storage
    from hadamrnn.export import c_header, from_torch, onnx_float

    card = common.read_json(common.prepared(settings.benchmark) / "card.json")
    model, config = storage.load(common.models(settings.benchmark))
    folder = common.exports(settings.benchmark)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if config["model"] in storage.BASELINES:
        size = accounting.baseline_sizes(model)
        operations = model.operations_per_step(symbols=card["input"]["kind"] == "symbol")
        account = {"size": size, "operations_per_step": operations}
        common.write_json(folder / "size.json", account)
        print(f"{settings.benchmark}: {config['model']} has {size['total_bytes']} bytes")
        return
    integer_model = freeze(settings, model, card)
    packed.write(integer_model, folder / "model.hrnn")
    c_header.write(integer_model, folder / "model.h")
    graph = onnx_float.float_graph(
        from_torch.float_weights(model), model.readout, model.per_step, card["input"]["kind"]
    )
    onnx.save(graph, folder / "model.onnx")
    size = (folder / "model.hrnn").stat().st_size
    print(f"exported {settings.benchmark}: model.hrnn is {size} bytes")


if __name__ == "__main__":
    common.run(main)

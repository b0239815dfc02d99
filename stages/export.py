"""Stage export: models/<benchmark>/ -> exports/<benchmark>/ (model.hrnn, model.h, model.onnx).

Calibrates on training data alone. A baseline has no integer form: of it only size.json is written,
its bytes and operations.
"""

import shutil

from stages import common


def main(settings):
    import onnx

    from hadamrnn.export import from_torch, onnx_float
    from hadamrnn.export.prepared import freeze_prepared
    from hadamrnn.integer import accounting, c_header, packed
    from hadamrnn.models import storage

    prepared = common.prepared(settings.benchmark)
    card = common.read_json(prepared / "card.json")
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
    integer_model = freeze_prepared(settings, prepared, model, card)
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

"""Stage export: models/<benchmark>/ -> exports/<benchmark>/ (model.hrnn, model.h, model.onnx).

SHA256SUMS lists their checksums. Calibrates on training data alone. A baseline has no integer
form: of it only size.json is written, its bytes and operations. Tells what the model does on
validation rows that it should not do. Where the scores are of this very model, its card comes back.
"""

import sys

from hadamrnn.params import Settings
from stages import cards, common

FILES = ("model.hrnn", "model.h", "model.onnx")


def main(settings: Settings) -> None:
    """Write the exports of one benchmark's trained model anew."""
    from hadamrnn import files
    from hadamrnn.export import from_torch, onnx_float, watch
    from hadamrnn.export.prepared import freeze_prepared
    from hadamrnn.integer import accounting, c_header, packed
    from hadamrnn.models import storage
    from hadamrnn.models.baselines.common import Baseline
    from hadamrnn.prepared import arrays, lengths
    from hadamrnn.prepared.numbers import target_units

    prepared = common.prepared(settings.benchmark)
    card = arrays.read_card(prepared)
    model, _ = storage.load(common.models(settings.benchmark))
    exports = common.exports(settings.benchmark)
    if isinstance(model, Baseline):
        size = accounting.baseline_sizes(model)
        operations = model.operations_per_step(symbols=card["input"]["kind"] == "symbol")
        account = {"size": size, "operations_per_step": operations}
        with files.replacing_folder(exports) as folder:
            files.write_json(folder / "size.json", account)
            files.write_sums(folder, ["size.json"])
        print(f"{settings.benchmark}: {settings.model} has {size['total_bytes']} bytes")
        return
    integer_model = freeze_prepared(settings, prepared, model, card)
    weights = from_torch.float_weights(model)
    if (units := target_units(card)) is not None:
        weights = weights.in_units(units.zero, units.scale)
    graph = onnx_float.float_graph(
        weights,
        integer_model.readout,
        integer_model.per_step,
        integer_model.input_kind,
    )
    with files.replacing_folder(exports) as folder:
        packed.write(integer_model, folder / "model.hrnn")
        c_header.write(integer_model, folder / "model.h")
        files.write_bytes(folder / "model.onnx", graph.SerializeToString())
        files.write_sums(folder, FILES)
    length = (exports / "model.hrnn").stat().st_size
    print(f"exported {settings.benchmark}: model.hrnn is {length} bytes")
    inputs, targets = arrays.load(prepared, "valid")
    steps, names = lengths.read(prepared, "valid", card), card["output"]["names"]
    for line in watch.warnings(integer_model, inputs, targets, names, model.class_of, steps):
        print(line)


if __name__ == "__main__":
    common.run(main, "export")
    cards.place(sys.argv[1])

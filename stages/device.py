"""Stage device: exports/<benchmark>/model.hrnn on emulated microcontrollers, on test sequences
-> results/<benchmark>/device.json. A target is listed with the reason where it was not run.
"""

from stages import common


def main(settings):
    from hadamrnn import integer
    from hadamrnn.datasets import prepared
    from hadamrnn.export import device

    folder = common.prepared(settings.benchmark)
    coding = prepared.read_card(folder)["input"]
    inputs, _ = prepared.load(folder, "test")
    if coding["kind"] == "dense":
        inputs = inputs * coding["scale"] + coding["offset"]
    model = integer.load(common.exports(settings.benchmark) / "model.hrnn")
    report = device.report(model, model.quantize_input(inputs))
    common.write_json(common.results(settings.benchmark) / "device.json", report)
    print("\n".join(device.lines(report)))


if __name__ == "__main__":
    common.run(main)

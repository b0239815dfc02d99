"""Stage device: exports/<benchmark>/model.hrnn on emulated microcontrollers, on test sequences
-> results/<benchmark>/device.json. A target whose tools are not installed is listed as missing.
"""

from stages import common

STEPS = 12_800  # per target, so that simulators need minutes
FEWEST, MOST = 10, 100  # sequences


def main(settings):
    from hadamrnn import integer
    from hadamrnn.datasets import prepared
    from hadamrnn.export import device, host

    folder = common.prepared(settings.benchmark)
    coding = prepared.read_card(folder)["input"]
    inputs, _ = prepared.load(folder, "test")
    model = integer.load(common.exports(settings.benchmark) / "model.hrnn")
    real = inputs
    if coding["kind"] == "dense":
        real = real * coding["scale"] + coding["offset"]
    x = model.quantize_input(real)
    steps = x.shape[1]
    count = max(FEWEST, min(MOST, STEPS // steps))
    some = x[:: max(1, len(x) // count)][:count]  # spread over the test set
    measured = device.measure_all(model, some)
    computer = host.parity(model, x, trace=True)
    computer["us_per_step"] = round(host.latency_us(model, x[0]) / steps, 4)
    facts = {
        "activation_bits": model.activation_bits,
        "hidden_size": model.hidden_size,
        "transform_bits": model.transform_bits,
    }
    common.write_json(
        common.results(settings.benchmark) / "device.json",
        {"model": facts, "targets": measured, "host": computer},
    )
    print(
        f"this computer: {computer['us_per_step']} us a step, "
        f"{computer['c_mismatches']} of {computer['sequences']} sequences differ"
    )
    for name, result in measured.items():
        if "missing" in result:
            print(f"{name}: not run, missing {', '.join(result['missing'])}")
            continue
        print(
            f"{name}: {result['step_median']} {result['unit']} a step, "
            f"{result['flash_bytes']} bytes of flash, {result['ram_bytes']} of RAM, "
            f"{result['mismatches']} of {result['sequences']} sequences differ"
        )


if __name__ == "__main__":
    common.run(main)

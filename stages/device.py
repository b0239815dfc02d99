"""Stage device: exports/<benchmark>/model.hrnn on emulated microcontrollers.

Runs test sequences and writes results/<benchmark>/device.json; a target that was not run is listed
with the reason.
"""

from hadamrnn import files, params
from stages import common


def main(settings: params.Settings) -> None:
    """Measure the exported model of a benchmark and write the report."""
    from hadamrnn import integer
    from hadamrnn.prepared import arrays
    from hadamrnn.targets import reporting

    folder = common.prepared(settings.benchmark)
    readings = arrays.load(folder, "test")[0]
    model = integer.load(common.exports(settings.benchmark) / "model.hrnn")
    report = reporting.report(model, readings, raw=True)
    files.write_json(common.results(settings.benchmark) / "device.json", report)
    print("\n".join(reporting.lines(report)))


if __name__ == "__main__":
    common.run(main)

"""How many bits does the state need? Integer cross-entropy against activation bits.

    python -m benchmarks.rounding copy

Freezes the trained model of models/<benchmark> at 8 to 16 activation bits (calibrated on training
data as the export does) and scores the integers on **validation** data. Writes
results/studies/rounding_<benchmark>.csv. A width that the export cannot prove is listed as refused.
"""

import csv
import dataclasses
import sys
from pathlib import Path

import yaml

from hadamrnn import assessment, params, storage
from hadamrnn.datasets import prepared
from hadamrnn.errors import HadamrnnError
from stages import export

BITS = (8, 9, 10, 11, 12, 13, 14, 16)
COLUMNS = ("activation_bits", "accuracy", "cross_entropy", "note")


def main():
    benchmark = sys.argv[1]
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    document["benchmarks"] = [benchmark]
    settings = params.check(document)[benchmark]
    folder = Path("data/prepared", benchmark)
    card = prepared.read_card(folder)
    inputs, targets = prepared.load(folder, "valid")
    if card["input"]["kind"] == "dense":
        inputs = inputs * card["input"]["scale"] + card["input"]["offset"]
    model, _ = storage.load(Path("models", benchmark))
    rows = []
    for bits in BITS:
        changed = dataclasses.replace(settings, activation_bits=bits)
        try:
            frozen = export.freeze(changed, model, card)
        except HadamrnnError as error:
            rows.append({"activation_bits": bits, "note": f"refused: {error}"})
            continue
        logits = frozen.run_logits(frozen.quantize_input(inputs))
        scores = assessment.scores(frozen.real_logits(logits, inputs.shape[1]), targets)
        rows.append({"activation_bits": bits, **scores})
        print(rows[-1])
    path = Path(f"results/studies/rounding_{benchmark}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

"""Write golden files of the present format beside this one: ``python tests/golden/generate.py``.

Only for a new format version or definition; the files keep today's answers for every later day.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from hadamrnn.integer import packed  # noqa: E402
from tests.random_models import random_inputs, random_model  # noqa: E402


def write(name, rng, **fields):
    model = random_model(rng, name=name, max_steps=50, **fields)
    x = random_inputs(rng, model, sequences=2, steps=50)
    logits, checksums = model.trace(x)
    golden = {
        "generated_by": "python tests/golden/generate.py",
        "model": packed.to_bytes(model).hex(),
        "inputs": x.tolist(),
        "logits": logits.tolist(),
        "checksums": checksums.tolist(),
    }
    (HERE / f"{name}.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


# dense_mean.json and symbol_last.json are of format 1 (commit 5d93f4c wrote them): they show that
# its files are still read.
if __name__ == "__main__":
    generator = np.random.default_rng(1)
    write(
        "fading_log",
        generator,
        block_size=32,
        q=2,
        activation_bits=12,
        readout="log_mean",
        input_size=3,
        fade=5,
        bias_bits=6,
        multiplied=True,
        class_names=("a", "b", "c", "d"),
    )

"""What a model costs on a small processor, counted without one: cycles, flash and memory.

A step and ``hr_logits`` are a sum of terms: how often each loop of the C runtime runs, times what
one round of it takes. The rounds are counted here from the model's shape, as the runtime chooses
its loops; what each takes on each target stands in costs.json, which ``python -m
benchmarks.targets.fit_costs`` makes of emulated models.
"""

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from hadamrnn.integer import IntegerModel, c_header, c_loops
from hadamrnn.integer.proof import block_scale

TABLE = Path(__file__).with_name("costs.json")
BATCH = 64
"""HR_BATCH of hadamrnn_basics.h where int has 32 bits: neurons whose products wait at once."""
CHUNK, AVR_CHUNK = 17, 31
"""HR_CHUNK of hadamrnn_pairs.h, and on AVR: features whose products fit 16 bits."""
DSP_BATCH = 128
"""HR_DSP_BATCH of hadamrnn_dsp.h."""
Terms = Mapping[str, float]
Form = Literal["bytes", "words", "halves"]
"""Of the loops: int of 16 bits (AVR), of 32, and with instructions for pairs of 16 bits."""


def _features(model: IntegerModel) -> int:
    return 1 if model.one_hot else model.features


def _levels(words: int, levels: int) -> dict[str, float]:
    """Passes over all words: of radix 8 as long as three levels are left, then of 4 or 2."""
    eights, rest = divmod(max(0, levels), 3)
    return {
        "radix 8": words * eights,
        "radix 4": words * (rest == 2),
        "radix 2": words * (rest == 1),
    }


def _words(model: IntegerModel) -> dict[str, float]:
    """Rounds of a step where int has 32 bits."""
    d, features, bits = model.hidden_size, _features(model), model.input_weight_bits
    log2 = model.block_size.bit_length() - 1
    narrow, paired = bits <= 4 and d % 8 == 0, model.transform_bits == 16 and log2 > 0
    chunks = math.ceil(features / CHUNK)
    terms: dict[str, float] = {"step": 1, "input": features, "batch": math.ceil(d / BATCH)}
    if narrow:
        terms |= {f"product of {bits} bits": d * features / 8, "eight": d * chunks / 8}
        terms |= {"scale": d, "more": d * (chunks - 1)}
    else:
        terms |= {"product": d * features, "rest": d}
    if paired:
        first = log2 > 3
        terms |= _levels(d // 2, log2 - 4 if first else log2 - 1)
        terms["first levels" if first else "first level"] = d / 2
    elif log2:
        terms |= _levels(d, log2) | {"widen": d}
    settle = "settle" if paired and d % 8 == 0 else "settle in general"
    return terms | {settle: d, f"sum of {model.sum_bits} bits": d * (model.sum_bits > 0)}


def _is_halved(model: IntegerModel) -> bool:
    """hr_is_halved of hadamrnn_dsp.h."""
    k, _ = block_scale(model.block_size)
    width = model.fraction_bits - k
    return (
        c_loops.alignment(model) >= 1 + (model.transform_bits == 32)
        and k > 0
        and width <= 16
        and c_loops.bias_table(model)[1] + 16 - width < 15
        and model.input_weight_bits == 4
        and model.hidden_size % 8 == 0
        and _features(model) <= CHUNK
    )


def _halves(model: IntegerModel) -> dict[str, float]:
    """Rounds of a step with instructions for pairs of 16 bits."""
    if not _is_halved(model):
        return _words(model)
    d, features = model.hidden_size, _features(model)
    threes, left = divmod(features, 3)
    passes = threes + (1 if left == 2 and threes else left)
    batches = math.ceil(d / DSP_BATCH)
    log2 = model.block_size.bit_length() - 1 - (model.transform_bits == 32)
    terms: dict[str, float] = _levels(d // 2, log2 - 4 if log2 > 3 else log2 - 1)
    terms |= {"first levels" if log2 > 3 else "first level": d / 2}
    terms |= {"halves, last level": d * (model.transform_bits == 32)}
    terms |= {"step": 1, "input": features, "halves, batch": batches}
    terms |= {"halves, passes": passes * batches, "halves, products": passes * d / 8}
    terms |= {"halves, settle": d, "halves, fade": d * (model.fade > 0)}
    terms |= {"halves, blocks": d / model.block_size}
    return terms | {"sum of 32 bits": d * (model.sum_bits == 32)}


def _bytes(model: IntegerModel) -> dict[str, float]:
    """Rounds of a step on AVR."""
    d, features, bits = model.hidden_size, _features(model), model.input_weight_bits
    log2 = model.block_size.bit_length() - 1
    k, root = block_scale(model.block_size)
    fast = c_loops.loops(model)["AVR"] == "fast loops"
    narrow = bits <= 4 and d % 8 == 0
    chunks = math.ceil(features / AVR_CHUNK)
    within = 16 - model.activation_bits if model.transform_bits == 32 else log2
    terms: dict[str, float] = {
        "step": 1,
        "input": features,
        "near": d * (within >= 3),
        "far": d * (within >= 6),
        "level": d * (within - 3 * (within >= 3) - 3 * (within >= 6)),
        "wide level": d * (log2 - within),
        "widen": d * (model.transform_bits == 32),
    }
    path = "fast" if fast else "general"
    terms |= {f"{path} update": d, f"{path} root": d * root, f"{path} k": d * k}
    if fast:
        terms |= {"fast fade": d * (model.fade > 0), "fast wide": d * (model.transform_bits == 32)}
    if narrow:
        terms |= {f"product of {bits} bits": d * features / 8, "eight": chunks * d / 8}
    else:
        terms |= {"product": d * features}
    sums = f"{path} sum of {model.sum_bits} bits"
    return terms | {sums: d * (model.sum_bits > 0)}


def step_terms(model: IntegerModel, form: Form) -> Terms:
    """How often each loop of one step runs.

    Parameters
    ----------
    model : IntegerModel
        What runs.
    form : "bytes", "words" or "halves"
        Of the loops.

    Returns
    -------
    mapping of str to float
        Rounds by name.
    """
    return {"bytes": _bytes, "words": _words, "halves": _halves}[form](model)


def logits_terms(model: IntegerModel, form: Form) -> Terms:
    """How often each loop of ``hr_logits`` runs; as ``step_terms``."""
    d, classes, bits = model.hidden_size, model.output_size, model.weight_bits
    whole = 16 if form == "bytes" else 8
    narrow = bits <= 4 and d % whole == 0
    kind = f"{bits} bits" if narrow else "general"
    seen = model.readout if model.sum_bits < 32 else f"{model.readout}, sums of 32 bits"
    return {
        "logits": 1,
        "class": classes,
        f"product of {kind}": d * classes,
        f"row of {kind}": classes * math.ceil(d / 16),
        f"seen by {seen}": d,
        "multiplier": classes * (model.row_multipliers is not None),
    }


def memory_terms(model: IntegerModel, form: Form) -> Terms:
    """What decides which code, and how much stack, a program needs beside tables and state.

    Loops that the model does not take are left out.
    """
    terms: dict[str, float] = {
        "program": 1,
        "symbols": model.input_kind == "symbol",
        "class": model.output_size,
        "input": _features(model) * (not model.one_hot),
    }
    taken = {**step_terms(model, form), **logits_terms(model, form)}
    return terms | {f"loop: {name}": 1 for name, rounds in taken.items() if rounds}


def coding_terms(model: IntegerModel, form: Form) -> Terms:
    """How often each loop runs that makes inputs of readings; as ``step_terms``."""
    recording = model.recording
    if recording is None:
        return {}
    bent = recording.knee > 0
    roots = int((bent + (bent & (recording.root_bits % 4 > 0))).sum())
    return {"coding": 1, "coded": _features(model), "root": roots * recording.frame}


def coding_memory_terms(model: IntegerModel, form: Form) -> Terms:
    """What decides how much code and stack the coding of readings needs."""
    companded = model.recording is not None and bool(model.recording.knee.any())
    return {"coding": 1, "companded": companded, "input": _features(model)}


TERMS = {"step": step_terms, "logits": logits_terms, "code": memory_terms, "stack": memory_terms}
MORE = {
    "coding": ("step", coding_terms),
    "coding code": ("code", coding_memory_terms),
    "coding stack": ("stack", coding_memory_terms),
}
"""What ``hr_step_raw`` takes beyond ``hr_step``: of which of TERMS, and its own terms."""


@cache
def prices(target: str) -> dict[str, dict[str, float]]:
    """What one round of each term takes on a target: of "step", "logits", "code" and "stack"."""
    table: dict[str, dict[str, dict[str, float]]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table[target]


def state_bytes(model: IntegerModel, avr: bool) -> int:
    """Memory of a sequence in progress; on AVR a transform of 16 bits happens in place."""
    needed = c_header.state_bytes(model)
    return needed - 2 * model.hidden_size + 4 if avr and model.transform_bits == 16 else needed


def counted(target: str, model: IntegerModel, form: Form, raw: bool = False) -> dict[str, int]:
    """The costs of a model on a target, as ``emulation.measure`` names them.

    Parameters
    ----------
    target : str
        A name of ``processors.TARGETS``.
    model : IntegerModel
        What would run.
    form : "bytes", "words" or "halves"
        Of the loops there.
    raw : bool
        Whether readings come in (``hr_step_raw``).

    Returns
    -------
    dict of str to int
        "step_median", "logits_median" in the target's unit; "flash_bytes", "flash_text_bytes",
        "flash_table_bytes", "ram_bytes", "ram_static_bytes", "stack_bytes".
    """
    price = prices(target)
    sums = {
        key: sum(price[key].get(name, 0) * count for name, count in terms(model, form).items())
        for key, terms in TERMS.items()
    }
    if raw:
        for key, (of, terms) in MORE.items():
            sums[of] += sum(price[key].get(name, 0) * n for name, n in terms(model, form).items())
    # Link-time optimisation, which AVR is built with, drops the tables that hr_step does not read.
    avr = form == "bytes"
    linked = c_header.TABLES if avr and not raw else (*c_header.TABLES, *c_header.RECORDED)
    tables = sum(len(c_header.tables(model)[name]) for name in linked)
    static = state_bytes(model, avr) + round(price["static"]["program"])
    code, stack = round(sums["code"]), round(sums["stack"])
    return {
        "step_median": round(sums["step"]),
        "logits_median": round(sums["logits"]),
        "flash_bytes": code + tables,
        "flash_text_bytes": code,
        "flash_table_bytes": tables,
        "ram_bytes": static + stack,
        "ram_static_bytes": static,
        "stack_bytes": stack,
    }

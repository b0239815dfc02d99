"""What a trained and exported model is worth: the parts of metrics.json.

The float model has quantized weights and float activations; the integer model is what ships.
"""

import statistics
import time

import numpy as np
import torch

from hadamrnn import integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.evaluation import onnx_sessions
from hadamrnn.integer import accounting, c_header
from hadamrnn.metrics import merge, scores
from hadamrnn.targets import host

ONNX_SEQUENCES = 256
"""Test sequences compared with ONNX; onnxruntime walks long sequences slowly."""


@torch.no_grad()
def float_logits(model, batches):
    """Logits of all batches in order, float32 array."""
    return np.concatenate([model(inputs).cpu().numpy() for inputs, _ in batches])


def confusion_rows(predicted, targets, names, per_step):
    """One {"actual", "predicted"} of class names for every sample.

    predicted, targets : (n,) class ids, or (n, time) when per_step: then only the steps whose
    target is not class 0 count (the recalled symbols of the copy task).
    """
    if per_step:
        predicted, targets = predicted[targets > 0], targets[targets > 0]
    return [
        {"actual": names[actual], "predicted": names[guess]}
        for actual, guess in zip(targets.tolist(), predicted.tolist(), strict=True)
    ]


def torch_latency_us(model, one_input, repeats=21):
    """Median microseconds of the torch model on one sequence (1, ...), one thread."""
    one_tensor = torch.from_numpy(one_input)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            with torch.no_grad():
                model(one_tensor)
            times.append(1e6 * (time.perf_counter() - start))
    finally:
        torch.set_num_threads(threads)
    return statistics.median(times)


def onnx_mismatches(path, inputs, logits):
    """Sequences whose predicted class (at any step) differs between ONNX and the float model.

    path : model.onnx; inputs : real inputs or ids; logits : the float model's.
    """
    predicted = onnx_sessions.run(path, inputs).argmax(-1)
    differs = predicted != logits.argmax(-1)
    return int(differs.reshape(len(differs), -1).any(1).sum())


def size_and_operations(model, embedding_size=None):
    """The "size" and "operations_per_step" sections of metrics.json for an IntegerModel.

    embedding_size : as ``accounting.sizes``.
    """
    return {
        "size": accounting.sizes(model, embedding_size),
        "operations_per_step": accounting.operations_per_step(model),
    }


def parity_and_logits(model, x_int):
    """(integer logits, {"sequences", "c_mismatches"}) of all sequences, C against Python."""
    with host.HostProgram(model) as program:
        result = program.run(model, x_int, workers=2)
        one = np.repeat(x_int[:1], 21, axis=0)
        latency = float(np.median(program.run(model, one).microseconds))
    logits = model.run_logits(x_int)
    differs = (logits != result.logits).reshape(len(logits), -1).any(1)
    return logits, {"sequences": len(logits), "c_mismatches": int(differs.sum())}, latency


def of_export(folder, real, targets, float_logits, config):
    """({"integer", "size", "operations_per_step", "parity", "latency_us"}, integer model's logits).

    folder : exports/<benchmark>, a Path; real : (n, time, features) real inputs, or (n, time) ids;
    targets : class ids; float_logits : all outputs of the float model, for agreement and ONNX;
    config : of the trained model (training.configuration).
    The logits are real values, of the classes where the model has finer ones.
    Raises HadamrnnError if model.h has other tables than model.hrnn.
    """
    frozen = integer.load(folder / "model.hrnn")
    if c_header.to_text(frozen) != (folder / "model.h").read_text(encoding="utf-8"):
        raise HadamrnnError(
            f"{folder / 'model.h'}: must hold the tables of model.hrnn beside it; got others; "
            f"run dvc repro -f export@{folder.name}"
        )
    integer_logits, parity, c_latency = parity_and_logits(frozen, frozen.quantize_input(real))
    class_of = config.get("class_of")
    logits = merge(frozen.real_logits(integer_logits, real.shape[1]), class_of)
    some = slice(0, ONNX_SEQUENCES)
    parity["onnx_sequences"] = len(real[some])
    parity["onnx_mismatches"] = onnx_mismatches(
        folder / "model.onnx", real[some], float_logits[some]
    )
    agreement = float(np.mean(logits.argmax(-1) == merge(float_logits, class_of).argmax(-1)))
    return {
        "integer": scores(logits, targets) | {"agreement": agreement},
        **size_and_operations(frozen, config["arguments"].get("embedding_size")),
        "parity": parity,
        "latency_us": {
            "c_sequence": c_latency,
            "onnx_sequence": onnx_sessions.latency_us(folder / "model.onnx", real[0]),
        },
    }, logits

"""ONNX graphs, run by onnxruntime on one CPU thread."""

import os
import statistics
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from hadamrnn.errors import HadamrnnError

Graph = onnx.ModelProto | str | os.PathLike[str]
ELEMENT_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(int8)": np.int8,
    "tensor(int64)": np.int64,
}


def open_session(model: Graph) -> onnxruntime.InferenceSession:
    """A single-threaded CPU session.

    Parameters
    ----------
    model : onnx.ModelProto, or path
        The graph, or the .onnx file that holds it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _feed(
    session: onnxruntime.InferenceSession, inputs: npt.ArrayLike
) -> dict[str, npt.NDArray[Any]]:
    """``inputs`` as the dictionary that the session wants; integers must survive the cast."""
    wanted = session.get_inputs()[0]
    given = np.asarray(inputs)
    cast = given.astype(ELEMENT_TYPES[wanted.type])
    if cast.dtype.kind == "i" and not np.array_equal(cast, given):
        raise HadamrnnError(
            f"inputs: must be integers within {cast.dtype}; got values in "
            f"[{given.min()}, {given.max()}] of {given.dtype}"
        )
    return {wanted.name: cast}


def run(model: Graph, inputs: npt.ArrayLike) -> npt.NDArray[Any]:
    """Logits of a batch.

    Parameters
    ----------
    model : onnx.ModelProto, or path
        The graph, or the .onnx file that holds it.
    inputs : (batch, time, d_in) or (batch, time) array
        Real numbers of a dense model (integers of an integer graph), or symbol ids.

    Returns
    -------
    (batch, classes) or (batch, time, classes) array
        float32, or int64 of an integer graph.

    Raises
    ------
    HadamrnnError
        If the graph wants integers and ``inputs`` are none, or do not fit.
    """
    session = open_session(model)
    return np.asarray(session.run(["logits"], _feed(session, inputs))[0])


def latency_us(model: Graph, one_sequence: npt.ArrayLike, repeats: int = 20) -> float:
    """Median microseconds of one sequence at batch 1, session start excluded.

    Parameters
    ----------
    model : onnx.ModelProto, or path
        The graph, or the .onnx file that holds it.
    one_sequence : (time, d_in) or (time,) array
        As ``run`` takes, without the batch axis.
    repeats : int
        Runs that are timed, after one that is not.
    """
    session = open_session(model)
    feed = _feed(session, np.asarray(one_sequence)[None])
    session.run(None, feed)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        session.run(None, feed)
        seconds.append(time.perf_counter() - start)
    return 1e6 * statistics.median(seconds)

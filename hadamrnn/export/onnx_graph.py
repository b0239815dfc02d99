"""What the float and the integer ONNX graph share: one recurrence, written as text.

A graph is written in ONNX's own text form and filled with tensors by name. Its time loop is a
Scan over the precomputed drive U x_t + b, so that batch and time stay dynamic and the file does
not grow with time. The block transform (I_q (x) S_m) h is one matrix product for m <= 64 and, as
S_ab = S_a (x) S_b, two small ones above: 2 d sqrt(m) additions in 4 nodes. Radix-2 butterflies
need fewer additions but 5 nodes a pass, and a node costs onnxruntime more than its arithmetic:
about five times slower at batch 1 for d = 128 and 512, whereas the dense product at d = 512 is
three (float) to fifteen (double) times slower and 200 times as large.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import sylvester
from hadamrnn.readouts import READOUTS

Array = npt.NDArray[Any]
LARGEST_SINGLE_PRODUCT = 64
ELEMENT_TYPE = {"float": onnx.TensorProto.FLOAT, "double": onnx.TensorProto.DOUBLE}

# Opset 21 and IR 10 rather than the newest: onnxruntime 1.31 refuses opset 27 and IR 14.
GRAPH = """<ir_version: 10, opset_import: ["" : 21], producer_name: "hadamrnn">
{name} ({graph_input}) => ({graph_output}) {{
  {drive}
  {constants}
  batch = Shape<start = 0, end = 1>(inputs)
  state_shape = Concat<axis = 0>(batch, hidden)
  first = ConstantOfShape<value = {real}[1] {{0}}>(state_shape)
  {scan_outputs} = Scan<num_scan_inputs = 1, scan_input_axes = [1], {scan_axes}
    body = step (h, drive_t) => ({step_outputs}) {{
      {transform}
      {step}
      {keep}
    }}>(first, drive)
  {readout}
}}"""


def check_choices(readout: str, per_step: bool, input_kind: str) -> None:
    """Raise HadamrnnError for a combination that no graph exists for."""
    if readout not in READOUTS:
        raise HadamrnnError(f"readout: must be one of {', '.join(READOUTS)}; got {readout!r}")
    if input_kind not in ("dense", "symbol"):
        raise HadamrnnError(f"input_kind: must be 'dense' or 'symbol'; got {input_kind!r}")
    if per_step and readout != "last":
        raise HadamrnnError(f"readout: must be last when every step is read out; got {readout!r}")


def small_integers(values: npt.ArrayLike) -> Array:
    """``values`` in the narrowest of int8, int16, int32 that holds them.

    >>> small_integers([-128, 127]).dtype, small_integers([128]).dtype
    (dtype('int8'), dtype('int16'))
    """
    widest = np.asarray(values, dtype=np.int32)
    fitting = (widest.astype(dtype) for dtype in (np.int8, np.int16, np.int32))
    return next(narrow for narrow in fitting if np.array_equal(narrow, widest))


def block_transform(
    hidden_size: int, block_size: int, real: str
) -> tuple[str, str, dict[str, Array]]:
    """Nodes for t = (I_q (x) S_m) h, h and t of shape (batch, d).

    Parameters
    ----------
    hidden_size, block_size : int
        d and m.
    real : str
        "float" or "double", the type of h.

    Returns
    -------
    constants : str
        Text outside the loop.
    transform : str
        Text inside it.
    tensors : dict of str to array
        What they name.
    """
    blocks = hidden_size // block_size
    single = block_size <= LARGEST_SINGLE_PRODUCT
    inner = block_size if single else 2 ** (block_size.bit_length() // 2)
    outer = block_size // inner
    tensors = {
        "hidden": np.array([hidden_size]),
        "flat": np.array([-1, hidden_size]),
        "split": np.array([-1, blocks, inner] if single else [-1, blocks, outer, inner]),
        "inner_bits": sylvester(inner),
    }
    constants = [f"inner = Cast<to = {ELEMENT_TYPE[real]}>(inner_bits)"]
    products = ["t_split = MatMul(h_split, inner)"]
    if not single:
        tensors["outer_bits"] = sylvester(outer)
        constants += [f"outer = Cast<to = {ELEMENT_TYPE[real]}>(outer_bits)"]
        products = ["t_inner = MatMul(h_split, inner)", "t_split = MatMul(outer, t_inner)"]
    transform = ["h_split = Reshape(h, split)", *products, "t = Reshape(t_split, flat)"]
    return "\n  ".join(constants), "\n      ".join(transform), tensors


def build(
    name: str,
    *,
    block_size: int,
    sizes: tuple[int, int, int],
    kind: str,
    types: tuple[str, str, str],
    per_step: bool,
    keep_states: bool,
    text: Mapping[str, str],
    tensors: Mapping[str, Array],
    metadata: Mapping[str, object],
) -> onnx.ModelProto:
    """The checked model of one recurrence.

    Parameters
    ----------
    name : str
        Of the graph.
    block_size : int
        m.
    sizes : tuple of int
        (d_in, d, classes).
    kind : str
        "dense" or "symbol".
    types : tuple of str
        Element types of (dense input, state, logits), as ONNX text names.
    per_step : bool
        Whether every step is read out.
    keep_states : bool
        Whether the readout needs ``states`` (batch, time, d) besides ``last`` (batch, d).
    text : mapping
        "drive": inputs to drive, "step": t and drive_t to h_next, "readout": to logits.
    tensors : mapping
        Arrays that the text names.
    metadata : mapping
        Properties of the model.

    Returns
    -------
    onnx.ModelProto
        Checked by ONNX.
    """
    input_type, real, output_type = types
    constants, transform, transform_tensors = block_transform(sizes[1], block_size, real)
    dense = f"{input_type}[batch, time, {sizes[0]}] inputs"
    model = onnx.parser.parse_model(
        GRAPH.format(
            name=name,
            real=real,
            constants=constants,
            transform=transform,
            **text,
            graph_input=dense if kind == "dense" else "int64[batch, time] inputs",
            graph_output=f"{output_type}[batch, {'time, ' * per_step}{sizes[2]}] logits",
            scan_outputs="last, states" if keep_states else "last",
            scan_axes="scan_output_axes = [1]," if keep_states else "",
            step_outputs="h_next, kept" if keep_states else "h_next",
            keep="kept = Identity(h_next)" if keep_states else "",
        )
    )
    for key, array in {**transform_tensors, **tensors}.items():
        tensor = onnx.numpy_helper.from_array(np.array(array, order="C"), key)
        model.graph.initializer.append(tensor)
    onnx.helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    return model

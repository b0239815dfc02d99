"""Which loops of the C runtime a model takes, and its biases as these read them.

The runtime decides by itself; what is said here, and stands in a model's header, lets nobody be
surprised by general loops, which take two to ten times as long.
"""

import numpy as np
import numpy.typing as npt

from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.proof import INT32_MAX, accumulator_bound, block_scale, input_bounds


def bias_table(model: IntegerModel) -> tuple[npt.NDArray[np.int16], int]:
    """Biases in 16 bits, and their shift.

    The fast forms of a step read 16 bits, and shift by little. Narrow biases with a large shift
    hold zeros there.
    """
    k, _ = block_scale(model.block_size)
    align = max(0, 16 - (model.fraction_bits - k))
    largest = int(np.abs(model.bias.astype(np.int64)).max())
    more = max(0, model.bias_shift + align - 15, model.bias_shift - 14)
    if more > model.bias_shift or largest << more > 32767:
        more = 0
    return (model.bias.astype(np.int64) << more).astype(np.int16), model.bias_shift - more


def is_aligned(model: IntegerModel) -> bool:
    """hr_model.aligned: whether a processor with an int of 16 bits takes its fast loops.

    With w = F - k, what is added to y 2^w is shifted right by w on its own, aligned by
    2^(16 - w) so that this moves bytes. It must fit 32 bits then, U x 16, M 24, and the power of
    two that fading y is multiplied by 16, that of the bias 17.
    """
    k, _ = block_scale(model.block_size)
    width = model.fraction_bits - k
    align = max(0, 16 - width)
    _, bias_shift = bias_table(model)
    inputs = input_bounds(model.input_weight, model.one_hot, model.input_bits)
    rest = _rest(model)
    if model.fade:
        rest += model.block_size * model.state_limit << (width - model.fade)
    return (
        max(inputs) <= 32767
        and bias_shift + align <= 16
        and model.input_multiplier << align < 1 << 24
        and rest << align <= INT32_MAX
        and (not model.fade or width + align - model.fade <= 15)
    )


def _rest(model: IntegerModel) -> int:
    """Bound of what is added to y 2^w, without what fades."""
    bias, bias_shift = bias_table(model)
    return accumulator_bound(
        block_size=model.block_size,
        activation_bits=1,
        fraction_bits=model.fraction_bits,
        inputs=input_bounds(model.input_weight, model.one_hot, model.input_bits),
        multiplier=model.input_multiplier,
        bias=bias,
        bias_shift=bias_shift,
    )


def alignment(model: IntegerModel) -> int:
    """hr_model.aligned as a number: 2 where moreover t takes 17 bits and may be saturated to 16.

    The state then saturates wherever t does: y of such a t is at least 2^15 / sqrt 2 less two for
    rounding, of which fading leaves 1 - 2^-f, and what else is added, at most D, takes back too
    little. Only for odd log2(m), where the least t of 16 bits has a negative after the root.
    """
    k, root = block_scale(model.block_size)
    wide = model.block_size * model.state_limit > 32767
    halves = model.block_size // 2 * model.state_limit <= 32767
    if not (is_aligned(model) and wide and halves and root and k):
        return int(is_aligned(model))
    most = (_rest(model) >> (model.fraction_bits - k)) + 1
    kept = (1 << 15) * 46341 // 65536 - 2
    kept -= (kept >> model.fade) + 1 if model.fade else 0
    return 2 if most + ((model.state_limit + 1) << k) <= kept else 1


def loops(model: IntegerModel) -> dict[str, str]:
    """The loops of a step on both kinds of small processors, as the runtime chooses them.

    Parameters
    ----------
    model : IntegerModel
        Compiled with its header.

    Returns
    -------
    dict
        {"AVR": text, "32-bit processors": text}.
    """
    k, _ = block_scale(model.block_size)
    narrow = model.input_weight_bits <= 4
    eights = model.hidden_size % 8 == 0
    wide = model.transform_bits == 32
    avr = (
        is_aligned(model)
        and eights
        and k > 0
        and not (wide and model.fraction_bits - k > 16)
        and (model.one_hot or (narrow and model.features <= 255))
    )
    products = "fast products" if narrow and eights else "general products"
    paired = narrow and eights and not wide and model.block_size > 1
    return {
        "AVR": "fast loops" if avr else f"{products}, general update",
        "32-bit processors": "fast loops" if paired else f"{products}, general update",
    }

"""An integer model as a C header: tables and constants for runtime/hadamrnn.c.

All names carry a prefix made of the model's name, so that several models fit in one program. Two
models of one name are refused by the compiler.
"""

from pathlib import Path

from hadamrnn import files
from hadamrnn.integer import packed
from hadamrnn.integer.accounting import operations_per_step
from hadamrnn.integer.c_loops import bias_table, is_aligned, loops
from hadamrnn.integer.c_templates import CLASS_NAMES, HEADER
from hadamrnn.integer.c_text import Names, c_name, comment, plain, quoted, table
from hadamrnn.integer.model import IntegerModel

TABLES = ("signs", "input", "output", "bias", "output_bias", "row_multipliers")
LAYOUT = 3
"""HR_LAYOUT of the hadamrnn.h whose hr_model the header fills."""


def names_of(model: IntegerModel, name: str | None = None) -> Names:
    """What ``model`` is called in C.

    Parameters
    ----------
    model : IntegerModel
        What the header holds.
    name : str, optional
        Another name than ``model.name``, to use two models of one name in one program.

    Raises
    ------
    HadamrnnError
        If the name holds no letter or digit.
    """
    prefix = c_name(model.name if name is None else name)
    checksum = packed.to_bytes(model)[-packed.CHECKSUM_BYTES :]
    return Names(prefix, int.from_bytes(checksum, "little"))


def state_bytes(model: IntegerModel) -> int:
    """Bytes of the arrays that one sequence in progress needs (without the hr_state struct).

    Where int has 16 bits, as on AVR, a 16-bit transform happens in place: 2 d - 4 bytes less.
    """
    words = (model.hidden_size + 1) // 2 if model.transform_bits == 16 else model.hidden_size
    return model.hidden_size * (16 + model.sum_bits) // 8 + 4 * words


def tables(model: IntegerModel) -> dict[str, bytes]:
    """The tables of a header.

    Those of the packed file, but biases of 16 bits, which the fast forms of a step read.
    """
    parts = packed.sections(model)
    bias, _ = bias_table(model)
    return {name: parts[name] for name in TABLES} | {"bias": bias.astype("<i2").tobytes()}


def input_range(model: IntegerModel) -> tuple[int, int]:
    """The least and the largest input: integers of input_bits, or symbol ids."""
    if model.input_kind == "symbol":
        return 0, model.input_size - 1
    half = 1 << (model.input_bits - 1)
    return -half, half - 1


def _facts(model: IntegerModel) -> list[str]:
    """What the model is and costs, as comment lines."""
    parts, operations = tables(model), operations_per_step(model)
    readout = "every step" if model.per_step else model.readout
    return [
        f"{model.hidden_size} states of {model.activation_bits} bits in blocks of "
        f"{model.block_size}, {model.output_size} classes, readout {readout}",
        f"{sum(map(len, parts.values()))} bytes of tables: "
        + ", ".join(f"{len(part)} {name}" for name, part in parts.items() if part),
        f"{state_bytes(model)} bytes of memory for each sequence in progress",
        f"a step: {operations['additions']} additions, {operations['multiplications']} "
        f"multiplications, {operations['shifts']} shifts",
        *(f"{processors}: {which}" for processors, which in loops(model).items()),
    ]


def _reading(model: IntegerModel) -> list[str]:
    """How to feed the model and to read its scores, as comment lines."""
    least, most = input_range(model)
    if model.input_kind == "symbol":
        feed = [f"Input: one symbol id from 0 to {most} a step."]
    else:
        low, high = (model.input_scale * (x - model.input_zero_point) for x in (least, most))
        feed = [
            f"Input: {model.input_size} integers of {model.input_bits} bits a step,",
            f"    x = clip(round(real / {model.input_scale:.9g}) + ({model.input_zero_point}), "
            f"{least}, {most})",
            f"which covers real values from {low:.6g} to {high:.6g}.",
        ]
    score = f"{model.logit_scale:.9g} * logit"
    if model.readout == "mean":
        score += f" * {1 << model.sum_shift} / steps, for at most {model.max_steps} steps"
    feed.append(f"Real score of a class: {score}.")
    return [*feed, *(f"Class {i}: {name}" for i, name in enumerate(model.class_names))]


def _constants(model: IntegerModel) -> dict[str, object]:
    """The macros, without their prefix."""
    least, most = input_range(model)
    return {
        "HIDDEN_SIZE": model.hidden_size,
        "INPUT_SIZE": model.input_size,
        "OUTPUT_SIZE": model.output_size,
        "MAX_STEPS": f"{model.max_steps}u",
        "INPUT_MIN": f"({least})",
        "INPUT_MAX": most,
        "INPUT_SCALE": repr(model.input_scale),
        "INPUT_ZERO_POINT": f"({model.input_zero_point})",
        "LOGIT_SCALE": repr(model.logit_scale),
        "SUM_SHIFT": model.sum_shift,
        "STATE_BYTES": f"{state_bytes(model)}u",
        "TABLE_BYTES": f"{sum(map(len, tables(model).values()))}u",
    }


def _fields(model: IntegerModel, names: Names) -> dict[str, object]:
    """The members of hr_model, in order."""
    flags = {
        "HR_SYMBOL": model.input_kind == "symbol",
        "HR_MEAN": model.readout != "last",
        "HR_PER_STEP": model.per_step,
        "HR_LOGARITHM": model.readout == "log_mean",
        "HR_ROW_MULTIPLIERS": model.row_multipliers is not None,
    }
    parts = tables(model)
    return {
        **{name: names.table(name) if parts[name] else "NULL" for name in TABLES},
        "max_steps": f"{model.max_steps}u",
        "input_multiplier": model.input_multiplier,
        "hidden_size": model.hidden_size,
        "block_size": model.block_size,
        "input_size": model.input_size,
        "output_size": model.output_size,
        "flags": " | ".join(name for name, holds in flags.items() if holds) or 0,
        "weight_bits": model.weight_bits,
        "input_weight_bits": model.input_weight_bits,
        "bias_bits": 16,
        "activation_bits": model.activation_bits,
        "fraction_bits": model.fraction_bits,
        "bias_shift": bias_table(model)[1],
        "sum_shift": model.sum_shift,
        "log_floor": model.log_floor,
        "fade": model.fade,
        "block_log2": model.block_size.bit_length() - 1,
        "transform_bits": model.transform_bits,
        "sum_bits": model.sum_bits,
        "aligned": int(is_aligned(model)),
    }


def _declarations(model: IntegerModel, names: Names) -> list[str]:
    """The lines of the macro that declares the memory of one sequence."""
    size = f"{names.upper}_HIDDEN_SIZE"
    arrays = {
        "hidden": f"int16_t state##_hidden[{size}]",
        "scratch": f"uint32_t state##_scratch[HR_SCRATCH_WORDS({size}, {model.transform_bits})]",
    }
    if model.sum_bits:
        field = f"sums{model.sum_bits}"
        arrays[field] = f"uint{model.sum_bits}_t state##_{field}[{size}]"
    order = ("hidden", "scratch", "sums16", "sums32")
    pointers = [f"state##_{field}" if field in arrays else "NULL" for field in order]
    return [
        *(f"    static {array}; \\" for array in arrays.values()),
        "    static hr_state state = { \\",
        f"        {', '.join(pointers)}, 0, {size}}}",
    ]


def to_text(model: IntegerModel, name: str | None = None) -> str:
    """The text of the header ``<prefix>.h``.

    It defines, with PREFIX in upper case: PREFIX_HIDDEN_SIZE, _INPUT_SIZE, _OUTPUT_SIZE,
    _MAX_STEPS, _INPUT_MIN, _INPUT_MAX, _INPUT_SCALE, _INPUT_ZERO_POINT, _LOGIT_SCALE, _SUM_SHIFT,
    _STATE_BYTES, _TABLE_BYTES, PREFIX_STATE(name), prefix_model and prefix_class_names.

    Parameters
    ----------
    model : IntegerModel
        What the header holds.
    name : str, optional
        As ``names_of``.

    Raises
    ------
    HadamrnnError
        If the name holds no letter or digit.
    """
    names = names_of(model, name)
    prefix, upper, parts = names.prefix, names.upper, tables(model)
    step = "hr_step_symbol" if model.input_kind == "symbol" else "hr_step"
    argument = "symbol" if model.input_kind == "symbol" else "input"
    class_names = ""
    if model.class_names:
        class_names = CLASS_NAMES.format(
            upper=upper,
            prefix=prefix,
            count=model.output_size,
            names=",\n    ".join(map(quoted, model.class_names)),
        )
    constants = _constants(model).items()
    return HEADER.format(
        name=plain(model.name),
        layout=LAYOUT,
        checksum=f"{names.checksum:08x}",
        prefix=prefix,
        upper=upper,
        call=f"{step}(&{names.model}, &state, {argument});",
        class_names=class_names,
        facts=comment(_facts(model)),
        reading=comment(_reading(model)),
        constants="\n".join(f"#define {upper}_{key} {value}" for key, value in constants),
        declarations="\n".join(_declarations(model, names)),
        tables="\n\n".join(
            table(names.table(section), parts[section], section in ("input", "output"))
            for section in TABLES
            if parts[section]
        ),
        fields="\n".join(
            f"    {value}, /* {key} */" for key, value in _fields(model, names).items()
        ),
    )


def write(model: IntegerModel, path: str | Path, name: str | None = None) -> None:
    """Write the header of a model to ``path``, with line feeds on every system.

    Parameters
    ----------
    model : IntegerModel
        What the header holds.
    path : str or Path
        Of the header.
    name : str, optional
        As ``names_of``.
    """
    files.write_text(path, to_text(model, name))

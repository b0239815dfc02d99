"""An integer model as a C header: tables and constants for runtime/hadamrnn.c.

All names carry a prefix made of the model's name, so that several models fit in one program. Two
models of one name are refused by the compiler.
"""

from pathlib import Path

from hadamrnn import files
from hadamrnn.integer import packed
from hadamrnn.integer.accounting import operations_per_step
from hadamrnn.integer.c_inputs import (
    described,
    input_range,
    of_numbers,
    of_readings,
    takes_readings,
)
from hadamrnn.integer.c_loops import alignment, bias_table, loops
from hadamrnn.integer.c_templates import CLASS_NAMES, HEADER
from hadamrnn.integer.c_text import Names, c_name, comment, plain, quoted, table
from hadamrnn.integer.model import IntegerModel

TABLES = ("signs", "input", "output", "bias", "output_bias", "row_multipliers", "embedding")
RECORDED = ("channels", "companding")
"""Tables by which readings become inputs."""
LAYOUT = 5
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
    return model.hidden_size * (16 + model.sum_bits) // 8 + 4 * words + _coded(model)


def _coded(model: IntegerModel) -> int:
    """Numbers that a reading or a symbol becomes, which the state has room for."""
    return model.features if takes_readings(model) or model.embedding is not None else 0


def tables(model: IntegerModel) -> dict[str, bytes]:
    """The tables of a header.

    Those of the packed file, but biases of 16 bits, which the fast forms of a step read.
    """
    parts = packed.sections(model)
    bias, _ = bias_table(model)
    parts["bias"] = bias.astype("<i2").tobytes()
    return {name: parts[name] for name in (*TABLES, *RECORDED)}


def _facts(model: IntegerModel) -> list[str]:
    """What the model is and costs, as comment lines."""
    parts, operations = tables(model), operations_per_step(model)
    readout = "every step" if model.per_step else model.readout
    return [
        f"{model.hidden_size} states of {model.activation_bits} bits in blocks of "
        f"{model.block_size}, {model.output_size} {'numbers' if model.numbers else 'classes'}, "
        f"readout {readout}",
        f"{sum(map(len, parts.values()))} bytes of tables: "
        + ", ".join(f"{len(part)} {name}" for name, part in parts.items() if part),
        f"{state_bytes(model)} bytes of memory for each sequence in progress",
        f"a step: {operations['additions']} additions, {operations['multiplications']} "
        f"multiplications, {operations['shifts']} shifts",
        *(f"{processors}: {which}" for processors, which in loops(model).items()),
    ]


def _constants(model: IntegerModel, upper: str) -> dict[str, object]:
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
        **({} if model.embedding is None else {"VECTOR_SIZE": model.features}),
        **of_readings(model),
        **of_numbers(model, upper),
    }


def _fields(model: IntegerModel, names: Names) -> dict[str, object]:
    """The members of hr_model, in order."""
    flags = {
        "HR_SYMBOL": model.input_kind == "symbol",
        "HR_MEAN": model.readout != "last",
        "HR_PER_STEP": model.per_step,
        "HR_LOGARITHM": model.readout == "log_mean",
        "HR_ROW_MULTIPLIERS": model.row_multipliers is not None,
        "HR_RECORDING": model.recording is not None,
        "HR_EMBEDDING": model.embedding is not None,
    }
    parts = tables(model)
    return {
        **{name: names.table(name) if part else "NULL" for name, part in parts.items()},
        "max_steps": f"{model.max_steps}u",
        "input_multiplier": model.input_multiplier,
        "hidden_size": model.hidden_size,
        "block_size": model.block_size,
        "input_size": model.features,
        "output_size": model.output_size,
        "channel_count": model.recording.channels if model.recording else 0,
        "symbols": 0 if model.embedding is None else model.input_size,
        "input_zero_point": model.input_zero_point,
        "input_bits": model.input_bits,
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
        "aligned": alignment(model),
    }


def only(model: IntegerModel) -> dict[str, str]:
    """Members of hr_model that a runtime for this model alone has as constants.

    All but pointers to tables; the bits of states, because loops that know these keep in no
    register what they compare with; and the bits of the sums of states that fade, because
    hadamrnn_stream.c steps without sums.

    Parameters
    ----------
    model : IntegerModel
        The one model.

    Returns
    -------
    dict of str to str
        For ``runtime.sources.one_file``.
    """
    fields = _fields(model, names_of(model, "model"))
    kept = [*TABLES, "channels", "activation_bits"]
    kept += ["companding"] if fields["companding"] != "NULL" else []
    kept += ["sum_bits"] if model.fade else []
    return {name: str(value) for name, value in fields.items() if name not in kept}


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
    if model.sum_bits == 16:  # two are added at a time, from addresses of words
        for field in ("hidden", "sums16"):
            arrays[field] += " HR_ALIGNED"
    if _coded(model):
        which = "INPUT_SIZE" if model.embedding is None else "VECTOR_SIZE"
        arrays["input"] = f"int8_t state##_input[{names.upper}_{which}]"
    order = ("hidden", "scratch", "sums16", "sums32", "input")
    pointers = [f"state##_{field}" if field in arrays else "NULL" for field in order]
    return [
        *(f"    static {array}; \\" for array in arrays.values()),
        "    static hr_state state = { \\",
        f"        {', '.join(pointers[:-1])}, 0, {size}, {pointers[-1]}}}",
    ]


def to_text(model: IntegerModel, name: str | None = None, alone: bool = False) -> str:
    """The text of the header ``<prefix>.h``.

    It defines, with PREFIX in upper case: PREFIX_HIDDEN_SIZE, _INPUT_SIZE, _OUTPUT_SIZE,
    _MAX_STEPS, _INPUT_MIN, _INPUT_MAX, _INPUT_SCALE, _INPUT_ZERO_POINT, _LOGIT_SCALE, _SUM_SHIFT,
    _STATE_BYTES, _TABLE_BYTES, of an embedding _VECTOR_SIZE, where the model codes readings
    _CHANNELS, _FRAME, _UNITS and _OFFSETS (initializers of arrays), where outputs are numbers
    _VALUE(logit, steps), which makes one in the units of the targets, PREFIX_STATE(name),
    prefix_model and prefix_class_names.

    Parameters
    ----------
    model : IntegerModel
        What the header holds.
    name : str, optional
        As ``names_of``.
    alone : bool
        Whether the header also goes with a runtime for this model alone.

    Raises
    ------
    HadamrnnError
        If the name holds no letter or digit.
    """
    names = names_of(model, name)
    prefix, upper, parts = names.prefix, names.upper, tables(model)
    step, argument = "hr_step", "input"
    if model.input_kind == "symbol":
        step, argument = "hr_step_symbol", "symbol"
    elif takes_readings(model):
        step, argument = "hr_step_raw", "reading"
    class_names = ""
    if model.class_names:
        class_names = CLASS_NAMES.format(
            upper=upper,
            prefix=prefix,
            count=model.output_size,
            names=",\n    ".join(map(quoted, model.class_names)),
        )
    constants = _constants(model, upper).items()
    return HEADER.format(
        name=plain(model.name),
        layout=f"{LAYOUT} && HR_LAYOUT != 0x{names.checksum:08x}u" if alone else LAYOUT,
        checksum=f"{names.checksum:08x}",
        prefix=prefix,
        upper=upper,
        call=f"{step}(&{names.model}, &state, {argument});",
        class_names=class_names,
        facts=comment(_facts(model)),
        reading=comment(described(model)),
        constants="\n".join(f"#define {upper}_{key} {value}" for key, value in constants),
        declarations="\n".join(_declarations(model, names)),
        tables="\n\n".join(
            table(names.table(section), parts[section], section in ("input", "output"))
            for section in parts
            if parts[section]
        ),
        fields="\n".join(
            f"    {value}, /* {key} */" for key, value in _fields(model, names).items()
        ),
    )


def write(
    model: IntegerModel, path: str | Path, name: str | None = None, alone: bool = False
) -> None:
    """Write the header of a model to ``path``, with line feeds on every system.

    Parameters
    ----------
    model : IntegerModel
        What the header holds.
    path : str or Path
        Of the header.
    name : str, optional
        As ``names_of``.
    alone : bool
        As ``to_text``.
    """
    files.write_text(path, to_text(model, name, alone))

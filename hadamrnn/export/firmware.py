"""A folder of C for an exported model: what somebody copies to build firmware. NumPy only.

``hadamrnn.c`` and ``hadamrnn.h`` are the runtime, ``<name>.h`` the model, ``main.c`` an example for
the computer; ``hadamrnn_stream.c``, its header and ``stream.c`` the same for a recording that does
not end; ``README.md`` says how each is used.
"""

from collections.abc import Iterator
from pathlib import Path
from string import Template

from hadamrnn import files
from hadamrnn.export import firmware_stream, packages
from hadamrnn.integer import IntegerModel, c_header, c_inputs
from hadamrnn.integer.accounting import sizes
from hadamrnn.runtime import sources

KEPT = {"main.c", firmware_stream.NAME}
"""The examples, written once: they are the user's to change."""
README = """\
# $prefix: a HadamRNN model in C

- `hadamrnn.c`, `hadamrnn.h`: the runtime$alone. C99, no malloc, no floating point, only `string.h`.
- `$prefix.h`: the model, checksum $checksum: $table_bytes bytes of tables, and
  $state_bytes bytes of memory for each sequence.
$loader- `main.c`: an example for the computer, which prints $what that it reads:
  `cc -std=c99 -O2 main.c hadamrnn.c$libm -o $prefix && ./$prefix < sequence.csv`
$stream
On a board compile `hadamrnn.c` with your program: `-O2` on Cortex-M and RISC-V, `-Os -flto` on AVR.
"""
ALONE = ", for this model alone (--any-model: for any)"
LOADER = """\
- `hadamrnn_load.c`: `hr_load`, for a program that reads packed files (.hrnn) while it runs.
"""
MAIN = """\
/* Prints $what, read from standard input as numbers with commas or
 * spaces between, as "hadamrnn predict" does.
 *
 *     cc -std=c99 -O2 main.c hadamrnn.c$libm -o $prefix && ./$prefix < sequence.csv
 *
 * On a board, read_step is where your sensor goes, and the only place with floating point. */
$includes#include <stdio.h>

#define ${upper}_CLASS_NAMES
#include "$prefix.h"

${upper}_STATE(state);

$read_step
$answer

int main(void)
{
    $input
    int count;

    while ((count = read_step($pointer)) == $values) {
        const hr_status status = $step(&${prefix}_model, &state, input);

        if (status != HR_OK) {
            printf("$step: status %d, see hadamrnn.h\\n", (int)status);
            return 1;
        }$each
    }
    if (count || !feof(stdin) || state.steps == 0) {
        printf("step %lu: must be %d numbers\\n", (unsigned long)state.steps, $values);
        return 1;
    }$last
    return 0;
}
"""
PRINT_CLASS = """\
static void print_answer(void)
{
    int32_t logits[${upper}_OUTPUT_SIZE];
    uint16_t class_id;

    (void)hr_logits(&${prefix}_model, &state, logits);
    (void)hr_argmax(&${prefix}_model, logits, &class_id);
    $print
}"""
PRINT_NUMBERS = """\
static void print_answer(void)
{
    int32_t logits[${upper}_OUTPUT_SIZE];
    int i;

    (void)hr_logits(&${prefix}_model, &state, logits);
    for (i = 0; i < ${upper}_OUTPUT_SIZE; i++) {
        printf("%s%.9g", i ? " " : "", ${upper}_VALUE(logits[i], state.steps));
    }
    putchar('\\n');
}"""
READ_NUMBERS = """\
/* The next time step as integers; returns how many numbers there were. */
static int read_step(int8_t *input)
{
    int i;

    for (i = 0; i < ${upper}_INPUT_SIZE; i++) {
        double real;
        long value;

        if (scanf(" %lf ,", &real) != 1) {
            break;
        }
        real /= ${upper}_INPUT_SCALE;
        value = lrint(real < -100000.0 ? -100000.0 : real > 100000.0 ? 100000.0 : real);
        value += ${upper}_INPUT_ZERO_POINT;
        value = value < ${upper}_INPUT_MIN ? ${upper}_INPUT_MIN : value;
        input[i] = (int8_t)(value > ${upper}_INPUT_MAX ? ${upper}_INPUT_MAX : value);
    }
    return i;
}
"""
READ_READINGS = """\
/* To the nearest integer, halves to the even one. */
static long rounded(double value)
{
    const long whole = (long)value;
    const double rest = value - (double)whole;

    if (rest > 0.5 || (rest == 0.5 && (whole & 1))) {
        return whole + 1;
    }
    return rest < -0.5 || (rest == -0.5 && (whole & 1)) ? whole - 1 : whole;
}

/* The next readings as the recorder's integers; returns how many numbers there were. */
static int read_step(int16_t *reading)
{
    static const double units[] = ${upper}_UNITS, offsets[] = ${upper}_OFFSETS;
    int i;

    for (i = 0; i < ${upper}_INPUT_SIZE; i++) {
        const int channel = i % ${upper}_CHANNELS;
        double real;

        if (scanf(" %lf ,", &real) != 1) {
            break;
        }
        real = ((double)(float)real - offsets[channel]) / units[channel];
        reading[i] = (int16_t)rounded(real < -32768.0 ? -32768.0 : real > 32767.0 ? 32767.0 : real);
    }
    return i;
}
"""
READ_SYMBOL = """\
/* The next symbol; returns how many there were. */
static int read_step(uint16_t *symbol)
{
    unsigned value;

    if (scanf(" %u ,", &value) != 1) {
        return 0;
    }
    *symbol = (uint16_t)(value > ${upper}_INPUT_MAX ? ${upper}_INPUT_MAX + 1u : value);
    return 1;
}
"""


def _words(model: IntegerModel, name: str | None, loader: bool, alone: bool) -> dict[str, str]:
    """What the templates are filled with."""
    names = c_header.names_of(model, name)
    symbol, raw = model.input_kind == "symbol", c_inputs.takes_readings(model)
    step = "hr_step_symbol" if symbol else "hr_step_raw" if raw else "hr_step"
    kind = "int16_t" if raw else "int8_t"
    words = {
        "prefix": names.prefix,
        "upper": names.upper,
        "checksum": f"{names.checksum:08x}",
        "table_bytes": f"{sizes(model)['total_bytes']:,}",
        "state_bytes": f"{c_header.state_bytes(model):,}",
        "alone": ALONE if alone else "",
        "loader": LOADER if loader else "",
        "stream": firmware_stream.README if _streams(model) else "",
        "what": _what(model),
        "numbers": "yes" if model.numbers else "",
        "includes": "" if symbol or raw else "#include <math.h>\n",
        "libm": "" if symbol or raw else " -lm",
        "print": 'printf("%u\\n", (unsigned)class_id);',
        "input": "uint16_t input;" if symbol else f"{kind} input[{names.upper}_INPUT_SIZE];",
        "pointer": "&input" if symbol else "input",
        "values": "1" if symbol else f"{names.upper}_INPUT_SIZE",
        "step": step,
        "each": "\n        print_answer();" if model.per_step else "",
        "last": "" if model.per_step else "\n    print_answer();",
    }
    if model.class_names:
        words["print"] = f"puts({names.prefix}_class_names[class_id]);"
    read_step = Template(READ_SYMBOL if symbol else READ_READINGS if raw else READ_NUMBERS)
    answer = Template(PRINT_NUMBERS if model.numbers else PRINT_CLASS)
    return words | {
        "read_step": read_step.substitute(words),
        "answer": answer.substitute(words),
    }


def _what(model: IntegerModel) -> str:
    """What the example prints."""
    if model.numbers:
        return "the numbers that a sequence stands for"
    return "the class of each step of a sequence" if model.per_step else "the class of a sequence"


def _streams(model: IntegerModel) -> bool:
    """Whether the model can answer a recording that does not end: with one class it cannot."""
    return model.output_size > 1 or model.numbers


def contents(
    model: IntegerModel, name: str | None = None, loader: bool = False, alone: bool = True
) -> Iterator[tuple[str, str]]:
    """(file name, text) of everything in the folder.

    Parameters
    ----------
    model : IntegerModel
        What the folder is for.
    name : str, optional
        As ``c_header.names_of``.
    loader : bool
        Whether ``hadamrnn_load.c`` is among them.
    alone : bool
        Whether the runtime is for this model alone.
    """
    words = _words(model, name, loader, alone)
    checksum = c_header.names_of(model, name).checksum
    yield "hadamrnn.c", sources.one_file(c_header.only(model) if alone else None)
    yield "hadamrnn.h", sources.interface(checksum if alone else None)
    if loader:
        yield "hadamrnn_load.c", sources.text("hadamrnn_load.c")
    yield f"{words['prefix']}.h", c_header.to_text(model, name, alone=True)
    yield "main.c", Template(MAIN).substitute(words)
    if _streams(model):
        yield "hadamrnn_stream.c", sources.text("hadamrnn_stream.c")
        yield "hadamrnn_stream.h", sources.text("hadamrnn_stream.h")
        yield firmware_stream.NAME, firmware_stream.example(model, words)
    yield "README.md", Template(README).substitute(words)


def _others(folder: Path, own: str) -> bool:
    """Whether a folder holds headers of models beside ``own``."""
    return any(
        "static const hr_model " in path.read_text(encoding="utf-8", errors="replace")
        for path in folder.glob("*.h")
        if path.name != own and path.is_file()
    )


def write(
    model: IntegerModel,
    folder: str | Path,
    name: str | None = None,
    loader: bool = False,
    package: str | None = None,
    any_model: bool = False,
) -> list[str]:
    """Write the folder; an example that is there already is kept.

    The runtime is for this model alone, and so smaller and faster, unless it is asked for any
    model, a loader is, or the header of another model is there already.

    Parameters
    ----------
    model : IntegerModel
        What the folder is for.
    folder : str or Path
        Made if it is not there.
    name : str, optional
        What the model is called in C, by default ``model.name``.
    loader : bool
        Whether to add ``hadamrnn_load.c``.
    package : str, optional
        A key of ``packages.FILES``, for the layout of that build system.
    any_model : bool
        Whether the runtime is to run any model.

    Returns
    -------
    list of str
        Paths of the files written, in order.

    Raises
    ------
    HadamrnnError
        If the name holds no letter or digit, or the folder cannot be written.
    """
    own = f"{c_header.names_of(model, name).prefix}.h"
    alone = not (any_model or loader or _others(Path(folder, "src" if package else ""), own))
    texts = dict(contents(model, name, loader, alone))
    kept = KEPT
    if package is not None:
        texts, kept = packages.arrange(texts, package, _words(model, name, loader, alone))
    written = []
    for file, text in texts.items():
        path = Path(folder, file)
        if file not in kept or not path.exists():
            files.write_text(path, text)
            written.append(file)
    return written

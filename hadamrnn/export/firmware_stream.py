"""The second example of a firmware folder: a stream, which prints events as ``hadamrnn stream``."""

from string import Template

from hadamrnn.integer import IntegerModel
from hadamrnn.integer.stream_settings import usual_shift

NAME = "stream.c"
PUSH = {
    "hr_step": "hr_stream_push_input",
    "hr_step_raw": "hr_stream_push",
    "hr_step_symbol": "hr_stream_push_symbol",
}
README = """\
- `hadamrnn_stream.c`, `hadamrnn_stream.h`: answers from a recording that does not end; not needed
  otherwise. `stream.c` is an example: it prints what `hadamrnn stream` prints.
"""
STREAM = """\
/* $what Reads numbers with commas or spaces between.
 *
 *     cc -std=c99 -O2 stream.c hadamrnn_stream.c hadamrnn.c$libm -o stream && ./stream < log.csv
 *
 * On a board, read_step is where your sensor goes, and the only place with floating point. */
$includes#include <stdio.h>

$class_names#include "hadamrnn_stream.h"
#include "$prefix.h"

#define WINDOW $window /* steps of a window; 0 for states that fade and are never reset */
#define HOP $hop /* steps from an answer to the next */
#define SHIFT $shift /* means over about 2^SHIFT steps */
#define SMOOTH 0 /* scores over about 2^SMOOTH answers */
$margins
$states
static int32_t scores[HR_STREAM_SCORES(${upper}_OUTPUT_SIZE)];
static hr_stream stream;

$read_step
static void print_event(const hr_event *event)
{
$print
    (void)fflush(stdout);
}

int main(void)
{
    $input
    int count = 0;
    hr_event event;
    hr_status status;

    stream.model = &${prefix}_model;
$pointers
    stream.scores = scores;
    stream.window = WINDOW;
    stream.hop = HOP;
    stream.shift = SHIFT;
    stream.smooth = SMOOTH;
$set_margins    status = hr_stream_start(&stream);
    while (status == HR_OK && (count = read_step($pointer)) == $values) {
        status = $push(&stream, input, &event);
        if (status == HR_OK && event.$when) {
            print_event(&event);
        }
    }
    if (status != HR_OK) {
        printf("stream: status %d, see hadamrnn.h\\n", (int)status);
        return 1;
    }
    if (count || !feof(stdin)) {
        printf("after step %lu: must be %d numbers\\n", (unsigned long)stream.steps, $values);
        return 1;
    }
    return 0;
}
"""


CLASSES = {
    "what": """\
Prints the class of a recording that does not end whenever it changes, as "hadamrnn stream" does:
 * the step, the class and by how much it leads.""",
    "class_names": "#define ${upper}_CLASS_NAMES\n",
    "margins": """\
#define REJECT 0 /* answers with a smaller margin are none */
#define HOLD 0 /* so much smaller may be that of a class that is the answer, 0 to REJECT */
""",
    "print": r"""
    if (event->class_id == HR_NO_CLASS) {
        printf("%lu\tnone", (unsigned long)event->step);
    } else {
        printf("%lu\t$label);
    }
    printf("\t%lu\n", (unsigned long)event->margin);""".removeprefix("\n"),
    "set_margins": "    stream.reject = REJECT;\n    stream.hold = HOLD;\n",
    "when": "changed",
}
NUMBERS = {
    "what": """\
Prints what number a recording that does not end stands for, as "hadamrnn stream" does: the step and
 * the number.""",
    "class_names": "",
    "margins": "#define STEPS (WINDOW ? WINDOW : 1ul << stream.mean_bits) /* of a score */\n",
    "print": r"""
    int k;

    printf("%lu", (unsigned long)event->step);
    for (k = 0; k < ${upper}_OUTPUT_SIZE; k++) {
        printf("\t%.9g", ${upper}_VALUE(scores[k], STEPS));
    }
    printf("\n");""".removeprefix("\n"),
    "set_margins": "",
    "when": "due",
}
"""What the example says of a model of classes, and of one of numbers."""


def example(model: IntegerModel, words: dict[str, str]) -> str:
    """The text of the example.

    Parameters
    ----------
    model : IntegerModel
        Of two classes or more, or of numbers. Where its states do not fade, and of numbers, two
        windows run at a time.
    words : dict
        What the templates of ``firmware`` are filled with.

    Returns
    -------
    str
        Its settings are those that ``hadamrnn stream`` takes by itself.
    """
    endless = model.fade and not model.numbers
    window = 0 if endless else model.max_steps
    hop = 1 if endless else max(1, window // 2)
    names = ["state"] if endless else [f"window_{i}" for i in range(-(-window // hop))]
    answers = NUMBERS if model.numbers else CLASSES
    label = r'%u", (unsigned long)event->step, (unsigned)event->class_id'
    if model.class_names:
        name = f"{words['prefix']}_class_names[event->class_id]"
        label = rf'%s", (unsigned long)event->step, {name}'
    known = {
        key: Template(text).substitute(upper=words["upper"], label=label)
        for key, text in answers.items()
    }
    return Template(STREAM).substitute(
        {**words, **known},
        window=window,
        hop=hop,
        shift=usual_shift(model) if endless else 0,
        states="\n".join(f"{words['upper']}_STATE({name});" for name in names),
        pointers="\n".join(f"    stream.states[{i}] = &{name};" for i, name in enumerate(names)),
        push=PUSH[words["step"]],
    )

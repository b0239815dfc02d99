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
  otherwise. `stream.c` is an example: it prints the step, the class and the margin whenever the
  answer changes.
"""
STREAM = """\
/* Prints the class of a recording that does not end whenever it changes, as "hadamrnn stream" does:
 * the step, the class and by how much it leads. Reads numbers with commas or spaces between.
 *
 *     cc -std=c99 -O2 stream.c hadamrnn_stream.c hadamrnn.c$libm -o stream && ./stream < log.csv
 *
 * On a board, read_step is where your sensor goes, and the only place with floating point. */
$includes#include <stdio.h>

#define ${upper}_CLASS_NAMES
#include "hadamrnn_stream.h"
#include "$prefix.h"

#define WINDOW $window /* steps of a window; 0 for states that fade and are never reset */
#define HOP $hop /* steps from an answer to the next */
#define SHIFT $shift /* means over about 2^SHIFT steps */
#define SMOOTH 0 /* scores over about 2^SMOOTH answers */
#define REJECT 0 /* answers with a smaller margin are none */
#define HOLD 0 /* so much smaller may be that of a class that is the answer, 0 to REJECT */

$states
static int32_t scores[HR_STREAM_SCORES(${upper}_OUTPUT_SIZE)];
static hr_stream stream;

$read_step
static void print_event(const hr_event *event)
{
    if (event->class_id == HR_NO_CLASS) {
        printf("%lu\\tnone", (unsigned long)event->step);
    } else {
        $print
    }
    printf("\\t%lu\\n", (unsigned long)event->margin);
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
    stream.reject = REJECT;
    stream.hold = HOLD;
    status = hr_stream_start(&stream);
    while (status == HR_OK && (count = read_step($pointer)) == $values) {
        status = $push(&stream, input, &event);
        if (status == HR_OK && event.changed) {
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


def example(model: IntegerModel, words: dict[str, str]) -> str:
    """The text of the example.

    Parameters
    ----------
    model : IntegerModel
        Of two classes or more. Where its states do not fade, two windows run at a time.
    words : dict
        What the templates of ``firmware`` are filled with.

    Returns
    -------
    str
        Its settings are those that ``hadamrnn stream`` takes by itself.
    """
    window = 0 if model.fade else model.max_steps
    hop = 1 if model.fade else max(1, window // 2)
    names = ["state"] if model.fade else [f"window_{i}" for i in range(-(-window // hop))]
    show = r'printf("%lu\t%u", (unsigned long)event->step, (unsigned)event->class_id);'
    if model.class_names:
        name = f"{words['prefix']}_class_names[event->class_id]"
        show = rf'printf("%lu\t%s", (unsigned long)event->step, {name});'
    return Template(STREAM).substitute(
        words,
        window=window,
        hop=hop,
        shift=usual_shift(model) if model.fade else 0,
        states="\n".join(f"{words['upper']}_STATE({name});" for name in names),
        pointers="\n".join(f"    stream.states[{i}] = &{name};" for i, name in enumerate(names)),
        push=PUSH[words["step"]],
        print=show,
    )

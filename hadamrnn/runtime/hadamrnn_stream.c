/* Always-on use; hadamrnn_stream.h has the contract, hadamrnn/integer/stream.py the definition. */
#include "hadamrnn_stream.h"

#include <string.h>

/* What a step is given: the pointer that is not null, or where both are the symbol. */
typedef struct {
    const int16_t *reading;
    const int8_t *input;
    uint16_t symbol;
} hr_given;

static hr_status hr_give(const hr_model *model, hr_state *state, const hr_given *given)
{
    if (given->reading) {
        return hr_step_raw(model, state, given->reading);
    }
    return given->input ? hr_step(model, state, given->input)
                        : hr_step_symbol(model, state, given->symbol);
}

/* f, as mean_bits in hadamrnn/integer/stream_settings.py. */
static uint8_t hr_mean_bits(const hr_model *model)
{
    uint8_t bits = 0;

    while (bits < 15 && model->max_steps >> bits >> 1) {
        bits++;
    }
    return bits;
}

/* floor(value / 2^shift), as hr_shift_right in hadamrnn_basics.h. */
static int32_t hr_floor_shift(int32_t value, uint8_t shift)
{
    if ((-1 >> 1) == -1 || value >= 0) {
        return value >> shift;
    }
    return -1 - ((-1 - value) >> shift);
}

/* E + ((2^f relu(h) - E + floor(2^(k-1))) >> k), gain being 2^f: all lies within 2^30 + 2^15. */
static uint32_t hr_moved(uint32_t mean, int16_t hidden, uint16_t gain, uint16_t half,
                         uint8_t shift)
{
    const uint32_t target = hidden > 0 ? (uint32_t)(uint16_t)hidden * gain : 0;

    return mean + (uint32_t)hr_floor_shift((int32_t)target - (int32_t)mean + half, shift);
}

static void hr_move_means(const hr_stream *stream, hr_state *state)
{
    const uint16_t gain = (uint16_t)((uint16_t)1 << stream->mean_bits);
    const uint8_t shift = stream->moved;
    const uint16_t half = (uint16_t)(((uint32_t)1 << shift) >> 1);
    uint16_t i;

    if (stream->model->sum_bits == 16) {
        for (i = 0; i < state->hidden_size; i++) {
            state->sums16[i] =
                (uint16_t)hr_moved(state->sums16[i], state->hidden[i], gain, half, shift);
        }
    } else {
        for (i = 0; i < state->hidden_size; i++) {
            state->sums32[i] = hr_moved(state->sums32[i], state->hidden[i], gain, half, shift);
        }
    }
}

/* An answer is due: the logits of a state whose sums are those of steps. */
static hr_status hr_answer(hr_stream *stream, const hr_state *state, hr_event *event)
{
    const hr_model *const model = stream->model;
    int32_t *const scores = stream->scores, *const logits = scores + model->output_size;
    const uint16_t before = stream->class_id;
    hr_status status = hr_logits(model, state, stream->answered ? logits : scores);
    uint16_t c, second;

    if (status != HR_OK) {
        return status;
    }
    for (c = 0; stream->answered && c < model->output_size; c++) {
        scores[c] = scores[c] - hr_floor_shift(scores[c], stream->smooth) +
                    hr_floor_shift(logits[c], stream->smooth);
    }
    stream->answered = 1;
    status = hr_argmax(model, scores, &event->best);
    second = event->best == 0;
    for (c = 0; c < model->output_size; c++) {
        if (c != event->best && scores[c] > scores[second]) {
            second = c;
        }
    }
    event->margin = 0;
    if (model->output_size > 1) {
        event->margin = (uint32_t)scores[event->best] - (uint32_t)scores[second];
    }
    stream->class_id = HR_NO_CLASS;
    if (event->margin >= stream->reject - (event->best == before ? stream->hold : 0)) {
        stream->class_id = event->best;
    }
    event->class_id = stream->class_id;
    event->due = 1;
    event->changed = stream->class_id != before;
    return status;
}

static hr_status hr_push_fading(hr_stream *stream, const hr_given *given, hr_event *event)
{
    hr_model steps = *stream->model; /* the same states, summed nowhere */
    hr_state *const state = stream->states[0];
    hr_status status;

    steps.flags = (uint8_t)(steps.flags & ~(HR_MEAN | HR_LOGARITHM));
    steps.sum_bits = 0;
    state->steps = stream->steps;
    status = hr_give(&steps, state, given);
    if (status != HR_OK) {
        return status;
    }
    stream->steps++;
    if (stream->model->sum_bits) {
        if (stream->moved < stream->shift && stream->steps >> stream->moved >> 1) {
            stream->moved++;
        }
        hr_move_means(stream, state);
    }
    event->step = stream->steps;
    if (++stream->phase < stream->hop) {
        return HR_OK;
    }
    stream->phase = 0;
    state->steps = (uint32_t)1 << stream->mean_bits;
    return hr_answer(stream, state, event);
}

static hr_status hr_push_windows(hr_stream *stream, const hr_given *given, hr_event *event)
{
    hr_state *ended = NULL;
    uint8_t i;

    if (stream->phase == 0) { /* a window begins */
        (void)hr_reset(stream->states[stream->next]);
    }
    for (i = 0; i < stream->count; i++) {
        hr_state *const state = stream->states[i];
        const uint8_t first = stream->phase == 0 && i == stream->next;

        if ((i < stream->begun || first) && state->steps < stream->window) {
            const hr_status status = hr_give(stream->model, state, given);

            if (status != HR_OK) {
                return status;
            }
            if (state->steps == stream->window) {
                ended = state;
            }
        }
    }
    if (stream->phase == 0) {
        stream->next = (uint8_t)(stream->next + 1 < stream->count ? stream->next + 1 : 0);
        if (stream->begun < stream->count) {
            stream->begun++;
        }
    }
    stream->phase = stream->phase + 1 < stream->hop ? stream->phase + 1 : 0;
    event->step = ++stream->steps;
    return ended ? hr_answer(stream, ended, event) : HR_OK;
}

static hr_status hr_push(hr_stream *stream, const hr_given *given, hr_event *event)
{
    if (!stream || !stream->model || !event) {
        return HR_NULL_POINTER;
    }
    if (!stream->count) {
        return HR_WRONG_STATE; /* not started */
    }
    memset(event, 0, sizeof *event);
    event->class_id = stream->class_id;
    return stream->window ? hr_push_windows(stream, given, event)
                          : hr_push_fading(stream, given, event);
}

/* Memory of a state that goes with the model; hr_logits says so without touching it. */
static hr_status hr_check_state(const hr_stream *stream, hr_state *state)
{
    const hr_status status = hr_reset(state);

    return status == HR_OK ? hr_logits(stream->model, state, stream->scores) : status;
}

/* How many states the settings ask for; 0 where one is out of range. */
static uint8_t hr_states_needed(const hr_stream *stream)
{
    const hr_model *const model = stream->model;
    const uint8_t means = model->sum_bits != 0 && !stream->window;
    uint32_t covered = stream->hop;
    uint8_t count = 1;

    if (stream->hop == 0 || stream->smooth > HR_STREAM_SMOOTH_MAX ||
        stream->hold > stream->reject ||
        (!stream->window && !model->fade) ||
        stream->shift > (means ? hr_mean_bits(model) + 1 : 0)) {
        return 0;
    }
    if (!stream->window) {
        return 1;
    }
    if (stream->hop > stream->window || (model->sum_bits && stream->window > model->max_steps)) {
        return 0;
    }
    while (covered < stream->window && count <= HR_STREAM_STATES) { /* ceil(window / hop) */
        covered = stream->window - covered > stream->hop ? covered + stream->hop : stream->window;
        count++;
    }
    return count <= HR_STREAM_STATES ? count : 0;
}

hr_status hr_stream_start(hr_stream *stream)
{
    uint8_t i;

    if (!stream || !stream->model || !stream->scores) {
        return HR_NULL_POINTER;
    }
    stream->count = hr_states_needed(stream);
    if (!stream->count) {
        return HR_BAD_FIELD;
    }
    for (i = 0; i < stream->count; i++) {
        const hr_status status = hr_check_state(stream, stream->states[i]);

        if (status != HR_OK) {
            stream->count = 0;
            return status;
        }
    }
    stream->mean_bits = hr_mean_bits(stream->model);
    stream->next = stream->begun = stream->moved = stream->answered = 0;
    stream->steps = stream->phase = 0;
    stream->class_id = HR_NO_CLASS;
    return HR_OK;
}

hr_status hr_stream_push(hr_stream *stream, const int16_t *reading, hr_event *event)
{
    hr_given given = {NULL, NULL, 0};

    given.reading = reading;
    return reading ? hr_push(stream, &given, event) : HR_NULL_POINTER;
}

hr_status hr_stream_push_input(hr_stream *stream, const int8_t *input, hr_event *event)
{
    hr_given given = {NULL, NULL, 0};

    given.input = input;
    return input ? hr_push(stream, &given, event) : HR_NULL_POINTER;
}

hr_status hr_stream_push_symbol(hr_stream *stream, uint16_t symbol, hr_event *event)
{
    hr_given given = {NULL, NULL, 0};

    given.symbol = symbol;
    return hr_push(stream, &given, event);
}

/* What hadamrnn/integer/engine.py calls, compiled with the runtime as one shared library.
 *
 * Python owns all memory: hr_python is its list of arrays, the same there, and what lies behind the
 * opaque addresses has the sizes that hr_python_sizes tells. Statuses are those of the runtime, or
 * one of the two below, at which Python does the work itself or says what is wrong. */
#include <math.h>
#include <string.h>

#include "../hadamrnn.h"
#include "../hadamrnn_stream.h"

#ifdef _WIN32
#define HR_EXPORT __declspec(dllexport)
#else
#define HR_EXPORT
#endif

enum { HR_OUT_OF_RANGE = 100, HR_NOT_FOR_C = 101, HR_DUE = 102 };

/* Sequences side by side. Whatever is per sequence has a row each. */
typedef struct {
    const hr_model *model;
    int64_t count;         /* sequences */
    int16_t *hidden;       /* count rows of d */
    void *sums;            /* count rows of d, of sum_bits */
    uint32_t *scratch;     /* one row */
    int8_t *coded;         /* one row of input_size: what a step reads, or a symbol stands for */
    const int64_t *inputs; /* count rows of input_size, or count symbols */
    int32_t *logits;       /* count rows of output_size */
    const double *readings; /* input_size, in the recorder's units or as the model was trained on */
    int16_t *counts;       /* input_size: the recorder's integers */
    const double *unit;    /* input_size each; without a recording the input scale alone */
    const double *offset;  /* null without a recording */
} hr_python;

static void hr_python_state(const hr_python *all, int64_t row, uint32_t steps, hr_state *state)
{
    const uint16_t d = all->model->hidden_size;

    state->hidden = all->hidden + row * d;
    state->scratch = all->scratch;
    state->sums16 = all->model->sum_bits == 16 ? (uint16_t *)all->sums + row * d : NULL;
    state->sums32 = all->model->sum_bits == 32 ? (uint32_t *)all->sums + row * d : NULL;
    state->steps = steps;
    state->hidden_size = d;
    state->input = all->coded;
}

static size_t hr_python_width(const hr_model *model)
{
    return model->flags & HR_SYMBOL ? 1 : model->input_size;
}

/* Whether every input of so many is one that the model may read. */
static int hr_python_in_range(const hr_model *model, const int64_t *inputs, int64_t rows)
{
    const size_t count = (size_t)rows * hr_python_width(model);
    const int64_t symbols = model->flags & HR_EMBEDDING ? model->symbols : model->input_size;
    const int64_t half = (int64_t)1 << (model->input_bits - 1);
    const int64_t low = model->flags & HR_SYMBOL ? 0 : -half;
    const int64_t high = model->flags & HR_SYMBOL ? symbols - 1 : half - 1;
    size_t i;

    for (i = 0; i < count; i++) {
        if (inputs[i] < low || inputs[i] > high) {
            return 0;
        }
    }
    return 1;
}

static void hr_python_narrow(const hr_python *all, const int64_t *inputs)
{
    uint16_t i;

    for (i = 0; i < all->model->input_size; i++) {
        all->coded[i] = (int8_t)inputs[i];
    }
}

/* Bytes of a model, and of a stream with its states. */
HR_EXPORT void hr_python_sizes(int64_t *sizes);
/* One step of every sequence. Beyond the range nothing is done. */
HR_EXPORT int hr_python_step(const hr_python *all, uint32_t steps);
/* Logits of every sequence after so many steps. */
HR_EXPORT int hr_python_logits(const hr_python *all, uint32_t steps);
/* Logits of whole sequences, one after the other in the memory of one: rows of int8 or uint16 of
 * so many steps each, checked before; logits after every step, or at the end. */
HR_EXPORT int hr_python_run(const hr_python *all, const void *inputs, int64_t sequences,
                            int64_t steps, int per_step, int32_t *logits);

HR_EXPORT int hr_python_step(const hr_python *all, uint32_t steps)
{
    const hr_model *const model = all->model;
    const size_t width = hr_python_width(model);
    int64_t row;

    if (!hr_python_in_range(model, all->inputs, all->count)) {
        return HR_OUT_OF_RANGE;
    }
    for (row = 0; row < all->count; row++) {
        const int64_t *const inputs = all->inputs + (size_t)row * width;
        hr_state state;
        hr_status status;

        hr_python_state(all, row, steps, &state);
        if (model->flags & HR_SYMBOL) {
            status = hr_step_symbol(model, &state, (uint16_t)inputs[0]);
        } else {
            hr_python_narrow(all, inputs);
            status = hr_step(model, &state, all->coded);
        }
        if (status != HR_OK) {
            return (int)status;
        }
    }
    return HR_OK;
}

HR_EXPORT int hr_python_logits(const hr_python *all, uint32_t steps)
{
    int64_t row;

    for (row = 0; row < all->count; row++) {
        hr_state state;
        hr_status status;

        hr_python_state(all, row, steps, &state);
        status = hr_logits(all->model, &state, all->logits + row * all->model->output_size);
        if (status != HR_OK) {
            return (int)status;
        }
    }
    return HR_OK;
}

HR_EXPORT int hr_python_run(const hr_python *all, const void *inputs, int64_t sequences,
                            int64_t steps, int per_step, int32_t *logits)
{
    const hr_model *const model = all->model;
    const int8_t *dense = inputs;
    const uint16_t *symbols = inputs;
    int64_t sequence, step;
    hr_state state;
    hr_status status = HR_OK;

    hr_python_state(all, 0, 0, &state);
    for (sequence = 0; sequence < sequences; sequence++) {
        (void)hr_reset(&state);
        for (step = 1; step <= steps && status == HR_OK; step++) {
            if (model->flags & HR_SYMBOL) {
                status = hr_step_symbol(model, &state, *symbols++);
            } else {
                status = hr_step(model, &state, dense);
                dense += model->input_size;
            }
            if (status == HR_OK && (per_step || step == steps)) {
                status = hr_logits(model, &state, logits);
                logits += model->output_size;
            }
        }
    }
    return (int)status;
}

/* ---- streams ---- */

typedef struct {
    hr_stream stream;
    hr_state states[HR_STREAM_STATES];
} hr_python_stream;

/* settings: window (0: none), hop, reject, shift, smooth, hold. */
HR_EXPORT int hr_python_stream_start(const hr_python *all, void *memory, const int64_t *settings,
                                     int32_t *scores);
/* Go on as after so many steps: which answers there were, and steps of each window. */
HR_EXPORT void hr_python_stream_resume(void *memory, int64_t steps, int answered, int32_t class_id,
                                       const int64_t *window_steps);
/* Steps that each window has seen. */
HR_EXPORT void hr_python_stream_steps(const void *memory, int64_t *window_steps);
/* One step on the first row of inputs, or on readings. event: best, margin, class or -1, changed.
 * Returns HR_DUE where an answer is, HR_OK, HR_OUT_OF_RANGE, or HR_NOT_FOR_C for readings that
 * Python must code or refuse. */
HR_EXPORT int hr_python_push(const hr_python *all, void *memory, int64_t *event);
HR_EXPORT int hr_python_push_readings(const hr_python *all, void *memory, int64_t *event);

HR_EXPORT void hr_python_sizes(int64_t *sizes)
{
    sizes[0] = (int64_t)sizeof(hr_model);
    sizes[1] = (int64_t)sizeof(hr_python_stream);
}

HR_EXPORT int hr_python_stream_start(const hr_python *all, void *memory, const int64_t *settings,
                                     int32_t *scores)
{
    hr_python_stream *const mine = memory;
    int i;

    memset(mine, 0, sizeof *mine);
    for (i = 0; i < HR_STREAM_STATES; i++) {
        if (i < all->count) {
            hr_python_state(all, i, 0, &mine->states[i]);
            mine->stream.states[i] = &mine->states[i];
        }
    }
    mine->stream.model = all->model;
    mine->stream.scores = scores;
    mine->stream.window = (uint32_t)settings[0];
    mine->stream.hop = (uint32_t)settings[1];
    mine->stream.reject = (uint32_t)settings[2];
    mine->stream.shift = (uint8_t)settings[3];
    mine->stream.smooth = (uint8_t)settings[4];
    mine->stream.hold = (uint32_t)settings[5];
    return (int)hr_stream_start(&mine->stream);
}

HR_EXPORT void hr_python_stream_resume(void *memory, int64_t steps, int answered, int32_t class_id,
                                       const int64_t *window_steps)
{
    hr_python_stream *const mine = memory;
    hr_stream *const stream = &mine->stream;
    const int64_t begun = steps ? (steps - 1) / stream->hop + 1 : 0;
    int i;

    for (i = 0; i < stream->count; i++) {
        mine->states[i].steps = (uint32_t)window_steps[i];
    }
    stream->steps = (uint32_t)steps;
    stream->phase = (uint32_t)(steps % stream->hop);
    stream->next = (uint8_t)(begun % stream->count);
    stream->begun = (uint8_t)(begun < stream->count ? begun : stream->count);
    while (stream->moved < stream->shift && steps >> stream->moved >> 1) {
        stream->moved++;
    }
    stream->answered = (uint8_t)answered;
    stream->class_id = class_id < 0 ? HR_NO_CLASS : (uint16_t)class_id;
}

HR_EXPORT void hr_python_stream_steps(const void *memory, int64_t *window_steps)
{
    const hr_python_stream *const mine = memory;
    int i;

    for (i = 0; i < mine->stream.count; i++) {
        window_steps[i] = mine->states[i].steps;
    }
}

static int hr_python_told(hr_status status, const hr_event *event, int64_t *told)
{
    if (status != HR_OK || !event->due) {
        return (int)status;
    }
    told[0] = event->best;
    told[1] = event->margin;
    told[2] = event->class_id == HR_NO_CLASS ? -1 : event->class_id;
    told[3] = event->changed;
    return HR_DUE;
}

HR_EXPORT int hr_python_push(const hr_python *all, void *memory, int64_t *told)
{
    hr_python_stream *const mine = memory;
    hr_event event;
    hr_status status;

    if (!hr_python_in_range(all->model, all->inputs, 1)) {
        return HR_OUT_OF_RANGE;
    }
    if (all->model->flags & HR_SYMBOL) {
        status = hr_stream_push_symbol(&mine->stream, (uint16_t)all->inputs[0], &event);
    } else {
        hr_python_narrow(all, all->inputs);
        status = hr_stream_push_input(&mine->stream, all->coded, &event);
    }
    return hr_python_told(status, &event, told);
}

/* rint(value) from low to high; value is a number. */
static double hr_python_whole(double value, double low, double high)
{
    value = rint(value);
    return value < low ? low : value > high ? high : value;
}

/* As recording.counts, of numbers that float32 holds; else as inputs.quantize. */
HR_EXPORT int hr_python_push_readings(const hr_python *all, void *memory, int64_t *told)
{
    hr_python_stream *const mine = memory;
    const hr_model *const model = all->model;
    const double half = (double)((int32_t)1 << (model->input_bits - 1));
    hr_event event;
    hr_status status;
    uint16_t i;

    for (i = 0; i < model->input_size; i++) {
        if (!(fabs(all->readings[i]) < 9007199254740992.0)) { /* 2^53, infinity or NaN */
            return HR_NOT_FOR_C;
        }
    }
    if (all->offset) {
        for (i = 0; i < model->input_size; i++) {
            const volatile float rounded = (float)all->readings[i];
            const double value = ((double)rounded - all->offset[i]) / all->unit[i];

            all->counts[i] = (int16_t)hr_python_whole(value, -32768.0, 32767.0);
        }
        status = hr_stream_push(&mine->stream, all->counts, &event);
    } else {
        for (i = 0; i < model->input_size; i++) {
            const double value = rint(all->readings[i] / all->unit[0]) + model->input_zero_point;

            all->coded[i] = (int8_t)hr_python_whole(value, -half, half - 1);
        }
        status = hr_stream_push_input(&mine->stream, all->coded, &event);
    }
    return hr_python_told(status, &event, told);
}

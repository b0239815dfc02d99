/* HadamRNN runtime: always-on use, answers from a recording that does not end.
 *
 * States that fade run on for ever and are never reset; where the model reads out means it sees
 * exponential ones, kept in the place of the sums. Other states run in overlapping windows, one to
 * four at a time. The definition is hadamrnn/integer/stream.py. C99, no malloc, floating point,
 * division or global data, as hadamrnn.h; link hadamrnn.c.
 *
 *     #include "hadamrnn_stream.h"
 *     #include "har2.h"
 *     HAR2_STATE(state);
 *     static int32_t scores[HR_STREAM_SCORES(HAR2_OUTPUT_SIZE)];
 *     static hr_stream stream;
 *     hr_event event;
 *
 *     stream.model = &har2_model;
 *     stream.states[0] = &state;             two to four of them for overlapping windows
 *     stream.scores = scores;
 *     stream.shift = 5;                      means over about 2^5 steps
 *     stream.hop = 32;                       an answer every 32 steps
 *     stream.reject = 400;                   answers less clear than that are none
 *     stream.hold = 200;                     but one that is given stays down to 400 - 200
 *     hr_stream_start(&stream);
 *     for (each time step) {
 *         hr_stream_push(&stream, reading, &event);
 *         if (event.changed) ...             event.class_id, or HR_NO_CLASS
 *     }
 *
 * A model of numbers answers wherever event.due is 1 with TURN_VALUE(scores[0], steps) of its header,
 * steps being those of a window, without windows 1ul << stream.mean_bits; reject and hold stay 0.
 * Numbers need windows: a state that runs for ever is not one that began at zero a window ago.
 */
#ifndef HADAMRNN_STREAM_H
#define HADAMRNN_STREAM_H

/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 The HadamRNN project contributors */

#include "hadamrnn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HR_STREAM_STATES 4     /* most windows at a time */
#define HR_STREAM_SMOOTH_MAX 15
#define HR_NO_CLASS 0xFFFFu    /* of an answer whose margin is below reject */

/* Length of the array of scores for a model of so many classes. */
#define HR_STREAM_SCORES(classes) (2 * (classes))

/* One recording. The first part is set before hr_stream_start, the second belongs to the stream. */
typedef struct {
    const hr_model *model;              /* of classes, or of numbers: see below */
    hr_state *states[HR_STREAM_STATES]; /* one, or ceil(window / hop) */
    int32_t *scores;                    /* HR_STREAM_SCORES(classes) */
    uint32_t window; /* steps of a window; 0 for fading states that are never reset */
    uint32_t hop;    /* steps from an answer to the next; of windows window / 4 to window */
    uint32_t reject; /* answers with a smaller margin are HR_NO_CLASS */
    uint32_t hold;   /* so much smaller may be that of a class that is the answer, 0 to reject */
    uint8_t shift;   /* means over about 2^shift steps, 0 to log2(max_steps) + 1; else 0 */
    uint8_t smooth;  /* scores over about 2^smooth answers, 0 to HR_STREAM_SMOOTH_MAX */

    uint8_t count, next, begun, moved, mean_bits, answered;
    uint16_t class_id;
    uint32_t steps, phase;
} hr_stream;

/* What hr_stream_push tells of a step. Where no answer is due, only step is of use. */
typedef struct {
    uint32_t step;     /* inputs seen, from 1, modulo 2^32 */
    uint32_t margin;   /* score of the best class less that of the second */
    uint16_t class_id; /* the answer, HR_NO_CLASS where the margin is too small */
    uint16_t best;     /* the class with the largest score, rejected or not */
    uint8_t due;       /* 1 where an answer is due */
    uint8_t changed;   /* 1 where it is another than before; before the first it is HR_NO_CLASS */
} hr_event;

/* Check the settings and forget everything: the stream before its first step.
 * Returns HR_OK, HR_NULL_POINTER, HR_WRONG_STATE, or HR_BAD_FIELD for a setting out of range, or
 * without a window where states do not fade. */
hr_status hr_stream_start(hr_stream *stream);

/* One time step of a dense model on raw readings.
 * reading : as hr_step_raw.
 * event : written where HR_OK is returned.
 * Returns HR_OK, HR_NULL_POINTER, HR_WRONG_STATE, HR_WRONG_INPUT or HR_NO_READINGS. */
hr_status hr_stream_push(hr_stream *stream, const int16_t *reading, hr_event *event);

/* One time step of a dense model on its own integers.
 * input : as hr_step.
 * event : written where HR_OK is returned.
 * Returns HR_OK, HR_NULL_POINTER, HR_WRONG_STATE or HR_WRONG_INPUT. */
hr_status hr_stream_push_input(hr_stream *stream, const int8_t *input, hr_event *event);

/* One time step of a symbol model.
 * symbol : as hr_step_symbol; the stream is unchanged where HR_BAD_SYMBOL is returned.
 * event : as hr_stream_push_input. */
hr_status hr_stream_push_symbol(hr_stream *stream, uint16_t symbol, hr_event *event);

#ifdef __cplusplus
}
#endif

#endif

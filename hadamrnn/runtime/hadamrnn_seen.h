/* What the readout sees of a block of neurons, worked out once for all classes. */
#ifndef HADAMRNN_SEEN_H
#define HADAMRNN_SEEN_H

#include <string.h>

#include "hadamrnn_basics.h"

/* T of hadamrnn/integer/logarithm.py: round(64 log2(1 + (j + 1/2) / 64)). */
static const uint8_t hr_log2_table[64] HR_TABLE = {
    1,  2,  4,  5,  6,  8,  9,  10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 25, 26, 27,
    28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 43, 44, 45, 46, 47, 48,
    49, 50, 50, 51, 52, 53, 54, 55, 55, 56, 57, 58, 58, 59, 60, 61, 61, 62, 63, 64};

/* 64 log2(value) of a value above 0: its leading one, and a table of the six bits behind it. */
HR_APART static int32_t hr_log2(uint32_t value)
{
    int32_t octave = 31;

    for (; !(value >> 16); value <<= 16) {
        octave -= 16;
    }
    for (; !(value >> 31); value <<= 1) {
        octave--;
    }
    return octave * 64 + HR_READ(hr_log2_table + ((value >> 25) & 63));
}

/* (logit multiplier + 2^14) >> 15 for a multiplier below 2^15, in 32 bits. */
HR_LOCAL int32_t hr_scaled(int32_t logit, int32_t multiplier)
{
    const int32_t high = hr_shift_right(logit, 16);
    const uint32_t low = (uint32_t)logit & 0xFFFFu;

    return 2 * high * multiplier + (int32_t)((low * (uint32_t)multiplier + 16384) >> 15);
}

#if HR_LANES == 1
#define HR_BLOCK 16 /* 15 * 255 * 16 < 2^16 */
#define HR_WHOLE 15 /* hr_add_narrow takes multiples of one more neurons */
#else
#define HR_BLOCK 32
#define HR_WHOLE 7
#endif

/* A block of neurons: what is seen of them, and the sum of that. */
typedef struct {
#if HR_LANES == 1
    uint8_t bytes[4][HR_BLOCK]; /* the lowest of each neuron first */
#endif
    uint32_t seen[HR_BLOCK];
    uint32_t sum;
} hr_block;

/* What the readout sees of each neuron: relu of its state, its shifted sum, or the logarithm of its
 * sum and n times the floor, less that of n. Never negative. */
HR_APART static void hr_see(const hr_model *model, const hr_state *state, size_t first,
                            size_t count, uint32_t floors, int32_t log_steps, hr_block *block)
{
    const uint8_t shift = model->sum_shift;
    uint32_t *const out = block->seen;
    uint32_t sum = 0;
    size_t i;

    if (model->sum_bits == 0) {
        const int16_t *const hidden = state->hidden + first;

        for (i = 0; i < count; i++) {
            out[i] = (uint32_t)hr_relu(hidden[i]);
            sum += out[i];
        }
    } else if (model->sum_bits == 32) {
        const uint32_t *const sums = state->sums32 + first;

        for (i = 0; i < count; i++) {
            out[i] = sums[i] >> shift;
            sum += out[i];
        }
    } else if (shift < 16) {
        const uint16_t *const sums = state->sums16 + first;

        for (i = 0; i < count; i++) {
            out[i] = (uint16_t)(sums[i] >> shift);
            sum += out[i];
        }
    } else {
        memset(out, 0, sizeof block->seen);
    }
    if (model->flags & HR_LOGARITHM) { /* its shift is 0 */
        sum = 0;
        for (i = 0; i < count; i++) {
            out[i] = (uint32_t)(hr_log2(out[i] + floors) - log_steps);
            sum += out[i];
        }
    }
#if HR_LANES == 1
    for (i = 0; i < count; i++) {
        const uint32_t seen = out[i];

        block->bytes[0][i] = (uint8_t)seen;
        block->bytes[1][i] = (uint8_t)(seen >> 8);
        if (model->sum_bits == 32) {
            block->bytes[2][i] = (uint8_t)(seen >> 16);
            block->bytes[3][i] = (uint8_t)(seen >> 24);
        }
    }
#endif
    block->sum = sum;
}
#endif

/* The logits: V times what the readout sees of each neuron, in blocks of neurons.
 *
 * How it got fast. What is seen of a block is worked out once for all classes. Weights of up to 4
 * bits are read without a sign, eight at a time; what they have too much is taken back by the sum
 * of the block. Where int has 16 bits, bytes of weights are multiplied by bytes of what is seen:
 * the sum of 16 such products fits 16 bits. */
#ifndef HADAMRNN_LOGITS_H
#define HADAMRNN_LOGITS_H

#include <string.h>

#include "hadamrnn_pairs.h"

/* T of hadamrnn/integer/logarithm.py: round(64 log2(1 + (j + 1/2) / 64)). */
static const uint8_t hr_log2_table[64] HR_TABLE = {
    1,  2,  4,  5,  6,  8,  9,  10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 25, 26, 27,
    28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 43, 44, 45, 46, 47, 48,
    49, 50, 50, 51, 52, 53, 54, 55, 55, 56, 57, 58, 58, 59, 60, 61, 61, 62, 63, 64};

/* 64 log2(value) of a value above 0: its leading one, and a table of the six bits behind it. */
HR_LOCAL int32_t hr_log2(uint32_t value)
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
#define HR_WHOLE 15 /* hr_dot takes multiples of one more neurons */
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
    const uint8_t sum_bits = model->sum_bits, shift = model->sum_shift; /* not read each time */
    const uint8_t logarithm = model->flags & HR_LOGARITHM;
    const int16_t *const hidden = state->hidden + first;
    const uint16_t *const sums16 = state->sums16;
    const uint32_t *const sums32 = state->sums32;
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        uint32_t seen = (uint32_t)hr_relu(hidden[i]);

        if (sum_bits) {
            seen = sum_bits == 16 ? sums16[first + i] : sums32[first + i];
            seen = logarithm ? (uint32_t)(hr_log2(seen + floors) - log_steps) : seen >> shift;
        }
        sum += seen;
        block->seen[i] = seen;
#if HR_LANES == 1
        block->bytes[0][i] = (uint8_t)seen;
        block->bytes[1][i] = (uint8_t)(seen >> 8);
        block->bytes[2][i] = (uint8_t)(seen >> 16);
        block->bytes[3][i] = (uint8_t)(seen >> 24);
#endif
    }
    block->sum = sum;
}

#if HR_LANES == 1
/* The weights of a whole block, of p = 2 to 4 bits, plus 2^(p-1). */
HR_LOCAL void hr_unpack(const hr_model *model, const uint8_t *row, uint8_t *weights)
{
    const uint8_t bits = model->weight_bits;
    uint8_t *const end = weights + HR_BLOCK;

    while (weights != end) {
        if (bits == 4) {
            const uint8_t byte = HR_READ(row++) ^ 0x88;

            *weights++ = byte & 15;
            *weights++ = byte >> 4;
        } else if (bits == 2) {
            uint8_t byte = HR_READ(row++) ^ 0xAA, i;

            for (i = 0; i < 4; i++, byte = byte >> 2) {
                *weights++ = byte & 3;
            }
        } else {
            uint32_t word = ((uint32_t)HR_READ(row) | (uint32_t)HR_READ(row + 1) << 8 |
                             (uint32_t)HR_READ(row + 2) << 16) ^ 0x924924u;
            uint8_t i;

            for (i = 0; i < 8; i++, word >>= 3) {
                *weights++ = (uint8_t)word & 7;
            }
            row += 3;
        }
    }
}

/* The product of a whole block, with weights that are 2^(p-1) too large. */
HR_APART static uint32_t hr_dot(const hr_model *model, const uint8_t *row, const hr_block *block,
                                size_t count)
{
    uint8_t weights[HR_BLOCK], i, k;
    uint16_t low = 0, high = 0;
    uint32_t sum;

    (void)count;
    hr_unpack(model, row, weights);
    for (i = 0; i < HR_BLOCK; i++) {
        const uint8_t weight = weights[i];

        low = (uint16_t)(low + (uint16_t)(weight * block->bytes[0][i]));
        high = (uint16_t)(high + (uint16_t)(weight * block->bytes[1][i]));
    }
    sum = low + ((uint32_t)high << 8);
    for (k = 2; model->sum_bits == 32 && k < 4 && block->sum >> (8 * k); k++) { /* seldom needed */
        low = 0;
        for (i = 0; i < HR_BLOCK; i++) {
            low = (uint16_t)(low + (uint16_t)(weights[i] * block->bytes[k][i]));
        }
        sum += (uint32_t)low << (8 * k);
    }
    return sum;
}
#else
/* The same, of a multiple of 8 neurons. */
HR_APART static uint32_t hr_dot(const hr_model *model, const uint8_t *row, const hr_block *block,
                                size_t count)
{
    const uint8_t bits = model->weight_bits;
    const uint32_t *seen = block->seen, *const end = seen + count;
    const uint32_t mask = ((uint32_t)1 << bits) - 1;
    uint32_t sum = 0;

    for (; seen != end; seen += 8, row += bits) {
        uint32_t word = bits == 4 ? hr_eight(row) : hr_narrow_eight(row, bits);

        sum += (word & mask) * seen[0] + (word >> 16 & mask) * seen[4];
        word >>= bits;
        sum += (word & mask) * seen[1] + (word >> 16 & mask) * seen[5];
        word >>= bits;
        sum += (word & mask) * seen[2] + (word >> 16 & mask) * seen[6];
        word >>= bits;
        sum += (word & mask) * seen[3] + (word >> 16 & mask) * seen[7];
    }
    return sum;
}
#endif

/* The product of a block with a row of V from neuron first on. */
HR_LOCAL int32_t hr_block_product(const hr_model *model, const uint8_t *row, size_t first,
                                  size_t count, const hr_block *block)
{
    const uint8_t bits = model->weight_bits;
    int32_t sum = 0;
    size_t i;

    if (bits <= 4 && (model->hidden_size & HR_WHOLE) == 0) {
        return (int32_t)(hr_dot(model, row + (first * bits >> 3), block, count) -
                         (block->sum << (bits - 1)));
    }
    for (i = 0; i < count; i++) {
        sum += hr_weight(row, first + i, bits) * (int32_t)block->seen[i];
    }
    return sum;
}

HR_LOCAL void hr_read_out(const hr_model *model, const hr_state *state, int32_t *logits)
{
    const size_t size = model->hidden_size, stride = hr_row_bytes(model, model->weight_bits);
    const uint32_t steps = state->steps ? state->steps : 1;
    const uint32_t floors = model->flags & HR_LOGARITHM ? steps * model->log_floor : 0;
    const int32_t log_steps = floors ? hr_log2(steps) : 0;
    hr_block block;
    size_t c, first, count;

    memset(logits, 0, model->output_size * sizeof *logits);
    for (first = 0; first < size; first += count) {
        const uint8_t *row = model->output_weight;

        count = size - first < HR_BLOCK ? size - first : HR_BLOCK;
        hr_see(model, state, first, count, floors, log_steps, &block);
        for (c = 0; c < model->output_size; c++, row += stride) {
            logits[c] += hr_block_product(model, row, first, count, &block);
        }
    }
    for (c = 0; c < model->output_size; c++) {
        int32_t bias = hr_read32(model->output_bias + 4 * c);

        if (model->sum_bits && !(model->flags & HR_LOGARITHM)) {
            bias = hr_shift_right(bias * (int32_t)state->steps, model->sum_shift);
        }
        logits[c] += bias;
        if (model->flags & HR_ROW_MULTIPLIERS) {
            logits[c] = hr_scaled(logits[c], hr_read16(model->row_multipliers + 2 * c));
        }
    }
}
#endif

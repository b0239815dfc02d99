/* The logits: V times what the readout sees of each neuron, in blocks of neurons.
 *
 * How it got fast. What is seen of a block is worked out once for all classes. Weights of up to 4
 * bits are read without a sign, eight at a time; what they have too much is taken back by the sum
 * of the block. Where int has 16 bits, bytes of weights are multiplied by bytes of what is seen:
 * the sum of 16 such products fits 16 bits. */
#ifndef HADAMRNN_LOGITS_H
#define HADAMRNN_LOGITS_H

#include "hadamrnn_avr_products.h"
#include "hadamrnn_pairs.h"
#include "hadamrnn_seen.h"

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

#ifdef HR_AVR
#ifdef __cplusplus
extern "C"
#else
extern
#endif
uint32_t hr_dot_of_4(const uint8_t *row, const uint8_t *bytes); /* in hadamrnn_avr_products.h */
#endif

/* The product of a whole block, with weights that are 2^(p-1) too large. */
HR_APART static uint32_t hr_dot(const hr_model *model, const uint8_t *row, const hr_block *block)
{
    uint8_t weights[HR_BLOCK], i, k;
    uint16_t low = 0, high = 0;
    uint32_t sum;

#ifdef HR_AVR
    if (model->weight_bits == 4) {
        sum = hr_dot_of_4(row, block->bytes[0]);
        if (model->sum_bits == 32 && block->sum >> 16) {
            sum += hr_dot_of_4(row, block->bytes[2]) << 16;
        }
        return sum;
    }
#endif
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

/* logits += products of a whole block with all rows of V. */
HR_LOCAL void hr_add_narrow(const hr_model *model, const uint8_t *row, const hr_block *block,
                            size_t count, int32_t *logits)
{
    const size_t stride = hr_row_bytes(model, model->weight_bits);
    uint16_t c;

    (void)count;
    for (c = 0; c < model->output_size; c++, row += stride) {
        logits[c] += (int32_t)(hr_dot(model, row, block) -
                               (block->sum << (model->weight_bits - 1)));
    }
}
#else
/* Eight weights of 2 to 4 bits as nibbles, each plus 8. */
HR_LOCAL uint32_t hr_nibbles(const uint8_t *row, uint8_t bits)
{
    uint32_t word = HR_READ(row) | (uint32_t)HR_READ(row + 1) << 8;

    if (bits == 2) {
        word = (word | word << 8) & 0x00FF00FFu;
        word = (word | word << 4) & 0x0F0F0F0Fu;
        word = (word | word << 2) & 0x33333333u;
        return (word ^ 0x22222222u) + 0x66666666u;
    }
    word |= (uint32_t)HR_READ(row + 2) << 16;
    if (bits == 4) {
        return (word | (uint32_t)HR_READ(row + 3) << 24) ^ 0x88888888u;
    }
    word = (word & 0xFFF) | (word & 0xFFF000) << 4;
    word = (word & 0x003F003Fu) | (word & 0x0FC00FC0u) << 2;
    word = (word & 0x07070707u) | (word & 0x38383838u) << 1;
    return (word ^ 0x44444444u) + 0x44444444u;
}

/* logits += products of a block of a multiple of 8 neurons with all rows of V. */
HR_APART static void hr_add_narrow(const hr_model *model, const uint8_t *row, const hr_block *block,
                                   size_t count, int32_t *logits)
{
    const uint8_t bits = model->weight_bits;
    const size_t stride = hr_row_bytes(model, bits);
    const uint8_t whole = bits == 4 && HR_MAY_READ_WORDS(row, stride);
    const int32_t *const end = logits + model->output_size;
    const uint32_t *const last = block->seen + count;

    for (; logits != end; logits++, row += stride) {
        const uint8_t *p = row;
        const uint32_t *seen = block->seen;
        uint32_t sum = (uint32_t)*logits - (block->sum << 3);

        for (; seen != last; seen += 8, p += bits) {
#ifdef HR_WORD
            const uint32_t word = whole ? HR_WORD(p) ^ 0x88888888u : hr_nibbles(p, bits);
#else
            const uint32_t word = whole ? hr_eight(p) : hr_nibbles(p, bits);
#endif

            sum += (word & 15) * seen[0] + (word >> 4 & 15) * seen[1] +
                   (word >> 8 & 15) * seen[2] + (word >> 12 & 15) * seen[3] +
                   (word >> 16 & 15) * seen[4] + (word >> 20 & 15) * seen[5] +
                   (word >> 24 & 15) * seen[6] + (word >> 28) * seen[7];
        }
        *logits = (int32_t)sum;
    }
}
#endif

/* logits += products of a block with all rows of V, where row is the first one. */
HR_LOCAL void hr_add_products(const hr_model *model, const uint8_t *row, size_t first, size_t count,
                              const hr_block *block, int32_t *logits)
{
    const uint8_t bits = model->weight_bits;
    const size_t stride = hr_row_bytes(model, bits);
    uint16_t c;
    size_t i;

    if (bits <= 4 && (model->hidden_size & HR_WHOLE) == 0) {
        hr_add_narrow(model, row + (first * bits >> 3), block, count, logits);
        return;
    }
    for (c = 0; c < model->output_size; c++, row += stride) {
        for (i = 0; i < count; i++) {
            logits[c] += hr_weight(row, first + i, bits) * (int32_t)block->seen[i];
        }
    }
}

HR_LOCAL void hr_read_out(const hr_model *model, const hr_state *state, int32_t *logits)
{
    const size_t size = model->hidden_size;
    const uint32_t steps = state->steps ? state->steps : 1;
    const uint32_t floors = model->flags & HR_LOGARITHM ? steps * model->log_floor : 0;
    const int32_t log_steps = floors ? hr_log2(steps) : 0;
    hr_block block;
    size_t c, first, count;

    memset(logits, 0, model->output_size * sizeof *logits);
    for (first = 0; first < size; first += count) {
        count = size - first < HR_BLOCK ? size - first : HR_BLOCK;
        hr_see(model, state, first, count, floors, log_steps, &block);
        hr_add_products(model, model->output_weight, first, count, &block, logits);
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

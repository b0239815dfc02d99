/* The update of a step in general form: any bits, any number of neurons. It hands what is in fast
 * form to hadamrnn_pairs.h. */
#ifndef HADAMRNN_UPDATE_H
#define HADAMRNN_UPDATE_H

#include "hadamrnn_pairs.h"

/* rest[i] = p M + B 2^bias_shift + R, where p is row i of U times the input. */
HR_APART static void hr_rest(const hr_model *model, const hr_drive *drive, size_t first,
                             size_t count, uint32_t *rest)
{
    const uint8_t bits = model->input_weight_bits;
    size_t i, j;

#if HR_LANES == 2
    if (drive->input && bits == 4 && (count & 7) == 0 && model->bias_bits == 16) {
        const uint8_t *const bias = model->bias + 2 * first;
        const uint8_t *const row = drive->row + (first >> 1);
        const size_t features = model->input_size;
        hr_drive other = *drive;

        hr_products_in_pairs(drive, row, drive->input, features < HR_CHUNK ? features : HR_CHUNK,
                             bias, rest, count);
        other.bias_gain = 0;
        other.offset = 0;
        for (j = HR_CHUNK; j < features; j += HR_CHUNK) {
            const size_t left = features - j;
            uint32_t more[HR_BATCH];

            hr_products_in_pairs(&other, row + j * drive->stride, drive->input + j,
                                 left < HR_CHUNK ? left : HR_CHUNK, bias, more, count);
            for (i = 0; i < count; i++) {
                rest[i] += more[i];
            }
        }
        return;
    }
#endif
    for (i = 0; i < count; i++) {
        const uint8_t *row = drive->row;
        int32_t sum = drive->input ? 0 : hr_weight(row, first + i, bits);

        for (j = 0; drive->input && j < model->input_size; j++, row += drive->stride) {
            sum += hr_weight(row, first + i, bits) * drive->input[j];
        }
        rest[i] = (uint32_t)(sum * drive->multiplier + hr_bias(model, first + i) * drive->bias_gain +
                             drive->rounding);
    }
}

/* hidden = saturate((y G + rest) >> F). */
HR_APART static void hr_settle_any(const hr_model *model, hr_state *state, const uint32_t *rest,
                                   size_t first, size_t count)
{
    const uint8_t fraction = model->fraction_bits;
    const int32_t gain = hr_gain(model);
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    size_t i;

    for (i = first; i < first + count; i++, rest++) {
        int32_t value = hr_transformed(model, state, i);

        if ((HR_READ(model->signs + (i >> 3)) >> (i & 7)) & 1) {
            value = -value;
        }
        if (model->block_log2 & 1) {
            value = hr_inverse_sqrt2(value);
        }
        value = hr_shift_right(value * gain + (int32_t)*rest, fraction);
        value = value > limit ? limit : value < -limit ? -limit : value;
        state->hidden[i] = (int16_t)value;
    }
}

/* Mean readout: sums += relu(hidden). */
HR_APART static void hr_add_to_sums(const hr_model *model, hr_state *state, size_t first,
                                    size_t count)
{
    const int16_t *hidden = state->hidden + first, *const end = hidden + count;

    if (model->sum_bits == 16) {
        uint16_t *sums = state->sums16 + first;

        for (; hidden != end; hidden++, sums++) {
            if (*hidden > 0) {
                *sums = (uint16_t)(*sums + (uint16_t)*hidden);
            }
        }
    } else if (model->sum_bits == 32) {
        uint32_t *sums = state->sums32 + first;

        for (; hidden != end; hidden++, sums++) {
            *sums = *sums + (uint32_t)hr_relu(*hidden);
        }
    }
}

/* hidden = saturate((y G + p M + B 2^bias_shift + R) >> F). */
HR_LOCAL void hr_update(const hr_model *model, const hr_drive *drive, hr_state *state)
{
    const size_t size = model->hidden_size;
    uint32_t rest[HR_BATCH];
    size_t first, count;

    for (first = 0; first < size; first += count) {
        count = size - first < HR_BATCH ? size - first : HR_BATCH;
        hr_rest(model, drive, first, count, rest);
#if HR_LANES == 2
        if (hr_in_pairs(model) && (count & 7) == 0) {
            hr_settle_pairs(model, drive, state->scratch + (first >> 1), rest,
                            state->hidden + first,
                            model->sum_bits == 16 ? state->sums16 + first : NULL,
                            model->signs + (first >> 3), count);
            if (model->sum_bits == 32) {
                hr_add_to_sums(model, state, first, count);
            }
            continue;
        }
#endif
        hr_settle_any(model, state, rest, first, count);
        hr_add_to_sums(model, state, first, count);
    }
}
#endif

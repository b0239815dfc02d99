/* The update of a step in general form: any bits, any number of neurons. It hands what is in fast
 * form to hadamrnn_pairs.h or hadamrnn_aligned.h. */
#ifndef HADAMRNN_UPDATE_H
#define HADAMRNN_UPDATE_H

#include "hadamrnn_aligned.h"
#include "hadamrnn_dsp.h"

#if HR_LANES == 2
/* rest += products of the features from number HR_CHUNK on. */
HR_APART static void hr_rest_of_more(const hr_drive *drive, const uint8_t *row, uint32_t *rest,
                                     size_t count)
{
    const int8_t *input = drive->input;
    size_t features = drive->features, some = HR_CHUNK;
    uint32_t pairs[HR_BATCH / 2];

    while (features -= some) {
        input += some;
        row += some * drive->stride;
        some = features < HR_CHUNK ? features : HR_CHUNK;
        hr_products_in_pairs(drive, row, input, some, pairs, count);
        hr_add_pairs(pairs, (uint32_t)drive->multiplier, rest, count);
    }
}

/* rest[i] = p M + B 2^bias_shift + R for weights of 2 to 4 bits and biases of 16; count : a multiple
 * of 8. */
HR_LOCAL void hr_rest_narrow(const hr_model *model, const hr_drive *drive, size_t first,
                             size_t count, uint32_t *rest)
{
    const uint8_t *row = drive->row + (first * drive->bits >> 3);
    const size_t features = drive->features;
    uint32_t *const pairs = rest + (count >> 1);

    hr_products_in_pairs(drive, row, drive->input, features < HR_CHUNK ? features : HR_CHUNK,
                         pairs, count);
    hr_scale_pairs(pairs, drive, model->bias + 2 * first, rest, count);
    if (features > HR_CHUNK) {
        hr_rest_of_more(drive, row, rest, count);
    }
}
#else
#define HR_CHUNK 31 /* features whose products fit 16 bits: 8 * 128 * 31 < 2^15 */

HR_APART static void hr_rest_narrow(const hr_model *model, const hr_drive *drive, size_t first,
                                    size_t count, uint32_t *rest)
{
    const uint8_t bits = model->input_weight_bits;
    const uint8_t *row = drive->row + (first * bits >> 3);
    size_t features = drive->features, i, j;
    hr_eights eights;

    for (i = 0; i < count; i++) {
        rest[i] = 0;
    }
    eights.stride = drive->stride;
    eights.input = drive->input;
    eights.products = hr_products_for(bits);
    while (features) {
        eights.features = (uint8_t)(features < HR_CHUNK ? features : HR_CHUNK);
        eights.offset = hr_offset(eights.input, eights.features, bits);
        eights.row = row;
        for (i = 0; i < count; i += 8) {
            uint16_t sums[8];

            hr_eight_products(&eights, sums);
            for (j = 0; j < 8; j++) {
                const int32_t sum = hr_int16(sums[j]);

                rest[i + j] += (uint32_t)sum;
            }
        }
        row += eights.features * drive->stride;
        eights.input += eights.features;
        features -= eights.features;
    }
    for (i = 0; i < count; i++) {
        rest[i] = rest[i] * (uint32_t)drive->multiplier + (uint32_t)drive->rounding +
                  (uint32_t)hr_bias(model, first + i) * (uint32_t)drive->bias_gain;
    }
}
#endif

/* rest[i] = p M + B 2^bias_shift + R, where p is row i of U times the input. */
HR_APART static void hr_rest(const hr_model *model, const hr_drive *drive, size_t first,
                             size_t count, uint32_t *rest)
{
    const uint8_t bits = model->input_weight_bits;
    size_t i, j;

    if (bits <= 4 && (count & 7) == 0 && model->bias_bits == 16) {
        hr_rest_narrow(model, drive, first, count, rest);
        return;
    }
    for (i = 0; i < count; i++) {
        const uint8_t *row = drive->row;
        int32_t sum = 0;

        for (j = 0; j < drive->features; j++, row += drive->stride) {
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
    const uint8_t root = model->block_log2 & 1;
    const uint8_t *signs = model->signs + (first >> 3);
    const int32_t gain = hr_gain(model);
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    int16_t *const hidden = state->hidden;
    uint8_t bits = 0;
    size_t i;

    for (i = first; i < first + count; i++, rest++, bits >>= 1) {
        int32_t value = hr_transformed(model, state, i);

        if ((i & 7) == 0) {
            bits = HR_READ(signs);
            signs++;
        }
        if (bits & 1) {
            value = -value;
        }
        if (root) {
            value = hr_inverse_sqrt2(value);
        }
        value = hr_shift_right(value * gain + (int32_t)*rest, fraction);
        value = value > limit ? limit : value < -limit ? -limit : value;
        hidden[i] = (int16_t)value;
    }
}

/* hidden = saturate((y G + p M + B 2^bias_shift + R) >> F). */
HR_LOCAL void hr_update(const hr_model *model, const hr_drive *drive, hr_state *state)
{
    const size_t size = model->hidden_size;
    uint32_t rest[HR_BATCH];
    size_t first, count;

#ifdef HR_DSP
    if (hr_is_halved(model)) {
        hr_update_halved(model, drive, state);
        return;
    }
#endif
    for (first = 0; first < size; first += count) {
        count = size - first < HR_BATCH ? size - first : HR_BATCH;
        hr_rest(model, drive, first, count, rest);
#if HR_LANES == 2
        if (hr_in_pairs(model) && (size & 7) == 0) {
            hr_settle_pairs(model, drive, state->scratch + (first >> 1), rest,
                            state->hidden + first, first, count);
            continue;
        }
#endif
        hr_settle_any(model, state, rest, first, count);
    }
    hr_add_to_sums(model, state);
}
#endif

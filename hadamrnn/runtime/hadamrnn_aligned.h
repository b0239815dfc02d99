/* The update of a step where int has 16 bits, as on AVR.
 *
 * How it got fast. The 8-bit multiplier of AVR multiplies a weight of 4 bits by an input in two
 * cycles; sums of up to 31 products fit 16 bits. The division by 2^F is split into one by 2^w and
 * one by 2^k, and the first made a shift by 16, which moves bytes. The three loops are in
 * assembly, hadamrnn_avr.h, because compilers run out of registers on them; the same in C is for
 * processors without a multiplier, tables outside flash, and the tests. */
#ifndef HADAMRNN_ALIGNED_H
#define HADAMRNN_ALIGNED_H

#include "hadamrnn_avr.h"

#if HR_LANES == 1
#ifdef HR_AVR
#define HR_LOOP extern /* in hadamrnn_avr.h */
#else
#define HR_LOOP HR_LOCAL
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* sums[i] = offset + sum over features of (weight (j, i) + 8) * input[j], modulo 2^16.
 * row : weights of 4 bits, from a whole byte on; stride : bytes from one feature to the next;
 * offset : -8 times the sum of input, so that the result is U x; features : 1 to 31, for which
 * U x fits 16 bits; count : a multiple of 4. */
HR_LOOP void hr_products(const uint8_t *row, size_t stride, const int8_t *input, uint8_t features,
                         uint16_t offset, uint16_t *sums, uint8_t count);

/* sums[i] <- (sums[i] M + B_i 2^bias_shift + R) >> w, where multiplier, bias_gain and rounding are
 * M, 2^bias_shift and R times 2^(16 - w). */
HR_LOOP void hr_drift(uint16_t *sums, uint8_t count, const uint8_t *bias, uint32_t multiplier,
                      uint16_t bias_gain, uint32_t rounding);

/* hidden <- saturate((y + drift) >> k), where hidden holds t; count : a multiple of 8. */
HR_LOOP void hr_settle(int16_t *hidden, const uint16_t *drift, uint8_t count, const uint8_t *signs,
                       uint8_t block_log2, int16_t limit);

#ifdef __cplusplus
}
#endif

#ifndef HR_AVR
HR_LOCAL void hr_products(const uint8_t *row, size_t stride, const int8_t *input, uint8_t features,
                          uint16_t offset, uint16_t *sums, uint8_t count)
{
    uint8_t i, j;

    for (i = 0; i < count; i++) {
        const uint8_t *byte = row + (i >> 1);
        uint16_t sum = offset;

        for (j = 0; j < features; j++, byte += stride) {
            const uint8_t weight = ((HR_READ(byte) ^ 0x88) >> (i & 1 ? 4 : 0)) & 15;

            sum = (uint16_t)(sum + (uint16_t)(weight * input[j]));
        }
        sums[i] = sum;
    }
}

HR_LOCAL void hr_drift(uint16_t *sums, uint8_t count, const uint8_t *bias, uint32_t multiplier,
                       uint16_t bias_gain, uint32_t rounding)
{
    for (; count; count--, sums++, bias += 2) {
        const uint32_t rest = (uint32_t)(int32_t)hr_int16(*sums) * multiplier +
                              (uint32_t)(int32_t)hr_read16(bias) * bias_gain + rounding;

        *sums = (uint16_t)(rest >> 16);
    }
}

HR_LOCAL void hr_settle(int16_t *hidden, const uint16_t *drift, uint8_t count, const uint8_t *signs,
                        uint8_t block_log2, int16_t limit)
{
    uint8_t i;

    for (i = 0; i < count; i++) {
        int32_t value = hidden[i];

        if (HR_READ(signs + (i >> 3)) >> (i & 7) & 1) {
            value = -value;
        }
        if (block_log2 & 1) {
            value = hr_inverse_sqrt2(value);
        }
        value = hr_shift_right(value + hr_int16(drift[i]), block_log2 >> 1);
        value = value > limit ? limit : value < -limit ? -limit : value;
        hidden[i] = (int16_t)value;
    }
}
#endif

/* hidden = saturate((y 2^w + p M + B 2^bias_shift + R) >> F) where hidden holds t, as
 * (y + ((p M + B 2^bias_shift + R) >> w)) >> k, which is the same. With all of the inner sum
 * multiplied by 2^aligned_shift, the inner shift is by 16, which moves bytes. */
HR_LOCAL void hr_update_aligned(const hr_model *model, const hr_drive *drive, int16_t *hidden)
{
    const uint8_t align = model->aligned_shift;
    uint16_t offset = 0, sums[HR_BATCH];
    size_t first;
    uint8_t count, i;

    for (i = 0; drive->input && i < model->input_size; i++) {
        offset = (uint16_t)(offset - (uint16_t)(8 * drive->input[i]));
    }
    for (first = 0; first < model->hidden_size; first += count) {
        const size_t left = model->hidden_size - first;

        count = (uint8_t)(left < HR_BATCH ? left : HR_BATCH);
        if (drive->input) {
            hr_products(drive->row + (first >> 1), drive->stride, drive->input,
                        (uint8_t)model->input_size, offset, sums, count);
        } else {
            for (i = 0; i < count; i++) {
                sums[i] = (uint16_t)hr_weight(drive->row, first + i, model->input_weight_bits);
            }
        }
        hr_drift(sums, count, model->bias + 2 * first, (uint32_t)drive->multiplier << align,
                 (uint16_t)(1u << (model->bias_shift + align)), (uint32_t)drive->rounding << align);
        hr_settle(hidden + first, sums, count, model->signs + (first >> 3), model->block_log2,
                  (int16_t)((1ul << (model->activation_bits - 1)) - 1));
    }
}
#endif
#endif

/* The update of a step where int has 32 bits.
 *
 * How it got fast. Two sums travel in one word, so that one multiplication multiplies an input by
 * the weights of two neurons; and the loops are written so that each keeps to the registers of a
 * Cortex-M: apart, without a pointer more than they need, eight neurons for each byte of signs. */
#ifndef HADAMRNN_PAIRS_H
#define HADAMRNN_PAIRS_H

#include "hadamrnn_transform.h"

#if HR_LANES == 2
#define HR_CHUNK 17 /* features whose products fit 16 bits: 15 * 128 * 17 < 2^15 */

HR_LOCAL uint32_t hr_biased(const uint8_t *bias, uint32_t gain, uint32_t start)
{
    return (uint32_t)(int32_t)hr_read16(bias) * gain + start;
}

/* rest[i] = row i of U, of 4 bits, times the input, times M + B 2^bias_shift + R modulo 2^32, two
 * neurons in each multiplication. Weights are read as nibble + 8 without a sign, which
 * drive->offset takes back. features : 1 to HR_CHUNK; count : a multiple of 8. */
HR_APART static void hr_products_in_pairs(const hr_drive *drive, const uint8_t *row,
                                          const int8_t *input, size_t features,
                                          const uint8_t *bias, uint32_t *rest, size_t count)
{
    const uint32_t *const end = rest + count;
    const int8_t *const last = input + features;
    const size_t stride = drive->stride;
    const uint32_t mask = drive->mask;

    for (; rest != end; rest += 8, row += 4) {
        const int8_t *x = input;
        const uint8_t *p = row;
        uint32_t a = 0, b = 0, c = 0, d = 0;
        uint32_t multiplier, gain, start;

        do {
            const uint32_t value = (uint32_t)(int32_t)*x++;
            const uint32_t word = ((uint32_t)HR_READ(p) | ((uint32_t)HR_READ(p + 1) << 8) |
                                   ((uint32_t)HR_READ(p + 2) << 16) |
                                   ((uint32_t)HR_READ(p + 3) << 24)) ^ 0x88888888u;

            a += (word & mask) * value;
            b += ((word >> 4) & mask) * value;
            c += ((word >> 8) & mask) * value;
            d += ((word >> 12) & mask) * value;
            p += stride;
        } while (x != last);
        multiplier = (uint32_t)drive->multiplier;
        gain = (uint32_t)drive->bias_gain;
        start = drive->offset;
        rest[0] = hr_biased(bias + 0, gain, start) +
                  (uint32_t)hr_low(a) * multiplier;
        rest[1] = hr_biased(bias + 2, gain, start) +
                  (uint32_t)hr_low(b) * multiplier;
        rest[2] = hr_biased(bias + 4, gain, start) +
                  (uint32_t)hr_low(c) * multiplier;
        rest[3] = hr_biased(bias + 6, gain, start) +
                  (uint32_t)hr_low(d) * multiplier;
        rest[4] = hr_biased(bias + 8, gain, start) +
                  (uint32_t)hr_high(a) * multiplier;
        rest[5] = hr_biased(bias + 10, gain, start) +
                  (uint32_t)hr_high(b) * multiplier;
        rest[6] = hr_biased(bias + 12, gain, start) +
                  (uint32_t)hr_high(c) * multiplier;
        rest[7] = hr_biased(bias + 14, gain, start) +
                  (uint32_t)hr_high(d) * multiplier;
        bias += 16;
    }
}

/* saturate((y gain + rest) >> fraction), where y is t, negative if flip is -1 and not 0, times
 * scale / 2^16, rounded. */
HR_LOCAL int32_t hr_settle_one(int32_t t, int32_t flip, int32_t scale, int32_t gain,
                               uint32_t rest, uint8_t fraction, int32_t limit)
{
    const int32_t y = hr_shift_right((t ^ flip) * scale + (32768 - flip * scale), 16);
    const int32_t value = hr_shift_right(y * gain + (int32_t)rest, fraction);

    if ((uint32_t)(value + limit) > (uint32_t)limit * 2) { /* rare: one comparison for both ends */
        return value < 0 ? -limit : limit;
    }
    return value;
}

/* hidden = saturate((y G + rest) >> F) for t in words of two; count : a multiple of 8.
 * sums : null, or what relu(hidden) is added to. */
HR_APART static void hr_settle_pairs(const hr_model *model, const hr_drive *drive,
                                     const uint32_t *pair, const uint32_t *rest, int16_t *hidden,
                                     uint16_t *sums, const uint8_t *signs, size_t count)
{
    const uint8_t fraction = model->fraction_bits;
    const int32_t scale = model->block_log2 & 1 ? 46341 : 65536; /* 1 / sqrt 2 or 1 */
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    const int32_t gain = drive->gain;
    const int16_t *const end = hidden + count;

/* Neurons 2 i and 2 i + 1; written out, so that no loop counts and no pointer moves between. */
#define HR_TWO(i)                                                                                \
    do {                                                                                         \
        const int32_t a =                                                                        \
            hr_settle_one(hr_low(pair[i]), -(int32_t)((bits >> (2 * (i))) & 1), scale, gain,     \
                          rest[2 * (i)], fraction, limit);                                       \
        const int32_t b =                                                                        \
            hr_settle_one(hr_high(pair[i]), -(int32_t)((bits >> (2 * (i) + 1)) & 1), scale,      \
                          gain, rest[2 * (i) + 1], fraction, limit);                             \
        hidden[2 * (i)] = (int16_t)a;                                                            \
        hidden[2 * (i) + 1] = (int16_t)b;                                                        \
        if (sums) {                                                                              \
            sums[2 * (i)] = (uint16_t)(sums[2 * (i)] + (uint16_t)hr_relu(a));                    \
            sums[2 * (i) + 1] = (uint16_t)(sums[2 * (i) + 1] + (uint16_t)hr_relu(b));            \
        }                                                                                        \
    } while (0)

    for (; hidden != end; hidden += 8, rest += 8, pair += 4, signs++) {
        const uint32_t bits = HR_READ(signs);

        HR_TWO(0);
        HR_TWO(1);
        HR_TWO(2);
        HR_TWO(3);
        sums = sums ? sums + 8 : NULL;
    }
#undef HR_TWO
}
#endif
#endif

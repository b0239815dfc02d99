/* The update of a step where int has 32 bits.
 *
 * How it got fast. Two sums travel in one word, so that one multiplication multiplies an input by
 * the weights of two neurons; in both kinds of words what lies in the lower half is kept from being
 * negative, so that both halves can be read as they lie. The loops are written so that each keeps
 * to the registers of a Cortex-M: apart, eight neurons for each byte of signs. HR_SMALL, to be
 * defined by whoever has little flash, writes none of them out: a sixth less code. */
#ifndef HADAMRNN_PAIRS_H
#define HADAMRNN_PAIRS_H

#include "hadamrnn_sums.h"
#include "hadamrnn_transform.h"

#if HR_LANES == 2
#define HR_CHUNK 17 /* features whose products fit 16 bits: 15 * 128 * 17 < 2^15 */

/* The weights of eight neurons, each plus 2^(p-1) and so without a sign: those of neurons 0 to 3 in
 * the lower half of a word, those of neurons 4 to 7 in the upper one, p bits apart. */
HR_LOCAL uint32_t hr_eight(const uint8_t *row)
{
    return ((uint32_t)HR_READ(row) | (uint32_t)HR_READ(row + 1) << 8 |
            (uint32_t)HR_READ(row + 2) << 16 | (uint32_t)HR_READ(row + 3) << 24) ^ 0x88888888u;
}

HR_LOCAL uint32_t hr_eight_of_2(const uint8_t *row)
{
    return ((uint32_t)HR_READ(row) | (uint32_t)HR_READ(row + 1) << 16) ^ 0x00AA00AAu;
}

HR_LOCAL uint32_t hr_eight_of_3(const uint8_t *row)
{
    const uint32_t middle = HR_READ(row + 1);

    return ((uint32_t)HR_READ(row) | (middle & 15) << 8 | middle >> 4 << 16 |
            (uint32_t)HR_READ(row + 2) << 20) ^ 0x09240924u;
}

HR_LOCAL uint32_t hr_eight_of(const uint8_t *row, uint8_t bits) /* 3 or 4 */
{
    return bits == 4 ? hr_eight(row) : hr_eight_of_3(row);
}

/* Four words for each eight neurons: U x of neurons 0 and 4, 1 and 5, ..., each plus 2^15, and what
 * the weights have too much. features : 1 to HR_CHUNK; count : a multiple of 8; eight : the words
 * of the weights. */
#define HR_DEFINE_PRODUCTS(name, bits, eight)                                                    \
    HR_APART static void name(const hr_drive *drive, const uint8_t *row, const int8_t *input,    \
                              size_t features, uint32_t *pairs, size_t count)                    \
    {                                                                                            \
        const uint32_t *const end = pairs + (count >> 1);                                        \
        const int8_t *const last = input + features;                                             \
        const size_t stride = drive->stride;                                                     \
        const uint32_t mask = drive->mask;                                                       \
                                                                                                 \
        for (; pairs != end; pairs += 4, row += (bits)) {                                        \
            const int8_t *x = input;                                                             \
            const uint8_t *p = row;                                                              \
            uint32_t a = 0x80008000u, b = a, c = a, d = a;                                       \
                                                                                                 \
            do {                                                                                 \
                const uint32_t value = (uint32_t)(int32_t)*x++;                                  \
                const uint32_t word = (eight);                                                   \
                                                                                                 \
                a += (word & mask) * value;                                                      \
                b += ((word >> (bits)) & mask) * value;                                          \
                c += ((word >> (2 * (bits))) & mask) * value;                                    \
                d += ((word >> (3 * (bits))) & mask) * value;                                    \
                p += stride;                                                                     \
            } while (x != last);                                                                 \
            pairs[0] = a;                                                                        \
            pairs[1] = b;                                                                        \
            pairs[2] = c;                                                                        \
            pairs[3] = d;                                                                        \
        }                                                                                        \
    }
#ifdef HR_WORD
HR_DEFINE_PRODUCTS(hr_products_of_4, 4, HR_WORD(p) ^ 0x88888888u)
#else
HR_DEFINE_PRODUCTS(hr_products_of_4, 4, hr_eight(p))
#endif
HR_DEFINE_PRODUCTS(hr_products_of_2, 2, hr_eight_of_2(p))
HR_DEFINE_PRODUCTS(hr_products_of_any, drive->bits, hr_eight_of(p, drive->bits))

/* The words of weights of 2 to 4 bits. */
HR_LOCAL void hr_products_in_pairs(const hr_drive *drive, const uint8_t *row, const int8_t *input,
                                   size_t features, uint32_t *pairs, size_t count)
{
    if (drive->bits == 4 && HR_MAY_READ_WORDS(row, drive->stride)) {
        hr_products_of_4(drive, row, input, features, pairs, count);
    } else if (drive->bits == 2) {
        hr_products_of_2(drive, row, input, features, pairs, count);
    } else {
        hr_products_of_any(drive, row, input, features, pairs, count);
    }
}

/* rest[i] = p M + B 2^bias_shift + start for words of products; count : a multiple of 8. Where pairs
 * is the last half of rest, each word is read before rest takes its place. */
HR_APART static void hr_scale_pairs(const uint32_t *pairs, const hr_drive *drive,
                                    const uint8_t *bias, uint32_t *rest, size_t count)
{
    const uint32_t *const end = rest + count;
    const uint32_t multiplier = (uint32_t)drive->multiplier, gain = (uint32_t)drive->bias_gain;
    const uint32_t start = drive->offset - (multiplier << 15);
#ifdef HR_SMALL
    uint8_t i;
#endif

    for (; rest != end; rest += 8, bias += 16, pairs += 4) {
#define HR_TWO(i)                                                                                \
    do {                                                                                         \
        const uint32_t low = HR_HALF(pairs, 2 * (i)), high = HR_HALF(pairs, 2 * (i) + 1);        \
                                                                                                 \
        rest[i] = low * multiplier + start +                                                     \
                  (uint32_t)(int32_t)hr_read16(bias + 2 * (i)) * gain;                           \
        rest[(i) + 4] = high * multiplier + start +                                              \
                        (uint32_t)(int32_t)hr_read16(bias + 2 * (i) + 8) * gain;                 \
    } while (0)
#ifdef HR_SMALL
        for (i = 0; i < 4; i++) {
            HR_TWO(i);
        }
#else
        HR_TWO(0);
        HR_TWO(1);
        HR_TWO(2);
        HR_TWO(3);
#endif
#undef HR_TWO
    }
}

/* rest[i] += p M for words of more products; count : a multiple of 8. */
HR_APART static void hr_add_pairs(const uint32_t *pairs, uint32_t multiplier, uint32_t *rest,
                                  size_t count)
{
    const uint32_t *const end = rest + count;
    const uint32_t start = 0u - (multiplier << 15);

    for (; rest != end; rest += 4) {
        const uint32_t *const half = rest + 4;

        for (; rest != half; rest++, pairs++) {
            rest[0] += HR_HALF(pairs, 0) * multiplier + start;
            rest[4] += HR_HALF(pairs, 1) * multiplier + start;
        }
    }
}

/* hidden = saturate((y G + rest) >> F) for t in words of two, each plus 2^15; count : a multiple of
 * 8.
 *
 * round(-t / sqrt 2) is -round(t / sqrt 2): only |t| = 2^15, which does not fit, would be a tie. */
HR_APART static void hr_settle_pairs(const hr_model *model, const hr_drive *drive,
                                     const uint32_t *pair, const uint32_t *rest, int16_t *hidden,
                                     size_t first, size_t count)
{
    const uint8_t *signs = model->signs + (first >> 3);
    const uint8_t fraction = model->fraction_bits;
    const uint32_t scale = model->block_log2 & 1 ? 46341 : 65536; /* 1 / sqrt 2 or 1 */
    const uint32_t centre = 32768 - (scale << 15);
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    const uint32_t gain = (uint32_t)drive->gain;
    const int16_t *const end = hidden + count;
#ifdef HR_SMALL
    uint8_t i;
#endif

/* One neuron; written out, so that no loop counts and no pointer moves between. */
#define HR_ONE(i)                                                                                \
    do {                                                                                         \
        const uint32_t t = HR_HALF(pair, i);                                                     \
        const int32_t flip = hr_shift_right((int32_t)(bits << (31 - (i))), 31);                  \
        const int32_t y = hr_shift_right((int32_t)(t * scale + centre), 16);                     \
        int32_t value = hr_shift_right(                                                          \
            (int32_t)((uint32_t)((y ^ flip) - flip) * gain + rest[i]), fraction);                \
                                                                                                 \
        if ((uint32_t)(value + limit) > (uint32_t)limit * 2) { /* rare, one test for both ends */ \
            value = value < 0 ? -limit : limit;                                                  \
        }                                                                                        \
        hidden[i] = (int16_t)value;                                                              \
    } while (0)

    for (; hidden != end; hidden += 8, rest += 8, pair += 4) {
        const uint32_t bits = HR_READ(signs);

        signs++;
#ifdef HR_SMALL
        for (i = 0; i < 8; i++) {
            HR_ONE(i);
        }
#else
        HR_ONE(0);
        HR_ONE(1);
        HR_ONE(2);
        HR_ONE(3);
        HR_ONE(4);
        HR_ONE(5);
        HR_ONE(6);
        HR_ONE(7);
#endif
    }
#undef HR_ONE
}
#endif
#endif

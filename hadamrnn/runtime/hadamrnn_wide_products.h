/* The product with the input on processors with vectors.
 *
 * How it got fast. One instruction multiplies by two features, and one p by M and B by
 * 2^bias_shift. */
#ifndef HADAMRNN_WIDE_PRODUCTS_H
#define HADAMRNN_WIDE_PRODUCTS_H

#include <string.h>

#include "hadamrnn_update.h"
#include "hadamrnn_vectors.h"

#ifdef HR_WIDE
/* What a step needs beside hr_drive. */
typedef struct {
    hr_halves factors[HR_FEATURES / 2]; /* two features in each lane */
    size_t features;                    /* 1 for a symbol */
    uint32_t start;                     /* R, less what weights without a sign add, plus more */
    uint32_t more;                      /* what takes HR_OFFSET back */
    uint8_t fast;                       /* whether hr_rest_fast applies */
} hr_wide;

/* factors of 1 to HR_FEATURES features; returns the sum of these. */
HR_INLINE int32_t hr_factors(const int8_t *input, size_t features, hr_halves *factors)
{
    hr_halves sum = {0};

    for (; features > 1; features -= 2, input += 2) {
        uint16_t two;

        memcpy(&two, input, sizeof two);
        *factors = HR_ALL(hr_halves, two);
        sum += HR_PRODUCTS(HR_ALL(hr_halves, 0x0101), *factors);
        factors++;
    }
    if (features) {
        *factors = HR_ALL(hr_halves, (uint8_t)input[0]);
        sum += HR_PRODUCTS(HR_ALL(hr_halves, 0x0101), *factors);
    }
    return (int16_t)sum[0];
}

/* The weights of a group, of 2 to 4 bits, as nibbles without a sign: each plus 8. */
HR_INLINE hr_bytes hr_group_weights(const uint8_t *row, uint8_t bits)
{
    if (bits == 4) {
        return *(const hr_bytes *)row ^ HR_ALL(hr_bytes, 0x88);
    }
    if (bits == 2) { /* the lower halves of both parts hold the bytes, which become two each */
        uint64_t first, last;
        hr_bytes packed;
        hr_halves even, odd;

        memcpy(&first, row, sizeof first);
        memcpy(&last, row + HR_BYTES / 2 - sizeof last, sizeof last);
        packed = hr_two_halves(first, last);
        even = (hr_halves)((packed & 0x03) | ((packed & 0x0C) << 2));
        odd = (hr_halves)(((packed >> 4) & 0x03) | ((packed >> 2) & 0x30));
        return ((hr_bytes)HR_LOW8(even, odd) ^ 0x22) + 0x66;
    } else {
        uint32_t words[HR_WORDS];
        hr_bytes nibbles;
        size_t i;

        for (i = 0; i < HR_WORDS; i++, row += 3) { /* of 12 bits in each half, 6 in each byte, 3 */
            uint32_t word = hr_eight_of_3(row);

            word = (word & 0x003F003Fu) | (word & 0x0FC00FC0u) << 2;
            words[i] = ((word & 0x07070707u) | (word & 0x38383838u) << 1) + 0x44444444u;
        }
        memcpy(&nibbles, words, sizeof nibbles);
        return nibbles;
    }
}

/* sums = U x of a group of neurons in their order, of weights of 2 to 4 bits that are 8 too large.
 * features : 1 to HR_FEATURES, with which the sums fit 16 bits. */
HR_INLINE void hr_group_products(const uint8_t *row, size_t stride, const hr_halves *factors,
                                 size_t features, hr_halves *sums, uint8_t bits)
{
    hr_halves a = {0}, b = {0}, c = {0}, d = {0}, p, q, r, s;

#define HR_TWO_FEATURES(even, odd)                                                               \
    do {                                                                                         \
        const hr_halves low = HR_LOW8(even, odd), high = HR_HIGH8(even, odd), x = *factors;      \
                                                                                                 \
        a += HR_PRODUCTS(low & 0x0F0F, x);                                                       \
        b += HR_PRODUCTS((low >> 4) & 0x0F0F, x);                                                \
        c += HR_PRODUCTS(high & 0x0F0F, x);                                                      \
        d += HR_PRODUCTS((high >> 4) & 0x0F0F, x);                                               \
    } while (0)
    for (; features > 1; features -= 2, row += 2 * stride, factors++) {
        const hr_bytes even = hr_group_weights(row, bits);
        const hr_bytes odd = hr_group_weights(row + stride, bits);

        HR_TWO_FEATURES(even, odd);
    }
    if (features) { /* twice, for the other factor is 0 */
        const hr_bytes one = hr_group_weights(row, bits);

        HR_TWO_FEATURES(one, one);
    }
#undef HR_TWO_FEATURES
    p = HR_LOW16(a, b);
    q = HR_HIGH16(a, b);
    r = HR_LOW16(c, d);
    s = HR_HIGH16(c, d);
    sums[0] = HR_BYTES == 32 ? HR_LOW_PART(p, q) : p;
    sums[1] = HR_BYTES == 32 ? HR_LOW_PART(r, s) : q;
    sums[2] = HR_BYTES == 32 ? HR_HIGH_PART(p, q) : r;
    sums[3] = HR_BYTES == 32 ? HR_HIGH_PART(r, s) : s;
}

/* rest = p M + B 2^bias_shift + R modulo 2^32 for a group of neurons from first on, in the order of
 * HR_LOW16 and HR_HIGH16: for weights of 4 bits, at most HR_FEATURES features, and M and
 * 2^bias_shift below 2^15. */
HR_INLINE void hr_rest_fast(const hr_model *model, const hr_drive *drive, const hr_wide *wide,
                            size_t first, hr_words *rest)
{
    const hr_words factors =
        HR_ALL(hr_words, (uint32_t)drive->multiplier | (uint32_t)drive->bias_gain << 16);
    const hr_words start = HR_ALL(hr_words, wide->start);
    const hr_bytes *const bias = (const hr_bytes *)(model->bias + 2 * first);
    hr_halves sums[4];
    size_t i;

    hr_group_products(drive->row + (first >> 1), drive->stride, wide->factors, wide->features,
                      sums, 4);
    for (i = 0; i < 4; i++) {
        rest[2 * i] = HR_MADD(HR_LOW16(sums[i], bias[i]), factors) + start;
        rest[2 * i + 1] = HR_MADD(HR_HIGH16(sums[i], bias[i]), factors) + start;
    }
}

/* The same for all other models. */
HR_APART static void hr_rest_any(const hr_model *model, const hr_drive *drive, const hr_wide *wide,
                                 size_t first, hr_words *rest)
{
    const uint32_t multiplier = (uint32_t)drive->multiplier, gain = (uint32_t)drive->bias_gain;
    const hr_bytes *const bias = (const hr_bytes *)(model->bias + 2 * first);
    const int8_t *input = drive->input;
    const uint8_t bits = model->input_weight_bits, *row = drive->row + (first * bits >> 3);
    size_t features = wide->features, i;

    if (bits > 4) {
        uint32_t plain[HR_GROUP];

        hr_rest(model, drive, first, HR_GROUP, plain);
        for (i = 0; i < HR_GROUP; i += HR_HALVES) {
            const hr_words a = *(const hr_words *)(plain + i);
            const hr_words b = *(const hr_words *)(plain + i + HR_WORDS);

            *rest++ = (hr_words)HR_LOW_PART(a, b) + wide->more;
            *rest++ = (hr_words)HR_HIGH_PART(a, b) + wide->more;
        }
        return;
    }
    for (i = 0; i < 4; i++) {
        rest[2 * i] = HR_WIDEN_LOW(bias[i]) * gain + wide->start;
        rest[2 * i + 1] = HR_WIDEN_HIGH(bias[i]) * gain + wide->start;
    }
    while (features) {
        const size_t count = features < HR_FEATURES ? features : HR_FEATURES;
        hr_halves factors[HR_FEATURES / 2], sums[4];

        hr_factors(input, count, factors);
        if (bits == 4) {
            hr_group_products(row, drive->stride, factors, count, sums, 4);
        } else if (bits == 3) {
            hr_group_products(row, drive->stride, factors, count, sums, 3);
        } else {
            hr_group_products(row, drive->stride, factors, count, sums, 2);
        }
        for (i = 0; i < 4; i++) {
            rest[2 * i] += HR_WIDEN_LOW(sums[i]) * multiplier;
            rest[2 * i + 1] += HR_WIDEN_HIGH(sums[i]) * multiplier;
        }
        features -= count;
        input += count;
        row += count * drive->stride;
    }
}
#endif
#endif

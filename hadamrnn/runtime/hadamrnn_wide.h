/* A step on processors with vectors; only hadamrnn.c includes this file, after its helpers, where
 * HR_WIDE is defined.
 *
 * How it got fast. Every loop works on whole vectors: of 32 bytes with AVX2, else of 16.
 * Transform: the levels inside vectors are additions of whole vectors too, because two vectors are
 * interleaved before each; interleaved four times, 16-bit values are back in their places. Levels
 * whose results fit 16 bits are done in 16 bits, seven at once in registers.
 * Update: one instruction multiplies by two features, one p by M and B by 2^bias_shift, and one
 * saturates. (y 2^w + rest) >> F is (y + (rest >> w)) >> k: where both terms fit 16 bits, all the
 * rest of the update is done in 16 bits, and what saturates on the way would do so at the end.
 * These instructions are those of x86; plain C for other processors stands beside each. */
#ifndef HADAMRNN_WIDE_H
#define HADAMRNN_WIDE_H

#if defined(__SSE2__) && !defined(HR_NO_INTRINSICS)
#define HR_X86
#include <immintrin.h>
#endif
#if defined(HR_X86) && defined(__AVX2__)
#define HR_BYTES 32
#define HR_IN_VECTOR 4 /* log2 of the 16-bit lanes of a vector */
#else
#define HR_BYTES 16
#define HR_IN_VECTOR 3
#endif

enum {
    HR_GROUP = 2 * HR_BYTES,      /* neurons whose weights of 4 bits fill a vector */
    HR_HALVES = HR_BYTES / 2,     /* 16-bit lanes */
    HR_WORDS = HR_BYTES / 4,      /* 32-bit lanes */
    HR_FEATURES = 16,             /* 15 * 128 * 16 < 2^15 */
    HR_OFFSET = (46341 - 1) / 2   /* (2^15 * 46341) >> 16, see HR_TIMES_ROOT */
};

#define HR_VECTOR_OF(type) __attribute__((vector_size(HR_BYTES), aligned(sizeof(type)), may_alias))
typedef uint8_t hr_bytes HR_VECTOR_OF(uint8_t);
typedef uint16_t hr_halves HR_VECTOR_OF(uint16_t);
typedef int16_t hr_signed_halves HR_VECTOR_OF(uint16_t);
typedef uint32_t hr_words HR_VECTOR_OF(uint32_t);
typedef int32_t hr_signed_words HR_VECTOR_OF(uint32_t);

#if HR_BYTES == 32
typedef uint16_t hr_sign_bits; /* one for each 16-bit lane */
#define HR_LANE_BITS {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768}
#else
typedef uint8_t hr_sign_bits;
#define HR_LANE_BITS {1, 2, 4, 8, 16, 32, 64, 128}
#endif

/* So that what is constant where it is called is constant within. */
#define HR_INLINE __attribute__((always_inline)) static inline

/* A vector whose lanes are all x. */
#define HR_ALL(type, x) ((type){0} + (x))

/* Arithmetic shifts to the right; these compilers have them. */
#define HR_SHIFT16(v, count) ((hr_halves)((hr_signed_halves)(v) >> (int16_t)(count)))
#define HR_SHIFT32(v, count) ((hr_words)((hr_signed_words)(v) >> (int32_t)(count)))

/* HR_LOW* and HR_HIGH*: a[0], b[0], a[1], b[1], ... of the lower and of the upper halves of a and
 * b, with AVX2 of each part of 16 bytes.
 * HR_PRODUCTS: of two bytes from 0 to 15 and two signed bytes, summed, in each 16-bit lane.
 * HR_MADD: the same of two signed 16-bit values in each 32-bit lane.
 * HR_PACK: 32-bit lanes of low and high, back in the order before HR_LOW16 and HR_HIGH16, saturated
 * to -limit and limit. */
#ifdef HR_X86
#if HR_BYTES == 32
#define HR_NATIVE(v) ((__m256i)(v))
#define HR_CALL(type, name, a, b) ((type)_mm256_##name(HR_NATIVE(a), HR_NATIVE(b)))
#else
#define HR_NATIVE(v) ((__m128i)(v))
#define HR_CALL(type, name, a, b) ((type)_mm_##name(HR_NATIVE(a), HR_NATIVE(b)))
#endif
#define HR_LOW8(a, b) HR_CALL(hr_halves, unpacklo_epi8, a, b)
#define HR_HIGH8(a, b) HR_CALL(hr_halves, unpackhi_epi8, a, b)
#define HR_LOW16(a, b) HR_CALL(hr_halves, unpacklo_epi16, a, b)
#define HR_HIGH16(a, b) HR_CALL(hr_halves, unpackhi_epi16, a, b)
#define HR_MADD(a, b) HR_CALL(hr_words, madd_epi16, a, b)
#define HR_SMALLEST(a, b) HR_CALL(hr_halves, min_epi16, a, b)
#define HR_LARGEST(a, b) HR_CALL(hr_halves, max_epi16, a, b)
#define HR_SATURATE(v, limit)                                                                    \
    HR_SMALLEST(HR_LARGEST(v, HR_ALL(hr_halves, (uint16_t)-(limit))),                            \
                HR_ALL(hr_halves, (uint16_t)(limit)))
#define HR_HIGH_PRODUCT(a, b) HR_CALL(hr_halves, mulhi_epu16, a, b)
#define HR_RELU(v) HR_LARGEST(v, (hr_halves){0})
#define HR_PACK(low, high, limit) HR_SATURATE(HR_CALL(hr_halves, packs_epi32, low, high), limit)
#else
#define HR_LOW8(a, b)                                                                            \
    ((hr_halves)__builtin_shufflevector((hr_bytes)(a), (hr_bytes)(b), 0, 16, 1, 17, 2, 18, 3,    \
                                        19, 4, 20, 5, 21, 6, 22, 7, 23))
#define HR_HIGH8(a, b)                                                                           \
    ((hr_halves)__builtin_shufflevector((hr_bytes)(a), (hr_bytes)(b), 8, 24, 9, 25, 10, 26, 11,  \
                                        27, 12, 28, 13, 29, 14, 30, 15, 31))
#define HR_LOW16(a, b)                                                                           \
    __builtin_shufflevector((hr_halves)(a), (hr_halves)(b), 0, 8, 1, 9, 2, 10, 3, 11)
#define HR_HIGH16(a, b)                                                                          \
    __builtin_shufflevector((hr_halves)(a), (hr_halves)(b), 4, 12, 5, 13, 6, 14, 7, 15)
#define HR_MADD(a, b)                                                                            \
    (HR_SHIFT32((hr_words)(a) << 16, 16) * HR_SHIFT32((hr_words)(b) << 16, 16) +                 \
     HR_SHIFT32(a, 16) * HR_SHIFT32(b, 16))
#define HR_RELU(v) ((v) & (hr_halves)((hr_signed_halves)(v) > 0))
#define HR_PICK(choice, a, b) (((a) & (hr_words)(choice)) | ((b) & ~(hr_words)(choice)))
#define HR_SMALLEST(a, b) HR_PICK((hr_signed_words)(a) < (hr_signed_words)(b), a, b)
#define HR_LARGEST(a, b) HR_PICK((hr_signed_words)(a) > (hr_signed_words)(b), a, b)
#define HR_SATURATE(v, limit)                                                                    \
    HR_SMALLEST(HR_LARGEST(v, HR_ALL(hr_words, (uint32_t)-(limit))),                             \
                HR_ALL(hr_words, (uint32_t)(limit)))
#define HR_PACK(low, high, limit)                                                                \
    __builtin_shufflevector((hr_halves)HR_SATURATE(low, limit),                                  \
                            (hr_halves)HR_SATURATE(high, limit), 0, 2, 4, 6, 8, 10, 12, 14)
#endif
#if defined(HR_X86) && defined(__SSSE3__)
#define HR_PRODUCTS(a, b) HR_CALL(hr_halves, maddubs_epi16, a, b)
#else
#define HR_PRODUCTS(a, b)                                                                        \
    (((a) & 255) * (hr_halves)HR_SHIFT16((b) << 8, 8) + ((a) >> 8) * HR_SHIFT16(b, 8))
#endif

/* HR_PARTS: parts of 16 bytes; a0 a1, b0 b1 become a0 b0, a1 b1, and back. */
#if HR_BYTES == 32
#define HR_LOW_PART(a, b)                                                                        \
    ((hr_halves)_mm256_permute2x128_si256(HR_NATIVE(a), HR_NATIVE(b), 0x20))
#define HR_HIGH_PART(a, b)                                                                       \
    ((hr_halves)_mm256_permute2x128_si256(HR_NATIVE(a), HR_NATIVE(b), 0x31))
#else
#define HR_LOW_PART(a, b) ((hr_halves)(a))
#define HR_HIGH_PART(a, b) ((hr_halves)(b))
#endif

/* Exchange lanes of a and b, then add and subtract. */
#define HR_LEVEL(low, high, a, b)                                                                \
    do {                                                                                         \
        const hr_halves left = low(a, b), right = high(a, b);                                    \
                                                                                                 \
        a = left + right;                                                                        \
        b = left - right;                                                                        \
    } while (0)

/* The HR_IN_VECTOR lowest levels of two neighbouring vectors. */
#define HR_IN_VECTORS(a, b)                                                                      \
    do {                                                                                         \
        hr_halves swapped;                                                                       \
                                                                                                 \
        if (HR_BYTES == 32) {                                                                    \
            HR_LEVEL(HR_LOW_PART, HR_HIGH_PART, a, b);                                           \
        }                                                                                        \
        HR_LEVEL(HR_LOW16, HR_HIGH16, a, b);                                                     \
        HR_LEVEL(HR_LOW16, HR_HIGH16, a, b);                                                     \
        HR_LEVEL(HR_LOW16, HR_HIGH16, a, b);                                                     \
        swapped = HR_LOW16(a, b);                                                                \
        b = HR_HIGH16(a, b);                                                                     \
        a = HR_LOW_PART(swapped, b);                                                             \
        b = HR_HIGH_PART(swapped, b);                                                            \
    } while (0)

/* 16-bit lanes as 32-bit ones, in the order of HR_LOW16 and HR_HIGH16. */
#define HR_WIDEN_LOW(v) HR_SHIFT32(HR_LOW16(v, v), 16)
#define HR_WIDEN_HIGH(v) HR_SHIFT32(HR_HIGH16(v, v), 16)

/* Levels on whole vectors: p[0] and p[half], then twice that, ... */
#define HR_DEFINE_LEVELS(name, type)                                                             \
    static void name(type *const begin, type *const end, size_t half, uint8_t levels)            \
    {                                                                                            \
        for (; levels >= 3; levels = (uint8_t)(levels - 3), half *= 8) {                         \
            HR_PASS8(type, begin, end, half);                                                    \
        }                                                                                        \
        if (levels == 2) {                                                                       \
            type *p = begin;                                                                     \
            for (; p != end; p += 3 * half) {                                                    \
                type *const next = p + half;                                                     \
                for (; p != next; p++) {                                                         \
                    const type a = p[0] + p[half], b = p[0] - p[half];                           \
                    const type c = p[2 * half] + p[3 * half], d = p[2 * half] - p[3 * half];     \
                    p[0] = a + c;                                                                \
                    p[half] = b + d;                                                             \
                    p[2 * half] = a - c;                                                         \
                    p[3 * half] = b - d;                                                         \
                }                                                                                \
            }                                                                                    \
        } else if (levels == 1) {                                                                \
            type *p = begin;                                                                     \
            for (; p != end; p += half) {                                                        \
                type *const next = p + half;                                                     \
                for (; p != next; p++) {                                                         \
                    const type a = p[0], b = p[half];                                            \
                    p[0] = a + b;                                                                \
                    p[half] = a - b;                                                             \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
    }
HR_DEFINE_LEVELS(hr_levels_of_halves, hr_halves)
HR_DEFINE_LEVELS(hr_levels_of_words, hr_words)

/* Whether the update may work in 16 bits. Where t fits 16 bits, rest >> w must. Where t takes one
 * bit more, it is saturated to them: if rest >> w, at most D, is so small that the state saturates
 * whenever t does. The proof that the accumulator fits 32 bits bounds D by what y leaves. */
static uint8_t hr_fits_16(const hr_model *model)
{
#ifdef HR_X86
    const uint8_t bits = model->activation_bits, log2 = model->block_log2, k = log2 >> 1;
    const uint8_t width = (uint8_t)(model->fraction_bits - k);
    const uint32_t limit = ((uint32_t)1 << (bits - 1)) - 1;
    uint32_t widest = model->block_size * limit, saturated = 32767, d;

    if (model->transform_bits == 16) {
        return width >= 16 || model->aligned_shift != HR_NOT_ALIGNED;
    }
    if (log2 > 17 - bits || log2 <= HR_IN_VECTOR) {
        return 0;
    }
    if (log2 & 1) {
        widest = (widest * 46341 + 32768) >> 16;
        saturated = 23168;
    }
    d = (0x7FFFFFFFu >> width) - widest + 1;
    return d <= 32767 && d + ((limit + 1) << k) <= saturated;
#else
    return (void)model, 0;
#endif
}

/* t = (I_q (x) S_m) h into scratch: if in_16, 16-bit values in their order, of 17 bits saturated.
 * Otherwise the same if transform_bits is 16, else words, those of each HR_HALVES neurons in the
 * order of HR_LOW16 and HR_HIGH16. */
HR_APART static void hr_transform_wide(const hr_model *model, hr_state *state, uint8_t in_16)
{
    const size_t size = model->hidden_size;
    const uint8_t log2 = model->block_log2;
    const hr_halves *const hidden = (const hr_halves *)state->hidden;
    hr_halves *const halves = (hr_halves *)state->scratch;
    hr_words *const words = (hr_words *)state->scratch, *const end = words + size / HR_WORDS;
    uint8_t narrow = (uint8_t)(16 - model->activation_bits); /* (2^(a-1) - 1) 2^(16-a) < 2^15 */
    uint8_t done = HR_IN_VECTOR;
    size_t i;

    narrow = narrow < log2 ? narrow : log2;
    if (narrow < HR_IN_VECTOR) { /* rare: the general loops, and their order changed */
        hr_transform(model, state);
        if (log2 == 0) {
            memcpy(halves, hidden, size * sizeof(int16_t));
        } else if (model->transform_bits == 16) { /* words of two, see hr_low and hr_high */
            for (i = 0; i < size / HR_HALVES; i++) {
                words[i] = (words[i] + 0x8000) ^ 0x8000;
            }
        } else {
            for (i = 0; i < size / HR_WORDS; i += 2) {
                const hr_words a = words[i], b = words[i + 1];

                words[i] = (hr_words)HR_LOW_PART(a, b);
                words[i + 1] = (hr_words)HR_HIGH_PART(a, b);
            }
        }
        return;
    }
    if (narrow >= HR_IN_VECTOR + 3) {
        done = HR_IN_VECTOR + 3;
        for (i = 0; i < size / HR_HALVES; i += 8) {
            hr_halves v[8], *p = v;
            size_t k;

            for (k = 0; k < 8; k++) { /* not memcpy, which compilers call for so much */
                v[k] = hidden[i + k];
            }
            HR_IN_VECTORS(v[0], v[1]);
            HR_IN_VECTORS(v[2], v[3]);
            HR_IN_VECTORS(v[4], v[5]);
            HR_IN_VECTORS(v[6], v[7]);
            HR_RADIX8(hr_halves, p, 1);
            for (k = 0; k < 8; k++) {
                halves[i + k] = v[k];
            }
        }
    } else {
        const uint8_t widen = narrow == HR_IN_VECTOR && log2 > narrow && !in_16;

        for (i = 0; i < size / HR_HALVES; i += 2) {
            hr_halves a = hidden[i], b = hidden[i + 1];

            HR_IN_VECTORS(a, b);
            if (widen) {
                words[2 * i] = HR_WIDEN_LOW(a);
                words[2 * i + 1] = HR_WIDEN_HIGH(a);
                words[2 * i + 2] = HR_WIDEN_LOW(b);
                words[2 * i + 3] = HR_WIDEN_HIGH(b);
            } else {
                halves[i] = a;
                halves[i + 1] = b;
            }
        }
    }
    if (narrow > done) {
        hr_levels_of_halves(halves, halves + size / HR_HALVES, (size_t)1 << (done - HR_IN_VECTOR),
                            (uint8_t)(narrow - done));
    }
#ifdef HR_X86
    if (log2 > narrow && in_16) { /* one level more */
        const size_t half = (size_t)1 << (narrow - HR_IN_VECTOR);
        const hr_halves least = HR_ALL(hr_halves, 0x8001); /* -32767, which has a negative */
        size_t j;

        for (i = 0; i < size / HR_HALVES; i += 2 * half) {
            for (j = i; j < i + half; j++) {
                const hr_halves a = halves[j], b = halves[j + half];

                halves[j] = HR_LARGEST(HR_CALL(hr_halves, adds_epi16, a, b), least);
                halves[j + half] = HR_LARGEST(HR_CALL(hr_halves, subs_epi16, a, b), least);
            }
        }
        return;
    }
#endif
    (void)in_16;
    if (log2 > narrow) {
        for (i = narrow > HR_IN_VECTOR ? size / HR_HALVES : 0; i; i--) {
            const hr_halves v = halves[i - 1]; /* from the last on, for they are in one place */

            words[2 * i - 2] = HR_WIDEN_LOW(v);
            words[2 * i - 1] = HR_WIDEN_HIGH(v);
        }
        hr_levels_of_words(words, end, (size_t)2 << (narrow - HR_IN_VECTOR),
                           (uint8_t)(log2 - narrow));
    }
}

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

/* sums = U x of a group of neurons in their order, with weights of 4 bits read as nibble + 8
 * without a sign. features : 1 to HR_FEATURES, with which the sums fit 16 bits. */
HR_INLINE void hr_group_products(const uint8_t *row, size_t stride, const hr_halves *factors,
                                 size_t features, hr_halves *sums)
{
    const hr_bytes flip = HR_ALL(hr_bytes, 0x88);
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
        HR_TWO_FEATURES(*(const hr_bytes *)row ^ flip, *(const hr_bytes *)(row + stride) ^ flip);
    }
    if (features) { /* twice, for the other factor is 0 */
        HR_TWO_FEATURES(*(const hr_bytes *)row ^ flip, *(const hr_bytes *)row ^ flip);
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
                      sums);
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
    const uint8_t *row = drive->row + (first >> 1);
    size_t features = wide->features, i, j;

    if (model->input_weight_bits != 4) {
        uint32_t plain[HR_BATCH];

        for (i = 0; i < HR_GROUP; i += HR_BATCH) {
            hr_rest(model, drive, first + i, HR_BATCH, plain);
            for (j = 0; j < HR_BATCH; j += HR_HALVES) {
                const hr_words a = *(const hr_words *)(plain + j);
                const hr_words b = *(const hr_words *)(plain + j + HR_WORDS);

                *rest++ = (hr_words)HR_LOW_PART(a, b) + wide->more;
                *rest++ = (hr_words)HR_HIGH_PART(a, b) + wide->more;
            }
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
        hr_group_products(row, drive->stride, factors, count, sums);
        for (i = 0; i < 4; i++) {
            rest[2 * i] += HR_WIDEN_LOW(sums[i]) * multiplier;
            rest[2 * i + 1] += HR_WIDEN_HIGH(sums[i]) * multiplier;
        }
        features -= count;
        input += count;
        row += count * drive->stride;
    }
}

/* Words u t + 2^15 to y + HR_OFFSET, which is (46341 word) >> 16. */
#ifdef HR_X86
#if HR_BYTES == 32 /* upper halves of the first, lower ones of the second */
#define HR_BLEND(a, b) ((hr_words)_mm256_blend_epi16(HR_NATIVE(b), HR_NATIVE(a), 0xAA))
#else
#define HR_BLEND(a, b) (((hr_words)(a) & 0xFFFF0000u) | ((hr_words)(b) & 0xFFFF))
#endif
#define HR_TIMES_ROOT(v)                                                                         \
    (HR_BLEND(v, HR_HIGH_PRODUCT(v, HR_ALL(hr_halves, 46341))) +                                 \
     HR_MADD(v, HR_ALL(hr_words, (46341u - 65536u) << 16)))
#else
#define HR_TIMES_ROOT(v) (HR_SHIFT32(v, 16) * 46341u + ((((v) & 0xFFFF) * 46341u) >> 16))
#endif

enum { HR_IN_16, HR_TO_32, HR_IN_32 }; /* t and the update in 16 bits, t only, neither */

/* All neurons: hidden = saturate((y 2^w + rest) >> F), and the sums of a mean readout.
 * form, root (of 2, in the scale) and fast (input product) are constants where speed matters. */
HR_INLINE void hr_update_wide(const hr_model *model, const hr_drive *drive, const hr_wide *wide,
                              hr_state *state, const int form, const uint8_t root,
                              const uint8_t fast)
{
    const hr_halves lane_bits = HR_LANE_BITS;
    const uint8_t fraction = model->fraction_bits, halvings = model->block_log2 >> 1;
    const uint8_t width = (uint8_t)(fraction - halvings);
    const uint8_t sum_bits = model->sum_bits;
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    const hr_halves *halves = (const hr_halves *)state->scratch;
    const hr_words *words = (const hr_words *)state->scratch;
    hr_halves *hidden = (hr_halves *)state->hidden;
    hr_halves *const end = hidden + model->hidden_size / HR_HALVES;
    hr_halves *sums = (hr_halves *)state->sums16;
    const uint8_t *signs = model->signs;
    size_t first = 0, i;

    while (hidden != end) {
        hr_words rest[8];

        if (fast) {
            hr_rest_fast(model, drive, wide, first, rest);
        } else {
            hr_rest_any(model, drive, wide, first, rest);
        }
        first += HR_GROUP;
        for (i = 0; i < 4; i++, signs += sizeof(hr_sign_bits)) {
            hr_sign_bits bits;
            hr_halves flip, value;

            memcpy(&bits, signs, sizeof bits); /* little-endian, as this processor */
            flip = (hr_halves)((HR_ALL(hr_halves, bits) & lane_bits) == lane_bits);
#ifdef HR_X86
            if (form == HR_IN_16) {
                value = (*halves++ ^ flip) - flip;
                if (root) {
                    value = HR_HIGH_PRODUCT(value + 0x8000, HR_ALL(hr_halves, 46341)) - HR_OFFSET;
                }
                value = HR_CALL(hr_halves, adds_epi16, value,
                                HR_CALL(hr_halves, packs_epi32, HR_SHIFT32(rest[2 * i], width),
                                        HR_SHIFT32(rest[2 * i + 1], width)));
                value = HR_SATURATE(HR_SHIFT16(value, halvings), limit);
            } else
#endif
            {
                const hr_words flip_low = (hr_words)HR_LOW16(flip, flip);
                const hr_words flip_high = (hr_words)HR_HIGH16(flip, flip);
                hr_words low, high;

                if (form == HR_IN_32) {
                    low = *words++;
                    high = *words++;
                } else {
                    low = HR_WIDEN_LOW(*halves);
                    high = HR_WIDEN_HIGH(*halves);
                    halves++;
                }
                low = (low ^ flip_low) - flip_low;
                high = (high ^ flip_high) - flip_high;
                if (root) {
                    low += 0x8000;
                    high += 0x8000;
                    low = HR_TIMES_ROOT(low);
                    high = HR_TIMES_ROOT(high);
                }
                low = HR_SHIFT32((low << width) + rest[2 * i], fraction);
                high = HR_SHIFT32((high << width) + rest[2 * i + 1], fraction);
                value = HR_PACK(low, high, limit);
            }
            *hidden++ = value;
            if (sum_bits == 16) {
                *sums++ += HR_RELU(value);
            }
        }
    }
    if (sum_bits == 32) {
        const int16_t *const states = state->hidden;

        for (i = 0; i < model->hidden_size; i++) {
            state->sums32[i] += (uint32_t)hr_relu(states[i]);
        }
    }
}

#define HR_DEFINE_UPDATE(name, form)                                                             \
    HR_APART static void name(const hr_model *model, const hr_drive *drive, const hr_wide *wide, \
                              hr_state *state)                                                   \
    {                                                                                            \
        const uint8_t root = model->block_log2 & 1;                                              \
                                                                                                 \
        if (!wide->fast) {                                                                       \
            hr_update_wide(model, drive, wide, state, form, root, 0);                            \
        } else if (root) {                                                                       \
            hr_update_wide(model, drive, wide, state, form, 1, 1);                               \
        } else {                                                                                 \
            hr_update_wide(model, drive, wide, state, form, 0, 1);                               \
        }                                                                                        \
    }
#ifdef HR_X86
HR_DEFINE_UPDATE(hr_update_in_16, HR_IN_16)
#endif
HR_DEFINE_UPDATE(hr_update_to_32, HR_TO_32)
HR_DEFINE_UPDATE(hr_update_in_32, HR_IN_32)

/* A step of a model with whole groups of neurons, but for the count of steps. */
static void hr_step_wide(const hr_model *model, hr_state *state, const int8_t *input,
                         uint16_t symbol)
{
    static const int8_t one = 1;
    const uint8_t fraction = model->fraction_bits, halvings = model->block_log2 >> 1;
    const uint8_t width = (uint8_t)(fraction - halvings), bits = model->input_weight_bits;
    const uint32_t offset = model->block_log2 & 1 ? (uint32_t)HR_OFFSET << width : 0;
    const uint8_t in_16 = hr_fits_16(model);
    hr_drive drive;
    hr_wide wide;

    drive.stride = hr_row_bytes(model, bits);
    drive.row = model->input_weight + (input ? 0 : symbol * drive.stride);
    drive.input = input ? input : bits == 4 ? &one : NULL;
    drive.multiplier = model->input_multiplier;
    drive.bias_gain = (int32_t)1 << model->bias_shift;
    drive.rounding = hr_rounding_constant(state->steps, fraction, width);
    wide.features = input ? model->input_size : 1;
    wide.more = in_16 ? 0 : 0 - offset;
    wide.start = (uint32_t)drive.rounding + wide.more;
    wide.fast = bits == 4 && wide.features <= HR_FEATURES && drive.multiplier <= 32767 &&
                drive.bias_gain <= 16384;
    if (wide.fast) {
        wide.start -= 8 * (uint32_t)drive.multiplier *
                      (uint32_t)hr_factors(drive.input, wide.features, wide.factors);
    } else if (bits == 4) {
        size_t i;

        for (i = 0; i < wide.features; i++) {
            wide.start -= 8 * (uint32_t)drive.multiplier * (uint32_t)(int32_t)drive.input[i];
        }
    }
    hr_transform_wide(model, state, in_16);
#ifdef HR_X86
    if (in_16) {
        hr_update_in_16(model, &drive, &wide, state);
        return;
    }
#endif
    if (model->transform_bits == 16) {
        hr_update_to_32(model, &drive, &wide, state);
    } else {
        hr_update_in_32(model, &drive, &wide, state);
    }
}
#endif

/* The fast transform.
 *
 * x <- (I_q (x) S_m) x in place, m = 2^log2, in d log2(m) additions: one pass of radix 2 or 4, then
 * passes of radix 8.
 *
 * How it got fast. Eight values stay in registers over three levels, which divides the loads and
 * stores of radix 2 by three. Where int has 32 bits, two values a and b that are proven to fit 16
 * bits travel as one word, a + 65536 b modulo 2^32: the sum and the difference of two such words
 * are the words of the sums and differences, so one addition does the work of two. What is added
 * to the first state of a block is added to every t. */
#ifndef HADAMRNN_TRANSFORM_H
#define HADAMRNN_TRANSFORM_H

#include "hadamrnn_avr_transform.h"

/* One radix-8 butterfly on p[0], p[half], ..., p[7 half]. The pointer walks, because a small
 * processor has no registers left to hold multiples of half. */
#define HR_RADIX8(type, p, half)                                                                 \
    do {                                                                                         \
        type a = *(p), b = *((p) += (half)), c = *((p) += (half)), d = *((p) += (half)), t;      \
        type e = *((p) += (half)), f = *((p) += (half)), g, h;                                   \
        t = a, a = (type)(a + b), b = (type)(t - b);                                             \
        t = c, c = (type)(c + d), d = (type)(t - d);                                             \
        t = a, a = (type)(a + c), c = (type)(t - c);                                             \
        t = b, b = (type)(b + d), d = (type)(t - d);                                             \
        t = e, e = (type)(e + f), f = (type)(t - f);                                             \
        g = *((p) += (half)), h = *((p) += (half));                                              \
        t = g, g = (type)(g + h), h = (type)(t - h);                                             \
        t = e, e = (type)(e + g), g = (type)(t - g);                                             \
        t = f, f = (type)(f + h), h = (type)(t - h);                                             \
        *(p) = (type)(d - h);                                                                    \
        *((p) -= (half)) = (type)(c - g);                                                        \
        *((p) -= (half)) = (type)(b - f);                                                        \
        *((p) -= (half)) = (type)(a - e);                                                        \
        *((p) -= (half)) = (type)(d + h);                                                        \
        *((p) -= (half)) = (type)(c + g);                                                        \
        *((p) -= (half)) = (type)(b + f);                                                        \
        *((p) -= (half)) = (type)(a + e);                                                        \
    } while (0)

/* Radix-8 butterflies on all of x, from x to end. */
#define HR_PASS8(type, x, end, half)                                                             \
    do {                                                                                         \
        type *at = (x);                                                                          \
        while (at != (end)) {                                                                    \
            type *const next = at + (half);                                                      \
            for (; at != next; at++) {                                                           \
                HR_RADIX8(type, at, half);                                                       \
            }                                                                                    \
            at += 7 * (half);                                                                    \
        }                                                                                        \
    } while (0)

/* Neighbouring butterflies as one on vectors, as wide as the compiler may assume. */
#if defined(__GNUC__) && HR_LANES > 1 && !defined(HR_NO_VECTORS)
#ifdef __AVX512F__
#define HR_VECTOR_WORDS 16
#elif defined(__AVX2__)
#define HR_VECTOR_WORDS 8
#elif defined(__SSE2__) || defined(__ARM_NEON)
#define HR_VECTOR_WORDS 4
#endif
#endif
#ifdef HR_VECTOR_WORDS
#define HR_VECTORS 1
typedef uint32_t hr_vector
    __attribute__((vector_size(4 * HR_VECTOR_WORDS), aligned(4), may_alias));
#else
#define HR_VECTORS 0
#define HR_VECTOR_WORDS 16
typedef uint32_t hr_vector;
#endif

/* A constant stride needs no pointer arithmetic, where two more passes may take room. */
#define HR_FIXED_STRIDES (HR_LANES > 1)
#define HR_FIXED_EIGHTS (HR_FIXED_STRIDES && HR_VECTOR_WORDS > 8) /* else they are in vectors */

/* type : unsigned, so that words of two values may wrap; what is proven to fit never does. */
#define HR_DEFINE_TRANSFORM(name, type)                                                          \
    HR_LOCAL void name(type *x, size_t size, uint8_t log2)                                       \
    {                                                                                            \
        type *const end = x + size, *p;                                                          \
        size_t half = 1;                                                                         \
        uint8_t rest = log2;                                                                     \
        while (rest >= 3) {                                                                      \
            rest = (uint8_t)(rest - 3);                                                          \
        }                                                                                        \
        if (rest == 1) {                                                                         \
            for (p = x; p != end; p += 2) {                                                      \
                const type a = p[0], b = p[1];                                                   \
                p[0] = (type)(a + b);                                                            \
                p[1] = (type)(a - b);                                                            \
            }                                                                                    \
            half = 2;                                                                            \
        } else if (rest == 2) {                                                                  \
            for (p = x; p != end; p += 4) {                                                      \
                const type a = (type)(p[0] + p[1]), b = (type)(p[0] - p[1]);                     \
                const type c = (type)(p[2] + p[3]), d = (type)(p[2] - p[3]);                     \
                p[0] = (type)(a + c);                                                            \
                p[1] = (type)(b + d);                                                            \
                p[2] = (type)(a - c);                                                            \
                p[3] = (type)(b - d);                                                            \
            }                                                                                    \
            half = 4;                                                                            \
        }                                                                                        \
        for (; half >> log2 == 0; half *= 8) {                                                   \
            if (HR_VECTORS && half >= HR_VECTOR_WORDS) {                                         \
                HR_PASS8(hr_vector, (hr_vector *)(void *)x, (hr_vector *)(void *)end,            \
                         half / HR_VECTOR_WORDS);                                                \
            } else if (HR_FIXED_STRIDES && half == 1) {                                          \
                HR_PASS8(type, x, end, 1);                                                       \
            } else if (HR_FIXED_EIGHTS && half == 8) {                                           \
                HR_PASS8(type, x, end, 8);                                                       \
            } else {                                                                             \
                HR_PASS8(type, x, end, half);                                                    \
            }                                                                                    \
        }                                                                                        \
    }

#if HR_LANES == 1
/* Where int has 16 bits, eight 32-bit values do not fit the registers: levels half, 2 half, ...,
 * size / 2 of radix 2, in little code. */
HR_LOCAL void hr_levels32(uint32_t *x, size_t size, size_t block, size_t half)
{
    uint32_t *const end = x + size, *p;

    for (; half < block; half *= 2) {
        for (p = x; p != end; p += half) {
            uint32_t *const next = p + half;

            for (; p != next; p++) {
                const uint32_t a = *p, b = p[half];

                *p = a + b;
                p[half] = a - b;
            }
        }
    }
}
#endif

#ifdef HR_AVR
#ifdef __cplusplus
extern "C" {
#endif
extern void hr_radix8_near(uint16_t *x, size_t count);
extern void hr_radix8_far(uint16_t *x, size_t count);
extern void hr_radix2(uint16_t *x, size_t blocks, size_t bytes);
#ifdef __cplusplus
}
#endif

HR_LOCAL void hr_transform16(uint16_t *x, size_t size, uint8_t log2)
{
    size_t half = 1, blocks = size >> 1;

    if (log2 >= 3) {
        hr_radix8_near(x, size >> 3);
        half = 8;
    }
    if (log2 >= 6) {
        hr_radix8_far(x, size >> 3);
        half = 64;
    }
    for (blocks = blocks / half; half >> log2 == 0; half *= 2, blocks >>= 1) {
        hr_radix2(x, blocks, 2 * half);
    }
}
#elif HR_LANES == 1
HR_DEFINE_TRANSFORM(hr_transform16, uint16_t)
#else
HR_DEFINE_TRANSFORM(hr_transform32, uint32_t)
#endif

/* Of words of two neurons, t + 2^15 in the lower half and the same in the upper one. */
HR_LOCAL int32_t hr_low(uint32_t pair)
{
    return (int32_t)(pair & 0xFFFFu) - 32768;
}

HR_LOCAL int32_t hr_high(uint32_t pair)
{
    return (int32_t)(pair >> 16) - 32768;
}

#if HR_LANES == 1
/* t = (I_q (x) S_m) h, into hidden if it fits there, else into scratch: as many levels as fit 16
 * bits are done in hidden first. */
HR_APART static void hr_transform(const hr_model *model, hr_state *state)
{
    const size_t size = model->hidden_size;
    uint8_t narrow = model->block_log2;
    size_t i;

    if (model->transform_bits == 32) {
        narrow = (uint8_t)(16 - model->activation_bits); /* (2^(a-1) - 1) 2^(16-a) < 2^15 */
    }
    hr_transform16((uint16_t *)state->hidden, size, narrow);
    if (model->transform_bits == 32) {
        for (i = 0; i < size; i++) {
            state->scratch[i] = (uint32_t)(int32_t)state->hidden[i];
        }
        hr_levels32(state->scratch, size, model->block_size, (size_t)1 << narrow);
    }
}
#else
/* Whether the transform uses such words: not for blocks of one, which need none. */
HR_LOCAL uint8_t hr_in_pairs(const hr_model *model)
{
    return model->transform_bits == 16 && model->block_log2 > 0;
}

/* t = (I_q (x) S_m) h into scratch; if it fits 16 bits, as words of two, each plus 2^15: so no half
 * of a word is negative, and none borrows from the other. */
HR_APART static void hr_transform(const hr_model *model, hr_state *state)
{
    const size_t size = model->hidden_size;
    const uint8_t log2 = model->block_log2;
    size_t i;

    if (hr_in_pairs(model)) { /* made by the first level */
        const int16_t *hidden = state->hidden, *const end = hidden + size;
        uint32_t *pair = state->scratch;

        for (; hidden != end; hidden += 2) {
            const int32_t a = hidden[0], b = hidden[1];

            *pair++ = (uint32_t)(a + b) + ((uint32_t)(a - b) << 16);
        }
        for (i = 0; i < size >> 1; i += (size_t)1 << (log2 - 1)) { /* adds 2^15 to all t */
            state->scratch[i] += 0x80008000u;
        }
        hr_transform32(state->scratch, size >> 1, (uint8_t)(log2 - 1));
    } else if (model->transform_bits == 32) {
        for (i = 0; i < size; i++) {
            state->scratch[i] = (uint32_t)(int32_t)state->hidden[i];
        }
        hr_transform32(state->scratch, size, log2);
    } /* else blocks of one: t is h */
}
#endif

/* t of neuron i after hr_transform. */
HR_LOCAL int32_t hr_transformed(const hr_model *model, const hr_state *state, size_t i)
{
#if HR_LANES == 2
    if (hr_in_pairs(model)) {
        const uint32_t pair = state->scratch[i >> 1];

        return i & 1 ? hr_high(pair) : hr_low(pair);
    }
#endif
    return model->transform_bits == 16 ? state->hidden[i] : (int32_t)state->scratch[i];
}
#endif

/* Levels of the fast transform: eight values stay in registers over three levels, which divides the
 * loads and stores of radix 2 by three. */
#ifndef HADAMRNN_RADIX8_H
#define HADAMRNN_RADIX8_H

#include "hadamrnn_basics.h"

/* A difference that is used twice is worked out once: compilers would take it apart again. */
#ifdef __GNUC__
#define HR_KEEP_uint32_t(value) __asm__("" : "+r"(value))
#else
#define HR_KEEP_uint32_t(value) ((void)0)
#endif
#define HR_KEEP_uint16_t(value) HR_KEEP_uint32_t(value)
#define HR_KEEP_hr_vector(value) ((void)0)
#define HR_KEEP_hr_halves(value) ((void)0)
#define HR_KEEP_hr_words(value) ((void)0)

/* Two of the three levels of a radix-8 butterfly on a to h; a + e, a - e, b + f, ... are the third. */
#define HR_EIGHT(type)                                                                           \
    t = a, a = (type)(a + b), b = (type)(t - b);                                                 \
    t = c, c = (type)(c + d), d = (type)(t - d);                                                 \
    HR_KEEP_##type(d);                                                                           \
    t = a, a = (type)(a + c), c = (type)(t - c);                                                 \
    t = b, b = (type)(b + d), d = (type)(t - d);                                                 \
    t = e, e = (type)(e + f), f = (type)(t - f);                                                 \
    t = g, g = (type)(g + h), h = (type)(t - h);                                                 \
    HR_KEEP_##type(h);                                                                           \
    t = e, e = (type)(e + g), g = (type)(t - g);                                                 \
    t = f, f = (type)(f + h), h = (type)(t - h);                                                 \
    HR_KEEP_##type(g);                                                                           \
    HR_KEEP_##type(h)

/* One radix-8 butterfly on p[0], p[half], ..., p[7 half]. The pointer walks, because a small
 * processor has no registers left to hold multiples of half. */
#define HR_RADIX8(type, p, half)                                                                 \
    do {                                                                                         \
        type a = *(p), b = *((p) += (half)), c = *((p) += (half)), d = *((p) += (half)), t;      \
        type e = *((p) += (half)), f = *((p) += (half)), g = *((p) += (half));                   \
        type h = *((p) += (half));                                                               \
        HR_EIGHT(type);                                                                          \
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
#ifdef HR_SMALL
#define HR_FIXED_EIGHTS 0
#else
#define HR_FIXED_EIGHTS (HR_LANES > 1 && HR_VECTOR_WORDS > 8) /* else they are in vectors */
#endif

/* type : unsigned, so that words of two values may wrap; what is proven to fit never does. Levels
 * half, 2 half, ... of blocks of 2^log2: of radix 8 as long as three are left. */
#define HR_DEFINE_PASSES(name, type)                                                             \
    HR_LOCAL void name(type *x, size_t size, uint8_t log2, size_t half)                          \
    {                                                                                            \
        type *const end = x + size;                                                              \
                                                                                                 \
        for (; half << 2 >> log2 == 0; half *= 8) {                                              \
            if (HR_VECTORS && half >= HR_VECTOR_WORDS) {                                         \
                HR_PASS8(hr_vector, (hr_vector *)(void *)x, (hr_vector *)(void *)end,            \
                         half / HR_VECTOR_WORDS);                                                \
            } else if (HR_FIXED_EIGHTS && half == 8) {                                           \
                HR_PASS8(type, x, end, 8);                                                       \
            } else {                                                                             \
                HR_PASS8(type, x, end, half);                                                    \
            }                                                                                    \
        }                                                                                        \
        if (half << 1 >> log2 == 0) {                                                            \
            type *p = x;                                                                         \
                                                                                                 \
            for (; p != end; p += 3 * half) {                                                    \
                type *const next = p + half;                                                     \
                                                                                                 \
                for (; p != next; p++) {                                                         \
                    const type a = p[0], b = p[half], c = p[2 * half], d = p[3 * half];          \
                    const type e = (type)(a + b), f = (type)(a - b);                             \
                    const type g = (type)(c + d), h = (type)(c - d);                             \
                                                                                                 \
                    p[0] = (type)(e + g);                                                        \
                    p[half] = (type)(f + h);                                                     \
                    p[2 * half] = (type)(e - g);                                                 \
                    p[3 * half] = (type)(f - h);                                                 \
                }                                                                                \
            }                                                                                    \
        } else if (half >> log2 == 0) {                                                          \
            type *p = x;                                                                         \
                                                                                                 \
            for (; p != end; p += half) {                                                        \
                type *const next = p + half;                                                     \
                                                                                                 \
                for (; p != next; p++) {                                                         \
                    const type a = p[0], b = p[half];                                            \
                                                                                                 \
                    p[0] = (type)(a + b);                                                        \
                    p[half] = (type)(a - b);                                                     \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
    }
#endif

/* The fast transform; only hadamrnn.c includes this file.
 *
 * x <- (I_q (x) S_m) x in place, m = 2^log2, in d log2(m) additions: one pass of radix 2 or 4, then
 * passes of radix 8.
 *
 * How it got fast. Eight values stay in registers over three levels, which divides the loads and
 * stores of radix 2 by three. Where int has 32 bits, two values a and b that are proven to fit 16
 * bits travel as one word, a + 65536 b modulo 2^32: the sum and the difference of two such words
 * are the words of the sums and differences, so one addition does the work of two. */
#ifndef HADAMRNN_TRANSFORM_H
#define HADAMRNN_TRANSFORM_H

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
        type *p = (x);                                                                           \
        while (p != (end)) {                                                                     \
            type *const next = p + (half);                                                       \
            for (; p != next; p++) {                                                             \
                HR_RADIX8(type, p, half);                                                        \
            }                                                                                    \
            p += 7 * (half);                                                                     \
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
typedef uint32_t hr_vector
    __attribute__((vector_size(4 * HR_VECTOR_WORDS), aligned(4), may_alias));
#else
#define HR_VECTOR_WORDS ((size_t)-1) /* never */
typedef uint32_t hr_vector;
#endif

/* A constant stride needs no pointer arithmetic, where two more passes may take room. */
#define HR_FIXED_STRIDES (HR_LANES > 1)

/* type : unsigned, so that words of two values may wrap; what is proven to fit never does. */
#define HR_DEFINE_TRANSFORM(name, type)                                                          \
    static void name(type *x, size_t size, uint8_t log2)                                         \
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
            if (HR_LANES > 1 && half >= HR_VECTOR_WORDS) {                                       \
                HR_PASS8(hr_vector, (hr_vector *)x, (hr_vector *)end, half / HR_VECTOR_WORDS);   \
            } else if (HR_FIXED_STRIDES && half == 1) {                                          \
                HR_PASS8(type, x, end, 1);                                                       \
            } else if (HR_FIXED_STRIDES && half == 8) {                                          \
                HR_PASS8(type, x, end, 8);                                                       \
            } else {                                                                             \
                HR_PASS8(type, x, end, half);                                                    \
            }                                                                                    \
        }                                                                                        \
    }

/* Where int has 16 bits, eight 32-bit values do not fit the registers: levels half, 2 half, ...,
 * size / 2 of radix 2, in little code. */
static inline void hr_levels32(uint32_t *x, size_t size, size_t block, size_t half)
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

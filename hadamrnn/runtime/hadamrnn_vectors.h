/* Vectors of 16 or 32 bytes: their types, and the operations that a step needs of them. HR_WIDE is
 * defined where the processor has them and the compiler can say so; elsewhere nothing else is.
 * The operations are instructions of x86; plain C for other processors stands beside each. */
#ifndef HADAMRNN_VECTORS_H
#define HADAMRNN_VECTORS_H

#include "hadamrnn_basics.h"

#if defined(__GNUC__) && defined(__has_builtin) && HR_LANES == 2 && !defined(HR_NO_VECTORS)
#if __has_builtin(__builtin_shufflevector) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&         \
    (defined(__SSE2__) || defined(__ARM_NEON))
#define HR_WIDE
#endif
#endif

#ifdef HR_WIDE
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

#define HR_GROUP (2 * HR_BYTES)      /* neurons whose weights of 4 bits fill a vector */
#define HR_HALVES (HR_BYTES / 2)     /* 16-bit lanes */
#define HR_WORDS (HR_BYTES / 4)      /* 32-bit lanes */
#define HR_FEATURES 16               /* 15 * 128 * 16 < 2^15 */
#define HR_OFFSET ((46341 - 1) / 2)  /* (2^15 * 46341) >> 16, see HR_TIMES_ROOT */

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
#define HR_INLINE __attribute__((always_inline, unused)) static inline

/* Both parts of 16 bytes, or the only one, with bytes in their lower halves. */
typedef uint64_t hr_quads HR_VECTOR_OF(uint64_t);
HR_INLINE hr_bytes hr_two_halves(uint64_t first, uint64_t last)
{
#if HR_BYTES == 32
    const hr_quads quads = {first, 0, last, 0};
#else
    const hr_quads quads = {first, 0};

    (void)last;
#endif
    return (hr_bytes)quads;
}

/* A vector whose lanes are all x. */
#define HR_DEFINE_ALL(type, lane)                                                                \
    HR_INLINE type hr_all_of_##type(lane x)                                                      \
    {                                                                                            \
        const type zero = {0};                                                                   \
                                                                                                 \
        return zero + x;                                                                         \
    }
HR_DEFINE_ALL(hr_bytes, uint8_t)
HR_DEFINE_ALL(hr_halves, uint16_t)
HR_DEFINE_ALL(hr_words, uint32_t)
#define HR_ALL(type, x) hr_all_of_##type(x)

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
#define HR_RELU(v) HR_LARGEST(v, (v) ^ (v))
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

/* 16-bit lanes as 32-bit ones, in the order of HR_LOW16 and HR_HIGH16. */
#define HR_WIDEN_LOW(v) HR_SHIFT32(HR_LOW16(v, v), 16)
#define HR_WIDEN_HIGH(v) HR_SHIFT32(HR_HIGH16(v, v), 16)
#endif
#endif

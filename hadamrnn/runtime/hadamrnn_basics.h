/* What the forms of a step share: how bytes are read, how integers are rounded, and what one step
 * hands to its loops. */
#ifndef HADAMRNN_BASICS_H
#define HADAMRNN_BASICS_H

#include <limits.h>

#include "hadamrnn.h"

/* How many 16-bit values share a word in the transform and in the input product. Both ways give
 * the same integers; the tests build both. */
#ifndef HR_LANES
#if INT_MAX < 0x7FFFFFFF
#define HR_LANES 1
#else
#define HR_LANES 2
#endif
#endif

/* Four bytes of a table as a word, where processors cannot read it from everywhere: its address
 * must be a multiple of four. Elsewhere compilers make one of four HR_READ. */
#if defined(HR_READ_IS_PLAIN) && defined(__GNUC__) && defined(__BYTE_ORDER__) &&                   \
    !defined(__ARM_FEATURE_UNALIGNED)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
typedef uint32_t __attribute__((may_alias)) hr_word;
#define HR_WORD(address) (*(const hr_word *)(const void *)(address))
#define HR_MAY_READ_WORDS(row, stride) ((((uintptr_t)(row) | (stride)) & 3) == 0)
#endif
#endif
#ifndef HR_WORD
#define HR_MAY_READ_WORDS(row, stride) 1
#endif

/* Half i of words: their lower halves at even i. */
#if defined(__GNUC__) && defined(__BYTE_ORDER__)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
typedef uint16_t __attribute__((may_alias)) hr_half;
#define HR_HALF(words, i) ((uint32_t)((const hr_half *)(const void *)(words))[i])
#endif
#endif
#ifndef HR_HALF
#define HR_HALF(words, i) (((words)[(i) / 2] >> ((i) & 1 ? 16 : 0)) & 0xFFFFu)
#endif

/* Two halves at an address that is a multiple of four, as they lie. */
#if defined(__GNUC__) && HR_LANES == 2
typedef uint32_t __attribute__((may_alias)) hr_two;
#define HR_BOTH_HALVES(address) (*(hr_two *)(void *)(address))
#endif

/* HR_LOCAL: static, and no fault if the chosen form leaves it unused. HR_APART: never merged into
 * its caller, because loops that are merged run out of registers. */
#ifdef __GNUC__
#define HR_LOCAL static __attribute__((unused))
#define HR_APART __attribute__((noinline, unused))
#else
#define HR_LOCAL static
#define HR_APART
#endif

/* Instructions for pairs of 16 bits: Cortex-M4, M7, M33 and their like. */
#if HR_LANES == 2 && defined(HR_READ_IS_PLAIN) && defined(__GNUC__) && defined(__BYTE_ORDER__) &&  \
    defined(__ARM_FEATURE_SIMD32) && defined(__ARM_FEATURE_UNALIGNED) && defined(__thumb2__) &&    \
    !defined(HR_NO_DSP)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_acle.h>
#define HR_DSP

/* Two halves at any address, as they lie. */
HR_LOCAL uint32_t hr_two_at(const void *address)
{
    uint32_t two;

    __builtin_memcpy(&two, address, sizeof two);
    return two;
}

HR_LOCAL void hr_two_to(void *address, uint32_t two)
{
    __builtin_memcpy(address, &two, sizeof two);
}
#endif
#endif

/* Loads before it are not moved behind it, nor the other way: many at once run out of registers. */
#ifdef __GNUC__
#define HR_IN_ORDER() __asm__ volatile("" : : : "memory")
#else
#define HR_IN_ORDER() ((void)0)
#endif

/* floor(value / 2^shift). C99 leaves >> of a negative value to the implementation: where it is
 * arithmetic, which the compiler decides while compiling, it is used, otherwise avoided. */
HR_LOCAL int32_t hr_shift_right(int32_t value, uint8_t shift)
{
    if ((-1 >> 1) == -1 || value >= 0) {
        return value >> shift;
    }
    return -1 - ((-1 - value) >> shift);
}

/* round(value / sqrt 2) as floor((value * 46341 + 2^15) / 2^16) in 32 bits; |value| < 2^23. */
HR_LOCAL int32_t hr_inverse_sqrt2(int32_t value)
{
    const int32_t high = hr_shift_right(value, 8);
    const int32_t low = value - high * 256;

    return hr_shift_right(high * 46341 + hr_shift_right(low * 46341 + 32768, 8), 8);
}

/* The two's complement reading of 16 bits: a plain conversion wherever the compiler does that. */
HR_LOCAL int16_t hr_int16(uint32_t bits)
{
    if ((int16_t)(uint16_t)65535u == -1) {
        return (int16_t)(uint16_t)bits;
    }
    return (int16_t)((int32_t)((bits & 0xFFFFu) ^ 0x8000u) - 32768);
}

HR_LOCAL int16_t hr_read16(const uint8_t *bytes)
{
    return hr_int16((uint32_t)HR_READ(bytes) | ((uint32_t)HR_READ(bytes + 1) << 8));
}

HR_LOCAL int32_t hr_read32(const uint8_t *bytes)
{
    const uint32_t value = (uint32_t)HR_READ(bytes) | ((uint32_t)HR_READ(bytes + 1) << 8) |
                           ((uint32_t)HR_READ(bytes + 2) << 16) |
                           ((uint32_t)HR_READ(bytes + 3) << 24);

    return value <= 0x7FFFFFFFu ? (int32_t)value : -1 - (int32_t)(0xFFFFFFFFu - value);
}

/* Whether a step adds one row of U: of symbols that have no embedding. */
#define HR_ONE_HOT(model) (((model)->flags & (HR_SYMBOL | HR_EMBEDDING)) == HR_SYMBOL)

/* B of neuron i. */
HR_LOCAL int32_t hr_bias(const hr_model *model, size_t i)
{
    return model->bias_bits == 16 ? hr_read16(model->bias + 2 * i)
                                  : hr_weight(model->bias, i, model->bias_bits);
}

/* G: 2^(F-k), of a fading model times 1 - 2^-fade, which is exact. */
HR_LOCAL int32_t hr_gain(const hr_model *model)
{
    const int32_t gain = (int32_t)1 << (model->fraction_bits - (model->block_log2 >> 1));

    return model->fade ? gain - (gain >> model->fade) : gain;
}

HR_LOCAL int32_t hr_nibble(uint8_t byte)
{
    return (int32_t)((byte & 15) ^ 8) - 8; /* two's complement of 4 bits */
}

HR_LOCAL size_t hr_row_bytes(const hr_model *model, uint8_t bits)
{
    return (size_t)(((uint32_t)model->hidden_size * bits + 7) >> 3);
}

HR_LOCAL int32_t hr_relu(int32_t value)
{
    return value > 0 ? value : 0;
}

/* 2^(F-1) and the dither of step n; see rounding_constant in hadamrnn/integer/fixed_point.py. */
HR_LOCAL int32_t hr_rounding_constant(uint32_t step, uint8_t fraction, uint8_t width)
{
    const uint32_t n = step & 63, tri = ((n * (n + 1)) >> 1) & 31;

    return ((int32_t)1 << (fraction - 1)) + (int32_t)(((2 * tri + 1) << width) >> 6) -
           ((int32_t)1 << (width - 1));
}

/* Neurons, a multiple of 8, whose input products are on the stack. */
#if HR_LANES == 1
#define HR_BATCH 32
#else
#define HR_BATCH 64
#endif

/* What is the same for all neurons of a step. */
typedef struct {
    const int8_t *input; /* for a one-hot symbol the number 1 */
    size_t features;     /* 1 for a one-hot symbol */
    const uint8_t *row;  /* of the first feature, or of the symbol */
    size_t stride;
    int32_t multiplier, bias_gain, rounding;
    uint8_t bits; /* of the weights */
#if HR_LANES == 2
    int32_t gain;           /* G, hidden so that a compiler multiplies and adds at once */
    uint32_t offset;        /* rounding - 2^(p-1) M times the sum of input, of p bits up to 4 */
    volatile uint32_t mask; /* twice p bits, hidden so that a compiler keeps it in a register */
#endif
} hr_drive;
#endif

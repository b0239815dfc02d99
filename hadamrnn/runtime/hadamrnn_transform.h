/* The fast transform.
 *
 * x <- (I_q (x) S_m) x in place, m = 2^log2, in d log2(m) additions: passes of radix 8, then one of
 * radix 4 or 2.
 *
 * How it got fast. Eight values stay in registers over three levels, which divides the loads and
 * stores of radix 2 by three. Where int has 32 bits, two values a and b that are proven to fit 16
 * bits travel as one word, a + 65536 b modulo 2^32: the sum and the difference of two such words
 * are the words of the sums and differences, so one addition does the work of two. What is added
 * to the first state of a block is added to every t. */
#ifndef HADAMRNN_TRANSFORM_H
#define HADAMRNN_TRANSFORM_H

#include "hadamrnn_avr_transform.h"
#include "hadamrnn_radix8.h"

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
HR_DEFINE_PASSES(hr_levels16, uint16_t)

HR_LOCAL void hr_transform16(uint16_t *x, size_t size, uint8_t log2)
{
    hr_levels16(x, size, log2, 1);
}
#else
HR_DEFINE_PASSES(hr_levels, uint32_t)
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

#ifdef HR_DSP
/* Whether a model takes the form of hadamrnn_dsp.h: at most HR_CHUNK of hadamrnn_pairs.h features. */
HR_LOCAL uint8_t hr_is_halved(const hr_model *model)
{
    const uint8_t k = model->block_log2 >> 1, width = (uint8_t)(model->fraction_bits - k);

    return (hr_in_pairs(model) || model->aligned > 1) && model->aligned && k > 0 && width <= 16 &&
           model->bias_shift + 16 - width < 15 && model->bias_bits == 16 &&
           model->input_weight_bits == 4 && (model->hidden_size & 7) == 0 &&
           (HR_ONE_HOT(model) || model->input_size <= 17);
}
#endif

/* Three levels at once while hidden is read, where that may take room. */
#ifdef HR_SMALL
#define HR_FIRST_EIGHTS 0
#else
#define HR_FIRST_EIGHTS 1
#endif

/* A word of two neighbours after the first level, which is between them. */
#ifdef HR_DSP
/* Plus lift, 2^15 in the lower half, so that nothing is borrowed from the upper one. */
HR_LOCAL uint32_t hr_pair(const int16_t *hidden, uint32_t lift)
{
    const int16x2_t two = (int16x2_t)hr_two_at(hidden);
    const uint32_t pair = (uint32_t)__sasx(two, two);

    return (pair << 16 | pair >> 16) ^ lift;
}
#else
HR_LOCAL uint32_t hr_pair(const int16_t *hidden, uint32_t lift)
{
    const int32_t a = hidden[0], b = hidden[1];

    (void)lift;
    return (uint32_t)(a + b) + ((uint32_t)(a - b) << 16);
}
#endif

/* Words of two of the transform of hidden, each half plus 2^15. size : in words; log2 : of the
 * words of a block. The first levels read hidden and write words, so that these are stored once. */
HR_LOCAL void hr_transform_pairs(const int16_t *hidden, uint32_t *words, size_t size, uint8_t log2)
{
    const uint32_t *const end = words + size;
    uint32_t *x = words, lift = 0x8000u;

    HR_KEEP_uint32_t(lift); /* in a register */
    while (x != end) {
        const uint32_t *const last = x + ((size_t)1 << log2);
        uint32_t start = 0x80008000u; /* of the first in a block: added to all that follow it */

        if (HR_FIRST_EIGHTS && log2 >= 3) {
            for (; x != last; x += 8, hidden += 16) {
                uint32_t a = hr_pair(hidden, lift) + start, b = hr_pair(hidden + 2, lift);
                uint32_t c = hr_pair(hidden + 4, lift), d = hr_pair(hidden + 6, lift);
                uint32_t e, f, g, h, t;

                HR_IN_ORDER();
                e = hr_pair(hidden + 8, lift);
                f = hr_pair(hidden + 10, lift);
                HR_IN_ORDER();
                g = hr_pair(hidden + 12, lift);
                h = hr_pair(hidden + 14, lift);
                start = 0;
                HR_EIGHT(uint32_t);
                x[0] = a + e;
                x[1] = b + f;
                x[2] = c + g;
                x[3] = d + h;
                x[4] = a - e;
                x[5] = b - f;
                x[6] = c - g;
                x[7] = d - h;
            }
        } else {
            for (; x != last; x++, hidden += 2, start = 0) {
                *x = hr_pair(hidden, lift) + start;
            }
        }
    }
    hr_levels(words, size, log2, HR_FIRST_EIGHTS && log2 >= 3 ? 8 : 1);
#ifdef HR_DSP
    for (x = words; x != end; x += (size_t)1 << log2) {
        *x -= lift << log2; /* all that was added adds up there */
    }
#endif
}

#ifdef HR_DSP
/* The last level of blocks of 2 half words, saturated to 16 bits; all are plus 2^15 before and after. */
HR_LOCAL void hr_saturated_level(uint32_t *words, size_t size, size_t half)
{
    const uint32_t *const end = words + size;

    for (; words != end; words += half) {
        const uint32_t *const next = words + half;

        for (; words != next; words++) {
            const int16x2_t a = (int16x2_t)(words[0] ^ 0x80008000u);
            const int16x2_t b = (int16x2_t)(words[half] ^ 0x80008000u);

            words[0] = (uint32_t)__qadd16(a, b) ^ 0x80008000u;
            words[half] = (uint32_t)__qsub16(a, b) ^ 0x80008000u;
        }
    }
}
#endif

/* t = (I_q (x) S_m) h into scratch; if it fits 16 bits, as words of two, each plus 2^15: so no half
 * of a word is negative, and none borrows from the other. */
HR_APART static void hr_transform(const hr_model *model, hr_state *state)
{
    const size_t size = model->hidden_size;
    const uint8_t log2 = model->block_log2;
    size_t i;

    if (hr_in_pairs(model)) {
        hr_transform_pairs(state->hidden, state->scratch, size >> 1, (uint8_t)(log2 - 1));
#ifdef HR_DSP
    } else if (hr_is_halved(model)) {
        hr_transform_pairs(state->hidden, state->scratch, size >> 1, (uint8_t)(log2 - 2));
        hr_saturated_level(state->scratch, size >> 1, (size_t)1 << (log2 - 2));
#endif
    } else if (model->transform_bits == 32) {
        for (i = 0; i < size; i++) {
            state->scratch[i] = (uint32_t)(int32_t)state->hidden[i];
        }
        hr_levels(state->scratch, size, log2, 1);
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

/* A step on processors with vectors.
 *
 * How it got fast. (y 2^w + rest) >> F is (y + (rest >> w)) >> k: where both terms fit 16 bits, all
 * that follows transform and product is done in 16 bits, one instruction saturates, and what
 * saturates on the way would do so at the end. */
#ifndef HADAMRNN_WIDE_H
#define HADAMRNN_WIDE_H

#include "hadamrnn_wide_products.h"
#include "hadamrnn_wide_transform.h"

#ifdef HR_WIDE
/* Whether the update may work in 16 bits. Where t fits 16 bits, rest >> w must. Where t takes one
 * bit more, it is saturated to them: if rest >> w, at most D, is so small that the state saturates
 * whenever t does. The proof that the accumulator fits 32 bits bounds D by what y leaves. */
HR_LOCAL uint8_t hr_fits_16(const hr_model *model)
{
#ifdef HR_X86
    const uint8_t bits = model->activation_bits, log2 = model->block_log2, k = log2 >> 1;
    const uint8_t width = (uint8_t)(model->fraction_bits - k);
    const uint32_t limit = ((uint32_t)1 << (bits - 1)) - 1;
    uint32_t widest = model->block_size * limit, saturated = 32767, d;

    if (model->fade) { /* G is no power of two */
        return 0;
    }
    if (model->transform_bits == 16) {
        return width >= 16 || model->aligned;
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

/* All neurons: hidden = saturate((y G + rest) >> F), and the sums of a mean readout.
 * form, root (of 2, in the scale) and fast (input product) are constants where speed matters. */
HR_INLINE void hr_update_wide(const hr_model *model, const hr_drive *drive, const hr_wide *wide,
                              hr_state *state, const int form, const uint8_t root,
                              const uint8_t fast)
{
    const hr_halves lane_bits = HR_LANE_BITS;
    const uint8_t fraction = model->fraction_bits, halvings = model->block_log2 >> 1;
    const uint8_t width = (uint8_t)(fraction - halvings), fade = model->fade;
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
                rest[2 * i] += low << width;
                rest[2 * i + 1] += high << width;
                if (fade) {
                    rest[2 * i] -= low << (width - fade);
                    rest[2 * i + 1] -= high << (width - fade);
                }
                low = HR_SHIFT32(rest[2 * i], fraction);
                high = HR_SHIFT32(rest[2 * i + 1], fraction);
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
HR_LOCAL void hr_step_wide(const hr_model *model, hr_state *state, const int8_t *input,
                           uint16_t symbol)
{
    static const int8_t one = 1;
    const uint8_t fraction = model->fraction_bits, halvings = model->block_log2 >> 1;
    const uint8_t width = (uint8_t)(fraction - halvings), bits = model->input_weight_bits;
    const uint32_t offset = model->block_log2 & 1 ? HR_OFFSET * (uint32_t)hr_gain(model) : 0;
    const uint8_t in_16 = hr_fits_16(model);
    hr_drive drive;
    hr_wide wide;

    drive.bits = bits;
    drive.stride = hr_row_bytes(model, bits);
    drive.row = model->input_weight + (input ? 0 : symbol * drive.stride);
    drive.input = input ? input : &one;
    drive.features = input ? model->input_size : 1;
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
    } else if (bits <= 4) {
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
#endif

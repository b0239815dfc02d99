/* The update of a step where int has 16 bits, as on AVR.
 *
 * How it got fast. The 8-bit multiplier of AVR multiplies a weight of up to 4 bits by an input in
 * two cycles; the sums fit 16 bits. The division by 2^F is split into one by 2^w, w = F - k, and
 * one by 2^k, and the first made a shift by 16, which moves bytes. The loops are in assembly,
 * hadamrnn_avr*.h, because compilers run out of registers on them; the same in C is for processors
 * without a multiplier, tables outside flash, and the tests. */
#ifndef HADAMRNN_ALIGNED_H
#define HADAMRNN_ALIGNED_H

#include <string.h>

#include "hadamrnn_avr_products.h"
#include "hadamrnn_avr_words.h"

#if HR_LANES == 1
/* hr_eights.flags. A byte: the factor is 2^8 times what the field says. */
enum {
    HR_ROOT = 1,
    HR_BIAS_BYTE = 2,
    HR_FADES = 4,
    HR_FADING_BYTE = 8,
    HR_SUMS = 16,
    HR_MORE = 32,
    HR_BIAS_WORD = 64 /* the factor is 2^16 */
};

struct hr_eights;
#ifdef HR_AVR
#define HR_LOOP extern /* in assembly, with a convention of its own */
typedef void hr_make_products(void);
#else
#define HR_LOOP HR_LOCAL
typedef void hr_make_products(struct hr_eights *eights, uint16_t *sums);
#endif

/* Neurons in groups of eight. The assembly knows where each field lies. */
typedef struct hr_eights {
    const uint8_t *row;     /* weights of the first feature, or with hr_products_given uint16 sums */
    size_t stride;          /* bytes from one feature to the next */
    const int8_t *input;
    uint8_t features;       /* 1 to 255 */
    uint8_t count;          /* groups, 1 to 255 */
    uint16_t offset;        /* -2^(p-1) times the sum of input */
    int16_t *hidden;
    void *sums;             /* with HR_SUMS uint16, of relu(hidden); hr_update_words: t, in int32 */
    const uint8_t *bias;
    const uint8_t *signs;
    uint32_t multiplier;    /* M, aligned, below 2^24 */
    uint32_t rounding;      /* R, aligned */
    int16_t limit;
    uint8_t bias_gain;      /* 2^bias_shift, aligned */
    uint8_t fading;         /* with HR_FADES 2^(w-f), aligned */
    hr_make_products *products;
    uint8_t scale;          /* 2^(8-k), 1 <= k <= 8 */
    uint8_t shift;          /* with HR_MORE w - 16, if that is above 0 */
    uint8_t flags;
} hr_eights;

#ifdef __cplusplus
extern "C" {
#endif

/* U x of the next eight neurons, modulo 2^16, of weights of 4, 3 or 2 bits, or as given in memory;
 * row moves on. */
HR_LOOP hr_make_products hr_products_of_4, hr_products_of_3, hr_products_of_2, hr_products_given;

/* The same, into memory. */
HR_LOOP void hr_eight_products(hr_eights *eights, uint16_t *sums);

/* hidden <- saturate((y + ((p M + B gain + R - y fading) >> 16 >> shift)) >> k), where hidden holds
 * t; all pointers move on. */
HR_LOOP void hr_update_eights(hr_eights *eights);

/* The same for t of 32 bits, without sums. */
HR_LOOP void hr_update_words(hr_eights *eights);

#ifdef __cplusplus
}
#endif

#ifndef HR_AVR
HR_LOCAL void hr_products_of(hr_eights *eights, uint16_t *sums, uint8_t bits)
{
    const int32_t half = (int32_t)1 << (bits - 1);
    uint8_t i, j;

    for (i = 0; i < 8; i++) {
        const uint8_t *row = eights->row;
        uint16_t sum = eights->offset;

        for (j = 0; j < eights->features; j++, row += eights->stride) {
            sum = (uint16_t)(sum + (uint16_t)((hr_weight(row, i, bits) + half) * eights->input[j]));
        }
        sums[i] = sum;
    }
    eights->row += bits;
}

HR_LOCAL void hr_products_of_4(hr_eights *eights, uint16_t *sums)
{
    hr_products_of(eights, sums, 4);
}

HR_LOCAL void hr_products_of_3(hr_eights *eights, uint16_t *sums)
{
    hr_products_of(eights, sums, 3);
}

HR_LOCAL void hr_products_of_2(hr_eights *eights, uint16_t *sums)
{
    hr_products_of(eights, sums, 2);
}

HR_LOCAL void hr_products_given(hr_eights *eights, uint16_t *sums)
{
    memcpy(sums, eights->row, 8 * sizeof *sums);
    eights->row += 8 * sizeof *sums;
}

HR_LOCAL void hr_eight_products(hr_eights *eights, uint16_t *sums)
{
    eights->products(eights, sums);
}

HR_LOCAL void hr_update_all(hr_eights *eights, uint8_t words)
{
    const uint8_t flags = eights->flags, shift = (uint8_t)(flags & HR_MORE ? eights->shift : 0);
    const uint32_t gain = flags & HR_BIAS_WORD
                              ? 65536
                              : (uint32_t)eights->bias_gain << (flags & HR_BIAS_BYTE ? 8 : 0);
    const uint32_t fading = (uint32_t)eights->fading << (flags & HR_FADING_BYTE ? 8 : 0);
    const int32_t limit = eights->limit;
    const int32_t *t = (const int32_t *)eights->sums;
    uint16_t *sums = (uint16_t *)eights->sums, products[8];
    uint8_t i;

    for (; eights->count; eights->count--, eights->signs++) {
        eights->products(eights, products);
        for (i = 0; i < 8; i++, eights->hidden++, eights->bias += 2) {
            int32_t value = words ? *t++ : *eights->hidden;
            uint32_t rest = (uint32_t)(int32_t)hr_int16(products[i]) * eights->multiplier +
                            (uint32_t)(int32_t)hr_read16(eights->bias) * gain + eights->rounding;

            if (HR_READ(eights->signs) >> i & 1) {
                value = -value;
            }
            if (flags & HR_ROOT) {
                value = hr_inverse_sqrt2(value);
            }
            if (flags & HR_FADES) {
                rest = rest - (uint32_t)value * fading;
            }
            value += hr_shift_right(hr_int16(rest >> 16), shift);
            value = hr_shift_right(value * eights->scale, 8);
            value = value > limit ? limit : value < -limit ? -limit : value;
            *eights->hidden = (int16_t)value;
            if (flags & HR_SUMS && !words) {
                *sums = (uint16_t)(*sums + (uint16_t)hr_relu(value));
                sums++;
            }
        }
    }
    eights->sums = words ? (void *)(uintptr_t)t : (void *)sums;
}

HR_LOCAL void hr_update_eights(hr_eights *eights)
{
    hr_update_all(eights, 0);
}

HR_LOCAL void hr_update_words(hr_eights *eights)
{
    hr_update_all(eights, 1);
}
#endif

/* What makes products of weights of so many bits, 2 to 4. */
HR_LOCAL hr_make_products *hr_products_for(uint8_t bits)
{
    return bits == 4 ? hr_products_of_4 : bits == 3 ? hr_products_of_3 : hr_products_of_2;
}

/* What takes back that weights of so many bits are read without a sign. */
HR_LOCAL uint16_t hr_offset(const int8_t *input, uint8_t features, uint8_t bits)
{
    uint16_t sum = 0;
    uint8_t j;

    for (j = 0; j < features; j++) {
        const int16_t value = input[j];

        sum = (uint16_t)(sum + (uint16_t)value);
    }
    return (uint16_t)(0u - ((uint32_t)sum << (bits - 1)));
}

/* Whether hr_update_aligned applies: what is added to y fits 16 bits. Where t does not, the shift
 * by w is at most 16, or the accumulator would not fit 32. */
HR_LOCAL uint8_t hr_is_aligned(const hr_model *model)
{
    const uint8_t k = model->block_log2 >> 1;

    return model->aligned && (model->hidden_size & 7) == 0 && model->bias_bits == 16 && k &&
           (HR_ONE_HOT(model) ||
            (model->input_weight_bits <= 4 && model->input_size <= 255));
}

/* hidden = saturate((y G + p M + B 2^bias_shift + R) >> F) where hidden or scratch holds t, as
 * (y + ((p M + B 2^bias_shift + R - y 2^(w-f)) >> w)) >> k, which is the same; with t of 16
 * bits also adds to sums of 16 bits. With all of the inner sum multiplied by 2^(16-w), the inner shift is by 16. */
HR_LOCAL void hr_update_aligned(const hr_model *model, const hr_drive *drive, hr_state *state)
{
    const uint8_t bits = model->input_weight_bits, k = model->block_log2 >> 1;
    const uint8_t width = (uint8_t)(model->fraction_bits - k);
    const uint8_t align = (uint8_t)(width < 16 ? 16 - width : 0);
    const uint8_t gain = (uint8_t)(model->bias_shift + align);
    const uint8_t fading = (uint8_t)(width + align - model->fade);
    const uint16_t size = model->hidden_size;
    const uint8_t words = model->transform_bits == 32;
    uint16_t first, sums[HR_BATCH];
    uint8_t count, i;
    hr_eights eights;

    eights.row = drive->row;
    eights.stride = drive->stride;
    eights.input = drive->input;
    eights.features = (uint8_t)drive->features;
    eights.offset = hr_offset(drive->input, (uint8_t)drive->features, bits);
    eights.hidden = state->hidden;
    eights.sums = words ? (void *)state->scratch : (void *)state->sums16;
    eights.bias = model->bias;
    eights.signs = model->signs;
    eights.multiplier = (uint32_t)drive->multiplier << align;
    eights.rounding = (uint32_t)drive->rounding << align;
    eights.limit = (int16_t)((1ul << (model->activation_bits - 1)) - 1);
    eights.bias_gain = (uint8_t)(1u << (gain & 7));
    eights.fading = (uint8_t)(1u << (fading & 7));
    eights.scale = (uint8_t)(1u << (8 - k));
    eights.shift = (uint8_t)(width - 16);
    eights.flags = (uint8_t)((model->block_log2 & 1 ? HR_ROOT : 0) | (gain & 8 ? HR_BIAS_BYTE : 0) |
                             (gain & 16 ? HR_BIAS_WORD : 0) |
                             (model->fade ? HR_FADES : 0) | (fading & 8 ? HR_FADING_BYTE : 0) |
                             (model->sum_bits == 16 ? HR_SUMS : 0) | (width > 16 ? HR_MORE : 0));
    if (bits <= 4) {
        uint16_t groups = size >> 3;

        eights.products = hr_products_for(bits);
        for (; groups; groups = (uint16_t)(groups - count)) {
            count = (uint8_t)(groups < 255 ? groups : 255);
            eights.count = count;
            (words ? hr_update_words : hr_update_eights)(&eights);
        }
    } else { /* a symbol */
        eights.products = hr_products_given;
        for (first = 0; first < size; first = (uint16_t)(first + count)) {
            const uint16_t left = (uint16_t)(size - first);

            count = (uint8_t)(left < HR_BATCH ? left : HR_BATCH);
            for (i = 0; i < count; i++) {
                sums[i] = (uint16_t)hr_weight(drive->row, (size_t)first + i, bits);
            }
            eights.row = (const uint8_t *)sums;
            eights.count = count >> 3;
            (words ? hr_update_words : hr_update_eights)(&eights);
        }
    }
}
#endif
#endif

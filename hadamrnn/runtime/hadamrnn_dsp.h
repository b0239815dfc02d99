/* The update of a step on Cortex-M4, M7, M33 and their like, which have instructions for pairs of 16
 * bits.
 *
 * How it got fast. What is added to y 2^w fits w + 16 bits (hr_model.aligned): it is multiplied by
 * 2^(16 - w), so that its upper half is that sum divided by 2^w. From there on two neurons share
 * each instruction: their signs choose between y and -y, half of the sum of y and the rest fits 16
 * bits again, and the ends of the range are where unsigned numbers saturate. */
#ifndef HADAMRNN_DSP_H
#define HADAMRNN_DSP_H

#include "hadamrnn_pairs.h"

#ifdef HR_DSP
#define HR_DSP_BATCH 128 /* neurons whose products are on the stack, a multiple of 8 */

/* The same for all neurons of a step. */
typedef struct {
    uint32_t multiplier, start; /* of a half of products, each plus 2^15 */
    uint32_t scale, centre;     /* of a half of t, each plus 2^15: to y + 2^15 in the upper half */
    int32_t gain;               /* of the bias; in the upper half of y, what fades, below 0 */
    uint32_t lowest, most;      /* the ends of the range */
    uint32_t middle, mask;
    uint8_t shift;
} hr_halved;

/* Upper halves of two words, the second above the first: compilers do not find this instruction. */
HR_LOCAL uint32_t hr_upper(uint32_t first, uint32_t second)
{
    uint32_t both;

    __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(both) : "r"(first), "r"(second));
    return both;
}

/* The same half twice. */
HR_LOCAL uint32_t hr_twice(int32_t value)
{
    return ((uint32_t)value & 0xFFFFu) * 0x00010001u;
}

/* Words of products += three features, x, y and z, by weights of 4 bits, whose rows are step bytes
 * apart. In assembly, because it takes every register there is. */
#ifdef __cplusplus
extern "C"
#else
extern
#endif
void hr_three_products(uint32_t *pairs, const uint8_t *row, size_t step, const uint32_t *end,
                       int32_t x, int32_t y, int32_t z);
#define HR_FEATURE(row, x)                                                                       \
    "ldr ip, " row "\n"                                                                          \
    "eor ip, ip, #0x88888888\n"                                                                  \
    "and lr, r7, ip\n"                                                                           \
    "mla r8, lr, " x ", r8\n"                                                                    \
    "and lr, r7, ip, lsr #4\n"                                                                   \
    "mla r9, lr, " x ", r9\n"                                                                    \
    "and lr, r7, ip, lsr #8\n"                                                                   \
    "mla r10, lr, " x ", r10\n"                                                                  \
    "and lr, r7, ip, lsr #12\n"                                                                  \
    "mla r11, lr, " x ", r11\n"
__asm__(".pushsection .text.hr_three_products, \"ax\", %progbits\n"
        ".syntax unified\n"
        ".thumb\n"
        ".align 2\n"
        ".thumb_func\n"
        ".global hr_three_products\n"
        ".type hr_three_products, %function\n"
        "hr_three_products:\n"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldrd r4, r5, [sp, #36]\n"
        "ldr r6, [sp, #44]\n"
        "mov r7, #0x000F000F\n"
        "1: ldm r0, {r8, r9, r10, r11}\n"
        HR_FEATURE("[r1]", "r4")
        HR_FEATURE("[r1, r2]", "r5")
        HR_FEATURE("[r1, r2, lsl #1]", "r6")
        "add r1, r1, #4\n"
        "stm r0!, {r8, r9, r10, r11}\n"
        "cmp r0, r3\n"
        "bne 1b\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
        ".size hr_three_products, . - hr_three_products\n"
        ".popsection\n");
#undef HR_FEATURE

/* As hr_products_of_4: three features at a time, the last two with the one before them, or one. */
HR_APART static void hr_products_by_three(const hr_drive *drive, const uint8_t *row,
                                          uint32_t *pairs, size_t count)
{
    const uint32_t *const end = pairs + (count >> 1);
    const int8_t *input = drive->input;
    size_t features = drive->features;
    uint32_t *to = pairs;

    for (; to != end; to += 4) {
        to[0] = to[1] = to[2] = to[3] = 0x80008000u;
    }
    for (; features > 2; features -= 3, input += 3, row += 3 * drive->stride) {
        hr_three_products(pairs, row, drive->stride, end, input[0], input[1], input[2]);
    }
    if (features == 2 && drive->features > 2) {
        row += drive->stride;
        hr_three_products(pairs, row, 0 - drive->stride, end, input[1], input[0], 0);
        return;
    }
    for (; features; features--, input++, row += drive->stride) {
        hr_three_products(pairs, row, 0, end, *input, 0, 0);
    }
}

/* hidden = saturate((y + (rest >> w)) >> k) for t and products in pairs, and the sums of a mean
 * readout; count : a multiple of 8. */
HR_APART static void hr_settle_halved(const hr_halved *all, const uint8_t *signs, const uint32_t *t,
                                      const uint32_t *pairs, const uint8_t *bias, int16_t *hidden,
                                      uint16_t *sums, size_t count)
{
    const int16_t *const end = hidden + count;
    uint32_t y0, y1, y2, y3;

    for (; hidden != end; hidden += 8, t += 4, pairs += 4, bias += 16, sums += 8) {
        {
            const uint32_t scale = all->scale, centre = all->centre;
            uint32_t bits = HR_READ(signs);

            signs++;
            bits = bits << 24 | bits << 9; /* neurons 7 and 6 on top of both halves */
#define HR_ROOT_OF(y, i)                                                                         \
    do {                                                                                         \
        const int16x2_t plus = (int16x2_t)hr_upper(HR_HALF(t, 2 * (i)) * scale + centre,         \
                                                   HR_HALF(t, 2 * (i) + 1) * scale + centre);    \
        const int16x2_t minus = __ssub16(0, plus);                                               \
                                                                                                 \
        (void)__ssub16((int16x2_t)(bits << (6 - 2 * (i))), 0); /* where the sign bit is clear */ \
        y = (uint32_t)__sel((uint8x4_t)plus, (uint8x4_t)minus);                                  \
        HR_IN_ORDER();                                                                           \
    } while (0)
            HR_ROOT_OF(y0, 0);
            HR_ROOT_OF(y1, 1);
            HR_ROOT_OF(y2, 2);
            HR_ROOT_OF(y3, 3);
        }
        {
            const uint32_t multiplier = all->multiplier, start = all->start;
            const int32_t gain = all->gain;
#define HR_REST_OF(y, i, one)                                                                    \
    do {                                                                                         \
        const int16x2_t b = (int16x2_t)hr_two_at(bias + 4 * (i));                                \
        int32_t low = (int32_t)(HR_HALF(pairs, one) * multiplier + start);                       \
        int32_t high = (int32_t)(HR_HALF(pairs, (one) + 2) * multiplier + start);                \
                                                                                                 \
        low = __smlabb(b, gain, low);                                                            \
        high = __smlatb(b, gain, high);                                                          \
        if (fades) {                                                                             \
            low = __smlabt((int32_t)(y ^ 0x80008000u), gain, low);                               \
            high = __smlatt((int32_t)(y ^ 0x80008000u), gain, high);                             \
        }                                                                                        \
        y = (uint32_t)__uhadd16(y, hr_upper((uint32_t)low, (uint32_t)high));                     \
        HR_IN_ORDER();                                                                           \
    } while (0)
#define HR_REST_OF_EIGHT()                                                                       \
    do {                                                                                         \
        HR_REST_OF(y0, 0, 0);                                                                    \
        HR_REST_OF(y1, 1, 4);                                                                    \
        HR_REST_OF(y2, 2, 1);                                                                    \
        HR_REST_OF(y3, 3, 5);                                                                    \
    } while (0)
            if (gain < 0) {
                enum { fades = 1 };
                HR_REST_OF_EIGHT();
            } else {
                enum { fades = 0 };
                HR_REST_OF_EIGHT();
            }
        }
        {
            const uint32_t lowest = all->lowest, most = all->most, middle = all->middle;
            const uint32_t mask = all->mask;
            const uint8_t shift = all->shift;
#define HR_END_OF(y, i)                                                                          \
    do {                                                                                         \
        uint32_t value = (uint32_t)__uqadd16(__uqsub16(y, lowest), most) >> shift & mask;        \
                                                                                                 \
        hr_two_to(hidden + 2 * (i), (uint32_t)__ssub16((int16x2_t)value, (int16x2_t)middle));    \
        value = (uint32_t)__uqsub16(value, middle);                                              \
        hr_two_to(sums + 2 * (i), hr_two_at(sums + 2 * (i)) + value);                            \
        HR_IN_ORDER();                                                                           \
    } while (0)
            HR_END_OF(y0, 0);
            HR_END_OF(y1, 1);
            HR_END_OF(y2, 2);
            HR_END_OF(y3, 3);
        }
    }
#undef HR_ROOT_OF
#undef HR_REST_OF
#undef HR_REST_OF_EIGHT
#undef HR_END_OF
}

/* hidden = saturate((y G + p M + B 2^bias_shift + R) >> F) for a model of this form. */
HR_APART static void hr_update_halved(const hr_model *model, const hr_drive *drive,
                                      hr_state *state)
{
    const uint8_t k = model->block_log2 >> 1, shift = (uint8_t)(k - 1);
    const uint8_t align = (uint8_t)(16 + k - model->fraction_bits);
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    const int32_t most = 65536 - ((2 * limit + 1) << shift);
    const size_t size = model->hidden_size;
    uint32_t pairs[HR_DSP_BATCH / 2];
    hr_halved all;
    size_t first, count;

    all.multiplier = (uint32_t)drive->multiplier << align;
    all.start = (drive->offset << align) - (all.multiplier << 15) + 0x80000000u;
    all.scale = model->block_log2 & 1 ? 46341 : 65536;
    all.centre = 0x80008000u - (all.scale << 15);
    all.gain = drive->bias_gain << align;
    if (model->fade) {
        all.gain -= (int32_t)1 << (16 - model->fade) << 16;
    }
    all.lowest = hr_twice(32768 - (limit << shift));
    all.most = hr_twice(most);
    all.middle = hr_twice(limit + (most >> shift));
    all.mask = hr_twice(65535 >> shift);
    all.shift = shift;
    for (first = 0; first < size; first += count) {
        uint32_t *const t = state->scratch + (first >> 1);

        count = size - first < HR_DSP_BATCH ? size - first : HR_DSP_BATCH;
        hr_products_by_three(drive, drive->row + (first >> 1), pairs, count);
        /* What is not asked for is added to t, which is not needed any more. */
        hr_settle_halved(&all, model->signs + (first >> 3), t, pairs, model->bias + 2 * first,
                         state->hidden + first,
                         model->sum_bits == 16 ? state->sums16 + first : (uint16_t *)t, count);
    }
    if (model->sum_bits == 32) {
        hr_add_to_sums(model, state);
    }
}
#endif
#endif

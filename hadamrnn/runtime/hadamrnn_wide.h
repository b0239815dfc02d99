/* A step on processors with vectors; only hadamrnn.c includes this file, after its helpers, where
 * HR_WIDE is defined.
 *
 * How it got fast. The three lowest levels of the transform exchange words inside vectors of
 * eight, the others add and subtract whole vectors. The update is plain loops over HR_BATCH
 * neurons, a constant, so that compilers make vectors of them (-O3 -march=native). */
#ifndef HADAMRNN_WIDE_H
#define HADAMRNN_WIDE_H

typedef uint32_t hr_octet __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint16_t hr_halves __attribute__((vector_size(HR_BATCH / 2), aligned(1), may_alias));

/* x <- (I (x) S_m) x in place, m = 2^log2, for size words. */
static void hr_transform_wide(uint32_t *x, size_t size, uint8_t log2)
{
    static const uint32_t all = 0xFFFFFFFFu;
    const hr_octet minus1 = {0, all, 0, all, 0, all, 0, all};
    const hr_octet minus2 = {0, 0, all, all, 0, 0, all, all};
    const hr_octet minus4 = {0, 0, 0, 0, all, all, all, all};
    hr_octet *const begin = (hr_octet *)x, *const end = (hr_octet *)(x + size), *p;
    size_t half = 1;
    uint8_t rest;

    if (log2 < 3) {
        hr_transform32(x, size, log2);
        return;
    }
    for (p = begin; p != end; p++) { /* words k and k ^ half: their sum and difference */
        hr_octet v = *p;

        v = __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6) + ((v ^ minus1) - minus1);
        v = __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5) + ((v ^ minus2) - minus2);
        *p = __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3) + ((v ^ minus4) - minus4);
    }
    for (rest = (uint8_t)(log2 - 3); rest >= 3; rest = (uint8_t)(rest - 3), half *= 8) {
        HR_PASS8(hr_octet, begin, end, half);
    }
    for (; rest; rest--, half *= 2) {
        for (p = begin; p != end; p += half) {
            hr_octet *const next = p + half;

            for (; p != next; p++) {
                const hr_octet a = *p, b = p[half];

                *p = a + b;
                p[half] = a - b;
            }
        }
    }
}

/* a[0], b[0], c[0], d[0], a[1], ... in a row. */
#define HR_WEAVE(a, b, c, d, row)                                                                \
    do {                                                                                         \
        const hr_halves ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);            \
        const hr_halves cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 2, 10, 3, 11);            \
        const hr_halves ef = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);          \
        const hr_halves gh = __builtin_shufflevector(c, d, 4, 12, 5, 13, 6, 14, 7, 15);          \
        hr_halves *const out = (hr_halves *)(row);                                               \
                                                                                                 \
        out[0] = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 2, 3, 10, 11);                      \
        out[1] = __builtin_shufflevector(ab, cd, 4, 5, 12, 13, 6, 7, 14, 15);                    \
        out[2] = __builtin_shufflevector(ef, gh, 0, 1, 8, 9, 2, 3, 10, 11);                      \
        out[3] = __builtin_shufflevector(ef, gh, 4, 5, 12, 13, 6, 7, 14, 15);                    \
    } while (0)

/* rest[i] = p M + B 2^bias_shift + R, where p is row first + i of U, of 4 bits, times the input.
 * Weights are read as nibble + 8 without a sign; sums of up to 31 products fit 16 bits. */
static void hr_rest_wide(const hr_model *model, const hr_drive *drive, size_t first, int32_t *rest)
{
    static const int8_t one = 1;
    const int8_t *input = drive->input ? drive->input : &one;
    const uint8_t *row = drive->row + (first >> 1);
    size_t features = drive->input ? model->input_size : 1, i;
    int32_t sums[HR_BATCH] = {0};
    int16_t bias[HR_BATCH];

    while (features) {
        hr_halves a = {0}, b = {0}, c = {0}, d = {0}; /* neurons 4 i, 4 i + 1, 4 i + 2, 4 i + 3 */
        uint16_t products[HR_BATCH], offset = 0;
        size_t count = features < 31 ? features : 31;

        features -= count;
        for (; count; count--, row += drive->stride) {
            const uint16_t value = (uint16_t)*input++;

            const hr_halves weights = *(const hr_halves *)row ^ 0x8888;

            offset = (uint16_t)(offset + 8u * value);
            a += (weights & 15) * value;
            b += ((weights >> 4) & 15) * value;
            c += ((weights >> 8) & 15) * value;
            d += (weights >> 12) * value;
        }
        HR_WEAVE(a, b, c, d, products);
        for (i = 0; i < HR_BATCH; i++) {
            sums[i] += hr_int16((uint16_t)(products[i] - offset));
        }
    }
    memcpy(bias, model->bias + 2 * first, sizeof bias); /* little-endian, as this processor */
    for (i = 0; i < HR_BATCH; i++) {
        rest[i] = sums[i] * drive->multiplier + bias[i] * drive->bias_gain + drive->rounding;
    }
}

/* HR_BATCH neurons from first on: hidden = saturate((y 2^w + rest) >> F), and the sums of a mean
 * readout. */
HR_APART static void hr_update_wide(const hr_model *model, const hr_drive *drive, hr_state *state,
                                    size_t first)
{
    const uint8_t fraction = model->fraction_bits;
    const int32_t gain = (int32_t)1 << (fraction - (model->block_log2 >> 1));
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    int16_t *const hidden = state->hidden + first;
    const uint32_t *const words = state->scratch + first;
    const uint32_t *const pairs = state->scratch + (first >> 1);
    int32_t rest[HR_BATCH], t[HR_BATCH];
    uint32_t signs;
    size_t i;

    hr_rest_wide(model, drive, first, rest);
    memcpy(&signs, model->signs + (first >> 3), sizeof signs);
    if (hr_in_pairs(model)) {
        for (i = 0; i < HR_BATCH / 2; i++) {
            t[2 * i] = hr_low(pairs[i]);
            t[2 * i + 1] = hr_high(pairs[i]);
        }
    } else {
        for (i = 0; i < HR_BATCH; i++) {
            t[i] = model->transform_bits == 16 ? hidden[i] : (int32_t)words[i];
        }
    }
    for (i = 0; i < HR_BATCH; i++) {
        const int32_t flip = -(int32_t)((signs >> i) & 1);

        t[i] = (t[i] ^ flip) - flip;
    }
    if (model->block_log2 & 1) {
        for (i = 0; i < HR_BATCH; i++) {
            t[i] = hr_inverse_sqrt2(t[i]);
        }
    }
    for (i = 0; i < HR_BATCH; i++) {
        const int32_t value = hr_shift_right(t[i] * gain + rest[i], fraction);
        const int32_t low = value < -limit ? -limit : value;

        hidden[i] = (int16_t)(low > limit ? limit : low);
    }
    for (i = 0; model->sum_bits == 16 && i < HR_BATCH; i++) {
        state->sums16[first + i] =
            (uint16_t)(state->sums16[first + i] + (uint16_t)hr_relu(hidden[i]));
    }
    for (i = 0; model->sum_bits == 32 && i < HR_BATCH; i++) {
        state->sums32[first + i] += (uint32_t)hr_relu(hidden[i]);
    }
}
#endif

/* The transform on processors with vectors.
 *
 * How it got fast. Every loop works on whole vectors: of 32 bytes with AVX2, else of 16. The levels
 * inside vectors are additions of whole vectors too, because two vectors are interleaved before
 * each; interleaved four times, 16-bit values are back in their places. Levels whose results fit 16
 * bits are done in 16 bits, seven at once in registers. */
#ifndef HADAMRNN_WIDE_TRANSFORM_H
#define HADAMRNN_WIDE_TRANSFORM_H

#include <string.h>

#include "hadamrnn_transform.h"
#include "hadamrnn_vectors.h"

#ifdef HR_WIDE
/* Exchange lanes of a and b, then add and subtract. */
#define HR_LEVEL(low, high, a, b)                                                                \
    do {                                                                                         \
        const hr_halves left = low(a, b), right = high(a, b);                                    \
                                                                                                 \
        a = left + right;                                                                        \
        b = left - right;                                                                        \
    } while (0)

/* The HR_IN_VECTOR lowest levels of two neighbouring vectors. */
#define HR_IN_VECTORS(a, b)                                                                      \
    do {                                                                                         \
        hr_halves swapped;                                                                       \
                                                                                                 \
        if (HR_BYTES == 32) {                                                                    \
            HR_LEVEL(HR_LOW_PART, HR_HIGH_PART, a, b);                                           \
        }                                                                                        \
        HR_LEVEL(HR_LOW16, HR_HIGH16, a, b);                                                     \
        HR_LEVEL(HR_LOW16, HR_HIGH16, a, b);                                                     \
        HR_LEVEL(HR_LOW16, HR_HIGH16, a, b);                                                     \
        swapped = HR_LOW16(a, b);                                                                \
        b = HR_HIGH16(a, b);                                                                     \
        a = HR_LOW_PART(swapped, b);                                                             \
        b = HR_HIGH_PART(swapped, b);                                                            \
    } while (0)

/* Levels on whole vectors: p[0] and p[half], then twice that, ... */
#define HR_DEFINE_LEVELS(name, type)                                                             \
    HR_LOCAL void name(type *const begin, type *const end, size_t half, uint8_t levels)          \
    {                                                                                            \
        for (; levels >= 3; levels = (uint8_t)(levels - 3), half *= 8) {                         \
            HR_PASS8(type, begin, end, half);                                                    \
        }                                                                                        \
        if (levels == 2) {                                                                       \
            type *p = begin;                                                                     \
            for (; p != end; p += 3 * half) {                                                    \
                type *const next = p + half;                                                     \
                for (; p != next; p++) {                                                         \
                    const type a = p[0] + p[half], b = p[0] - p[half];                           \
                    const type c = p[2 * half] + p[3 * half], d = p[2 * half] - p[3 * half];     \
                    p[0] = a + c;                                                                \
                    p[half] = b + d;                                                             \
                    p[2 * half] = a - c;                                                         \
                    p[3 * half] = b - d;                                                         \
                }                                                                                \
            }                                                                                    \
        } else if (levels == 1) {                                                                \
            type *p = begin;                                                                     \
            for (; p != end; p += half) {                                                        \
                type *const next = p + half;                                                     \
                for (; p != next; p++) {                                                         \
                    const type a = p[0], b = p[half];                                            \
                    p[0] = a + b;                                                                \
                    p[half] = a - b;                                                             \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
    }
HR_DEFINE_LEVELS(hr_levels_of_halves, hr_halves)
HR_DEFINE_LEVELS(hr_levels_of_words, hr_words)

/* t = (I_q (x) S_m) h into scratch: if in_16, 16-bit values in their order, of 17 bits saturated.
 * Otherwise the same if transform_bits is 16, else words, those of each HR_HALVES neurons in the
 * order of HR_LOW16 and HR_HIGH16. */
HR_APART static void hr_transform_wide(const hr_model *model, hr_state *state, uint8_t in_16)
{
    const size_t size = model->hidden_size;
    const uint8_t log2 = model->block_log2;
    const hr_halves *const hidden = (const hr_halves *)state->hidden;
    hr_halves *const halves = (hr_halves *)state->scratch;
    hr_words *const words = (hr_words *)state->scratch, *const end = words + size / HR_WORDS;
    uint8_t narrow = (uint8_t)(16 - model->activation_bits); /* (2^(a-1) - 1) 2^(16-a) < 2^15 */
    uint8_t done = HR_IN_VECTOR;
    size_t i;

    narrow = narrow < log2 ? narrow : log2;
    if (narrow < HR_IN_VECTOR) { /* rare: the general loops, and their order changed */
        hr_transform(model, state);
        if (log2 == 0) {
            memcpy(halves, hidden, size * sizeof(int16_t));
        } else if (model->transform_bits == 16) { /* words of two, see hr_low and hr_high */
            for (i = 0; i < size / HR_HALVES; i++) {
                words[i] ^= 0x80008000u;
            }
        } else {
            for (i = 0; i < size / HR_WORDS; i += 2) {
                const hr_words a = words[i], b = words[i + 1];

                words[i] = (hr_words)HR_LOW_PART(a, b);
                words[i + 1] = (hr_words)HR_HIGH_PART(a, b);
            }
        }
        return;
    }
    if (narrow >= HR_IN_VECTOR + 3) {
        done = HR_IN_VECTOR + 3;
        for (i = 0; i < size / HR_HALVES; i += 8) {
            hr_halves v[8], *p = v;
            size_t k;

            for (k = 0; k < 8; k++) { /* not memcpy, which compilers call for so much */
                v[k] = hidden[i + k];
            }
            HR_IN_VECTORS(v[0], v[1]);
            HR_IN_VECTORS(v[2], v[3]);
            HR_IN_VECTORS(v[4], v[5]);
            HR_IN_VECTORS(v[6], v[7]);
            HR_RADIX8(hr_halves, p, 1);
            for (k = 0; k < 8; k++) {
                halves[i + k] = v[k];
            }
        }
    } else {
        const uint8_t widen = !in_16 && narrow == HR_IN_VECTOR && log2 > narrow;

        for (i = 0; i < size / HR_HALVES; i += 2) {
            hr_halves a = hidden[i], b = hidden[i + 1];

            HR_IN_VECTORS(a, b);
            if (widen) {
                words[2 * i] = HR_WIDEN_LOW(a);
                words[2 * i + 1] = HR_WIDEN_HIGH(a);
                words[2 * i + 2] = HR_WIDEN_LOW(b);
                words[2 * i + 3] = HR_WIDEN_HIGH(b);
            } else {
                halves[i] = a;
                halves[i + 1] = b;
            }
        }
    }
    if (narrow > done) {
        hr_levels_of_halves(halves, halves + size / HR_HALVES, (size_t)1 << (done - HR_IN_VECTOR),
                            (uint8_t)(narrow - done));
    }
#ifdef HR_X86
    if (log2 > narrow && in_16) { /* one level more */
        const size_t half = (size_t)1 << (narrow - HR_IN_VECTOR);
        const hr_halves least = HR_ALL(hr_halves, 0x8001); /* -32767, which has a negative */
        size_t j;

        for (i = 0; i < size / HR_HALVES; i += 2 * half) {
            for (j = i; j < i + half; j++) {
                const hr_halves a = halves[j], b = halves[j + half];

                halves[j] = HR_LARGEST(HR_CALL(hr_halves, adds_epi16, a, b), least);
                halves[j + half] = HR_LARGEST(HR_CALL(hr_halves, subs_epi16, a, b), least);
            }
        }
        return;
    }
#endif
    (void)in_16;
    if (log2 > narrow) {
        for (i = narrow > HR_IN_VECTOR ? size / HR_HALVES : 0; i; i--) {
            const hr_halves v = halves[i - 1]; /* from the last on, for they are in one place */

            words[2 * i - 2] = HR_WIDEN_LOW(v);
            words[2 * i - 1] = HR_WIDEN_HIGH(v);
        }
        hr_levels_of_words(words, end, (size_t)2 << (narrow - HR_IN_VECTOR),
                           (uint8_t)(log2 - narrow));
    }
}
#endif
#endif

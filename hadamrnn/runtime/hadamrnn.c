/* HadamRNN runtime; see hadamrnn.h for the contract and hadamrnn/integer/model.py for the definition.
 *
 * A step is a transform (hadamrnn_transform.h), then for each neuron a product with the input and
 * an update: in general form here, and in fast forms in hadamrnn_pairs.h (int of 32 bits) and
 * hadamrnn_aligned.h (int of 16 bits), for 4-bit weights and transforms that fit 16 bits, and in
 * hadamrnn_wide.h (vectors), for states in whole groups of 64 or 32. All compute the same integers.
 */
#include "hadamrnn.h"

#include <limits.h>
#include <string.h>

/* How many 16-bit values share a word in the transform and in the input product. Both ways give
 * the same integers; the tests build both. */
#ifndef HR_LANES
#if INT_MAX < 0x7FFFFFFF
#define HR_LANES 1
#else
#define HR_LANES 2
#endif
#endif

#include "hadamrnn_transform.h"

/* The loops run out of registers when the compiler merges them. */
#ifdef __GNUC__
#define HR_APART __attribute__((noinline))
#else
#define HR_APART
#endif

/* floor(value / 2^shift). C99 leaves >> of a negative value to the implementation: where it is
 * arithmetic, which the compiler decides while compiling, it is used, otherwise avoided. */
static int32_t hr_shift_right(int32_t value, uint8_t shift)
{
    if ((-1 >> 1) == -1 || value >= 0) {
        return value >> shift;
    }
    return -1 - ((-1 - value) >> shift);
}

/* round(value / sqrt 2) as floor((value * 46341 + 2^15) / 2^16) in 32 bits; |value| < 2^23. */
static int32_t hr_inverse_sqrt2(int32_t value)
{
    const int32_t high = hr_shift_right(value, 8);
    const int32_t low = value - high * 256;

    return hr_shift_right(high * 46341 + hr_shift_right(low * 46341 + 32768, 8), 8);
}

/* The two's complement reading of 16 bits: a plain conversion wherever the compiler does that. */
static int16_t hr_int16(uint32_t bits)
{
    if ((int16_t)(uint16_t)65535u == -1) {
        return (int16_t)(uint16_t)bits;
    }
    return (int16_t)((int32_t)((bits & 0xFFFFu) ^ 0x8000u) - 32768);
}

static int16_t hr_read16(const uint8_t *bytes)
{
    return hr_int16((uint32_t)HR_READ(bytes) | ((uint32_t)HR_READ(bytes + 1) << 8));
}

static int32_t hr_read32(const uint8_t *bytes)
{
    const uint32_t value = (uint32_t)HR_READ(bytes) | ((uint32_t)HR_READ(bytes + 1) << 8) |
                           ((uint32_t)HR_READ(bytes + 2) << 16) |
                           ((uint32_t)HR_READ(bytes + 3) << 24);

    return value <= 0x7FFFFFFFu ? (int32_t)value : -1 - (int32_t)(0xFFFFFFFFu - value);
}

static int32_t hr_nibble(uint8_t byte)
{
    return (int32_t)((byte & 15) ^ 8) - 8; /* two's complement of 4 bits */
}

int32_t hr_weight(const uint8_t *row, size_t index, uint8_t bits)
{
    const uint32_t bit = (uint32_t)index * bits; /* index <= 32767, so at most 2^19 */
    const uint8_t offset = (uint8_t)(bit & 7);
    const int32_t sign = (int32_t)1 << (bits - 1);
    uint32_t value;

    row += (size_t)(bit >> 3);
    value = HR_READ(row);
    if (offset + bits > 8) { /* never reads a byte that holds none of the weight */
        value |= (uint32_t)HR_READ(row + 1) << 8;
    }
    if (offset + bits > 16) {
        value |= (uint32_t)HR_READ(row + 2) << 16;
    }
    value = (value >> offset) & (((uint32_t)1 << bits) - 1);
    return ((int32_t)value ^ sign) - sign;
}

static size_t hr_row_bytes(const hr_model *model, uint8_t bits)
{
    return (size_t)(((uint32_t)model->hidden_size * bits + 7) >> 3);
}

#if HR_LANES == 1
HR_DEFINE_TRANSFORM(hr_transform16, uint16_t)
#else
HR_DEFINE_TRANSFORM(hr_transform32, uint32_t)
#endif

enum { HR_BATCH = 32 }; /* neurons, a multiple of 8, whose input products are on the stack */

/* 2^(F-1) and the dither of step n; see rounding_constant in hadamrnn/integer/fixed_point.py. */
static int32_t hr_rounding_constant(uint32_t step, uint8_t fraction, uint8_t width)
{
    const uint32_t n = step & 63, tri = ((n * (n + 1)) >> 1) & 31;

    return ((int32_t)1 << (fraction - 1)) + (int32_t)(((2 * tri + 1) << width) >> 6) -
           ((int32_t)1 << (width - 1));
}

static hr_status hr_check(const hr_model *model, const hr_state *state)
{
    if (!model || !state || !state->hidden) {
        return HR_NULL_POINTER;
    }
    if (state->hidden_size != model->hidden_size ||
        !state->scratch || (model->sum_bits == 16 && !state->sums16) ||
        (model->sum_bits == 32 && !state->sums32)) {
        return HR_WRONG_STATE;
    }
    return HR_OK;
}

static int32_t hr_relu(int32_t value)
{
    return value > 0 ? value : 0;
}

/* Processors with vectors, and compilers that can say so. */
#if defined(__GNUC__) && defined(__has_builtin) && HR_LANES == 2 && !defined(HR_NO_VECTORS)
#if __has_builtin(__builtin_shufflevector) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&         \
    (defined(__SSE2__) || defined(__ARM_NEON))
#define HR_WIDE
#endif
#endif

/* What is the same for all neurons of a step. */
typedef struct {
    const int8_t *input; /* null for a symbol */
    const uint8_t *row;  /* of the first feature, or of the symbol */
    size_t stride;
    int32_t multiplier, bias_gain, rounding;
#if HR_LANES == 2
    int32_t gain;           /* 2^w, hidden so that a compiler multiplies and adds at once */
    uint32_t offset;        /* rounding - 8 M times the sum of input, see hr_products */
    volatile uint32_t mask; /* 0x000F000F, hidden so that a compiler keeps it in a register */
#endif
} hr_drive;

#if HR_LANES == 1
#include "hadamrnn_aligned.h"
#else
#include "hadamrnn_pairs.h"
#endif

/* rest[i] = p M + B 2^bias_shift + R, where p is row i of U times the input. */
HR_APART static void hr_rest(const hr_model *model, const hr_drive *drive, size_t first,
                             size_t count, uint32_t *rest)
{
    const uint8_t *bias = model->bias + 2 * first;
    const uint8_t bits = model->input_weight_bits;
    size_t i, j;

#if HR_LANES == 2
    if (drive->input && bits == 4 && (count & 7) == 0) {
        const uint8_t *const row = drive->row + (first >> 1);
        const size_t features = model->input_size;
        hr_drive other = *drive;

        hr_products(drive, row, drive->input, features < HR_CHUNK ? features : HR_CHUNK, bias, rest,
                    count);
        other.bias_gain = 0;
        other.offset = 0;
        for (j = HR_CHUNK; j < features; j += HR_CHUNK) {
            const size_t left = features - j;
            uint32_t more[HR_BATCH];

            hr_products(&other, row + j * drive->stride, drive->input + j,
                        left < HR_CHUNK ? left : HR_CHUNK, bias, more, count);
            for (i = 0; i < count; i++) {
                rest[i] += more[i];
            }
        }
        return;
    }
#endif
    for (i = 0; i < count; i++, bias += 2) {
        const uint8_t *row = drive->row;
        int32_t sum = drive->input ? 0 : hr_weight(row, first + i, bits);

        for (j = 0; drive->input && j < model->input_size; j++, row += drive->stride) {
            sum += hr_weight(row, first + i, bits) * drive->input[j];
        }
        rest[i] = (uint32_t)(sum * drive->multiplier + hr_read16(bias) * drive->bias_gain +
                             drive->rounding);
    }
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
/* t = (I_q (x) S_m) h into scratch; if it fits 16 bits, as words of two. */
HR_APART static void hr_transform(const hr_model *model, hr_state *state)
{
    const size_t size = model->hidden_size;
    const uint8_t log2 = model->block_log2;
    size_t i;

    if (hr_in_pairs(model)) { /* made by the first level */
        const int16_t *hidden = state->hidden, *const end = hidden + size;
        uint32_t *pair = state->scratch;

        for (; hidden != end; hidden += 2) {
            const int32_t a = hidden[0], b = hidden[1];

            *pair++ = (uint32_t)(a + b) + ((uint32_t)(a - b) << 16);
        }
        hr_transform32(state->scratch, size >> 1, (uint8_t)(log2 - 1));
    } else if (model->transform_bits == 32) {
        for (i = 0; i < size; i++) {
            state->scratch[i] = (uint32_t)(int32_t)state->hidden[i];
        }
        hr_transform32(state->scratch, size, log2);
    } /* else blocks of one: t is h */
}
#endif

/* t of neuron i after hr_transform. */
static int32_t hr_transformed(const hr_model *model, const hr_state *state, size_t i)
{
#if HR_LANES == 2
    if (hr_in_pairs(model)) {
        const uint32_t pair = state->scratch[i >> 1];

        return i & 1 ? hr_high(pair) : hr_low(pair);
    }
#endif
    return model->transform_bits == 16 ? state->hidden[i] : (int32_t)state->scratch[i];
}

/* hidden = saturate((y 2^w + rest) >> F). */
HR_APART static void hr_settle_any(const hr_model *model, hr_state *state, const uint32_t *rest,
                                   size_t first, size_t count)
{
    const uint8_t fraction = model->fraction_bits;
    const int32_t gain = (int32_t)1 << (fraction - (model->block_log2 >> 1));
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    size_t i;

    for (i = first; i < first + count; i++, rest++) {
        int32_t value = hr_transformed(model, state, i);

        if ((HR_READ(model->signs + (i >> 3)) >> (i & 7)) & 1) {
            value = -value;
        }
        if (model->block_log2 & 1) {
            value = hr_inverse_sqrt2(value);
        }
        value = hr_shift_right(value * gain + (int32_t)*rest, fraction);
        value = value > limit ? limit : value < -limit ? -limit : value;
        state->hidden[i] = (int16_t)value;
    }
}

/* Mean readout: sums += relu(hidden). */
HR_APART static void hr_add_to_sums(const hr_model *model, hr_state *state, size_t first,
                                    size_t count)
{
    const int16_t *hidden = state->hidden + first, *const end = hidden + count;

    if (model->sum_bits == 16) {
        uint16_t *sums = state->sums16 + first;

        for (; hidden != end; hidden++, sums++) {
            if (*hidden > 0) {
                *sums = (uint16_t)(*sums + (uint16_t)*hidden);
            }
        }
    } else if (model->sum_bits == 32) {
        uint32_t *sums = state->sums32 + first;

        for (; hidden != end; hidden++, sums++) {
            *sums = *sums + (uint32_t)hr_relu(*hidden);
        }
    }
}

/* hidden = saturate((y 2^w + p M + B 2^bias_shift + R) >> F). */
static void hr_update(const hr_model *model, const hr_drive *drive, hr_state *state)
{
    const size_t size = model->hidden_size;
    uint32_t rest[HR_BATCH];
    size_t first, count;

    for (first = 0; first < size; first += count) {
        count = size - first < HR_BATCH ? size - first : HR_BATCH;
        hr_rest(model, drive, first, count, rest);
#if HR_LANES == 2
        if (hr_in_pairs(model) && (count & 7) == 0) {
            hr_settle_pairs(model, drive, state->scratch + (first >> 1), rest,
                            state->hidden + first,
                            model->sum_bits == 16 ? state->sums16 + first : NULL,
                            model->signs + (first >> 3), count);
            if (model->sum_bits == 32) {
                hr_add_to_sums(model, state, first, count);
            }
            continue;
        }
#endif
        hr_settle_any(model, state, rest, first, count);
        hr_add_to_sums(model, state, first, count);
    }
}

#ifdef HR_WIDE
#include "hadamrnn_wide.h"
#endif

/* The step itself. input is null for a symbol model. */
static hr_status hr_advance(const hr_model *model, hr_state *state, const int8_t *input,
                            uint16_t symbol)
{
    const uint8_t fraction = model->fraction_bits;
    hr_drive drive;
#if HR_LANES == 2
    size_t i;
#endif

    if (model->sum_bits && state->steps >= model->max_steps) {
        return HR_TOO_MANY_STEPS;
    }
#ifdef HR_WIDE
    if (model->hidden_size % HR_GROUP == 0) {
        hr_step_wide(model, state, input, symbol);
        state->steps++;
        return HR_OK;
    }
#endif
    drive.input = input;
    drive.stride = hr_row_bytes(model, model->input_weight_bits);
    drive.row = model->input_weight + (input ? 0 : symbol * drive.stride);
    drive.multiplier = model->input_multiplier;
    drive.bias_gain = (int32_t)1 << model->bias_shift;
    drive.rounding = hr_rounding_constant(state->steps, fraction,
                                          (uint8_t)(fraction - (model->block_log2 >> 1)));
#if HR_LANES == 2
    drive.mask = 0x000F000Fu;
    drive.gain = (int32_t)1 << (fraction - (model->block_log2 >> 1));
    drive.offset = (uint32_t)drive.rounding;
    for (i = 0; input && i < model->input_size; i++) {
        drive.offset -= 8 * (uint32_t)(int32_t)input[i] * (uint32_t)drive.multiplier;
    }
#endif
    hr_transform(model, state);
#if HR_LANES == 1
    if (model->aligned_shift != HR_NOT_ALIGNED && (model->hidden_size & 7) == 0 &&
        model->transform_bits == 16 &&
        (!input || (model->input_weight_bits == 4 && model->input_size <= 31))) {
        hr_update_aligned(model, &drive, state->hidden);
        hr_add_to_sums(model, state, 0, model->hidden_size);
    } else
#endif
    {
        hr_update(model, &drive, state);
    }
    state->steps++;
    return HR_OK;
}

hr_status hr_reset(hr_state *state)
{
    if (!state || !state->hidden) {
        return HR_NULL_POINTER;
    }
    memset(state->hidden, 0, state->hidden_size * sizeof(int16_t));
    if (state->sums16) {
        memset(state->sums16, 0, state->hidden_size * sizeof(uint16_t));
    }
    if (state->sums32) {
        memset(state->sums32, 0, state->hidden_size * sizeof(uint32_t));
    }
    state->steps = 0;
    return HR_OK;
}

hr_status hr_step(const hr_model *model, hr_state *state, const int8_t *input)
{
    const hr_status status = hr_check(model, state);

    if (status != HR_OK) {
        return status;
    }
    if (!input) {
        return HR_NULL_POINTER;
    }
    return model->flags & HR_SYMBOL ? HR_WRONG_INPUT : hr_advance(model, state, input, 0);
}

hr_status hr_step_symbol(const hr_model *model, hr_state *state, uint16_t symbol)
{
    const hr_status status = hr_check(model, state);

    if (status != HR_OK) {
        return status;
    }
    if (!(model->flags & HR_SYMBOL)) {
        return HR_WRONG_INPUT;
    }
    return symbol >= model->input_size ? HR_BAD_SYMBOL : hr_advance(model, state, NULL, symbol);
}

/* What the readout sees of one neuron: relu of its state, or its shifted sum. */
static int32_t hr_seen(const hr_model *model, const hr_state *state, size_t i)
{
    if (model->sum_bits == 0) {
        return hr_relu(state->hidden[i]);
    }
    return (int32_t)((model->sum_bits == 16 ? state->sums16[i] : state->sums32[i]) >>
                     model->sum_shift);
}

hr_status hr_logits(const hr_model *model, const hr_state *state, int32_t *logits)
{
    const hr_status status = hr_check(model, state);
    const uint8_t *row;
    size_t c, i, size, stride;

    if (status != HR_OK) {
        return status;
    }
    if (!logits) {
        return HR_NULL_POINTER;
    }
    size = model->hidden_size;
    stride = hr_row_bytes(model, model->weight_bits);
    row = model->output_weight;
    for (c = 0; c < model->output_size; c++, row += stride) {
        int32_t bias = hr_read32(model->output_bias + 4 * c);
        int32_t sum = 0;

        i = 0;
        if (model->weight_bits == 4) {
            for (; i + 1 < size; i += 2) {
                const uint8_t pair = HR_READ(row + (i >> 1));

                sum += hr_nibble(pair) * hr_seen(model, state, i) +
                       hr_nibble((uint8_t)(pair >> 4)) * hr_seen(model, state, i + 1);
            }
        }
        for (; i < size; i++) {
            sum += hr_weight(row, i, model->weight_bits) * hr_seen(model, state, i);
        }
        if (model->sum_bits) {
            bias = hr_shift_right(bias * (int32_t)state->steps, model->sum_shift);
        }
        logits[c] = sum + bias;
    }
    return HR_OK;
}

hr_status hr_argmax(const hr_model *model, const int32_t *logits, uint16_t *class_id)
{
    uint16_t best = 0, c;

    if (!model || !logits || !class_id) {
        return HR_NULL_POINTER;
    }
    for (c = 1; c < model->output_size; c++) {
        if (logits[c] > logits[best]) {
            best = c;
        }
    }
    *class_id = best;
    return HR_OK;
}

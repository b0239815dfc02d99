/* HadamRNN runtime; see hadamrnn.h for the contract and hadamrnn/integer.py for the definition.
 *
 * How it got fast: radix-4 butterflies keep four values in registers, which halves the loads and
 * stores of radix 2; they run in 16 bits where the model is proven to fit; and 4-bit weights have
 * their own loops. The remaining work of a step is one pass over the d neurons. */
#include "hadamrnn.h"

#include <string.h>

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

static int32_t hr_read16(const uint8_t *bytes)
{
    const int32_t value = (int32_t)HR_READ(bytes) | ((int32_t)HR_READ(bytes + 1) << 8);

    return value < 32768 ? value : value - 65536;
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

/* x <- (I_q (x) S_m) x in place: one radix-2 pass if log2(m) is odd, then radix-4 passes. */
#define HR_DEFINE_TRANSFORM(name, type)                                                          \
    static void name(type *x, size_t size, size_t block, uint8_t block_log2)                     \
    {                                                                                            \
        size_t base, half = 1, i;                                                                \
        if (block_log2 & 1) {                                                                    \
            for (i = 0; i < size; i += 2) {                                                      \
                const type a = x[i], b = x[i + 1];                                               \
                x[i] = (type)(a + b);                                                            \
                x[i + 1] = (type)(a - b);                                                        \
            }                                                                                    \
            half = 2;                                                                            \
        }                                                                                        \
        for (; half < block; half *= 4) {                                                        \
            for (base = 0; base < size; base += 4 * half) {                                      \
                type *p = x + base, *const end = p + half;                                       \
                for (; p != end; p++) {                                                          \
                    const type a = p[0], b = p[half], c = p[2 * half], d = p[3 * half];          \
                    const type ab = (type)(a + b), cd = (type)(c + d);                           \
                    const type a_b = (type)(a - b), c_d = (type)(c - d);                         \
                    p[0] = (type)(ab + cd);                                                      \
                    p[half] = (type)(a_b + c_d);                                                 \
                    p[2 * half] = (type)(ab - cd);                                               \
                    p[3 * half] = (type)(a_b - c_d);                                             \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
    }

HR_DEFINE_TRANSFORM(hr_transform16, int16_t)
HR_DEFINE_TRANSFORM(hr_transform32, int32_t)

/* sum over features j of weight (j, neuron) * input[j]; rows are stride bytes apart. */
static int32_t hr_dense(const uint8_t *row, size_t stride, size_t neuron, uint8_t bits,
                        const int8_t *input, size_t features)
{
    const int8_t *const end = input + features;
    int32_t sum = 0;

    if (bits == 4) {
        const uint8_t shift = neuron & 1 ? 4 : 0;

        for (row += neuron >> 1; input != end; row += stride) {
            sum += hr_nibble((uint8_t)(HR_READ(row) >> shift)) * *input++;
        }
    } else {
        for (; input != end; row += stride) {
            sum += hr_weight(row, neuron, bits) * *input++;
        }
    }
    return sum;
}

/* 2^(F-1) and the dither of step n; see rounding_constant in hadamrnn/fixed_point.py. */
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
        (model->transform_bits == 16 ? !state->scratch16 : !state->scratch32) ||
        (model->sum_bits == 16 && !state->sums16) || (model->sum_bits == 32 && !state->sums32)) {
        return HR_WRONG_STATE;
    }
    return HR_OK;
}

static int32_t hr_relu(int16_t value)
{
    return value > 0 ? value : 0;
}

/* Mean readout: sums += relu(hidden). */
static void hr_add_to_sums(const hr_model *model, hr_state *state)
{
    const size_t size = model->hidden_size;
    size_t i;

    if (model->sum_bits == 16) {
        for (i = 0; i < size; i++) {
            state->sums16[i] = (uint16_t)(state->sums16[i] + hr_relu(state->hidden[i]));
        }
    } else if (model->sum_bits == 32) {
        for (i = 0; i < size; i++) {
            state->sums32[i] = state->sums32[i] + (uint32_t)hr_relu(state->hidden[i]);
        }
    }
}

/* The step itself. input is null for a symbol model. Fields that the loop reads are copied first:
 * the compiler must assume that writing a state could change them. */
static hr_status hr_advance(const hr_model *model, hr_state *state, const int8_t *input,
                            uint16_t symbol)
{
    const size_t size = model->hidden_size, features = model->input_size;
    const uint8_t bits = model->input_weight_bits;
    const size_t stride = hr_row_bytes(model, bits);
    const uint8_t *const row = model->input_weight + (input ? 0 : symbol * stride);
    const uint8_t *const signs = model->signs;
    const uint8_t *bias = model->bias;
    const uint8_t narrow = model->transform_bits == 16, root = model->block_log2 & 1;
    const uint8_t fraction = model->fraction_bits;
    const int32_t limit = ((int32_t)1 << (model->activation_bits - 1)) - 1;
    const uint8_t width = (uint8_t)(fraction - (model->block_log2 >> 1));
    const int32_t gain = (int32_t)1 << width;
    const int32_t multiplier = model->input_multiplier;
    const int32_t bias_gain = (int32_t)1 << model->bias_shift;
    const int32_t rounding = hr_rounding_constant(state->steps, fraction, width);
    int16_t *const hidden = state->hidden, *const scratch16 = state->scratch16;
    int32_t *const scratch32 = state->scratch32;
    size_t i;

    if (model->sum_bits && state->steps >= model->max_steps) {
        return HR_TOO_MANY_STEPS;
    }
    if (narrow) {
        memcpy(scratch16, hidden, size * sizeof(int16_t));
        hr_transform16(scratch16, size, model->block_size, model->block_log2);
    } else {
        for (i = 0; i < size; i++) {
            scratch32[i] = hidden[i];
        }
        hr_transform32(scratch32, size, model->block_size, model->block_log2);
    }
    for (i = 0; i < size; i++, bias += 2) {
        /* signs are random: 1 - 2 bit, not a branch that is guessed wrong half the time */
        const int32_t sign = 1 - 2 * ((HR_READ(signs + (i >> 3)) >> (i & 7)) & 1);
        int32_t value = sign * (narrow ? scratch16[i] : scratch32[i]);
        int32_t drive;

        if (root) {
            value = hr_inverse_sqrt2(value);
        }
        drive = input ? hr_dense(row, stride, i, bits, input, features) : hr_weight(row, i, bits);
        value = value * gain + drive * multiplier + hr_read16(bias) * bias_gain + rounding;
        value = hr_shift_right(value, fraction);
        value = value > limit ? limit : value < -limit ? -limit : value;
        hidden[i] = (int16_t)value;
    }
    hr_add_to_sums(model, state);
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

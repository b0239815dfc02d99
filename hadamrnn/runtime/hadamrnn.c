/* HadamRNN runtime; hadamrnn.h has the contract, hadamrnn/integer/model.py the definition.
 *
 * A step is a transform (hadamrnn_transform.h), then for each neuron a product with the input and
 * an update: in general form in hadamrnn_update.h, and in fast forms in hadamrnn_pairs.h (int of 32
 * bits) and hadamrnn_aligned.h (int of 16 bits), for 4-bit weights and transforms that fit 16 bits,
 * and in hadamrnn_wide.h (vectors), for states in whole groups of 64 or 32. All compute the same
 * integers. */
#include "hadamrnn.h"

#include <string.h>

#include "hadamrnn_aligned.h"
#include "hadamrnn_update.h"
#include "hadamrnn_wide.h"

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
    if (model->hidden_size % HR_GROUP == 0 && model->bias_bits == 16) {
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
    drive.gain = hr_gain(model);
    drive.offset = (uint32_t)drive.rounding;
    for (i = 0; input && i < model->input_size; i++) {
        drive.offset -= 8 * (uint32_t)(int32_t)input[i] * (uint32_t)drive.multiplier;
    }
#endif
    hr_transform(model, state);
#if HR_LANES == 1
    if (model->aligned_shift != HR_NOT_ALIGNED && (model->hidden_size & 7) == 0 &&
        model->transform_bits == 16 && model->bias_bits == 16 &&
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

/* T of hadamrnn/integer/logarithm.py: round(64 log2(1 + (j + 1/2) / 64)). */
static const uint8_t hr_log2_table[64] HR_TABLE = {
    1,  2,  4,  5,  6,  8,  9,  10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 25, 26, 27,
    28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 43, 44, 45, 46, 47, 48,
    49, 50, 50, 51, 52, 53, 54, 55, 55, 56, 57, 58, 58, 59, 60, 61, 61, 62, 63, 64};

/* 64 log2(value) of a value above 0: its leading one, and a table of the six bits behind it. */
static int32_t hr_log2(uint32_t value)
{
    int32_t octave = 31;

    for (; !(value >> 16); value <<= 16) {
        octave -= 16;
    }
    for (; !(value >> 31); value <<= 1) {
        octave--;
    }
    return octave * 64 + HR_READ(hr_log2_table + ((value >> 25) & 63));
}

/* What the readout sees of one neuron: relu of its state, its shifted sum, or the logarithm of its
 * sum and n times the floor, less that of n. */
static int32_t hr_seen(const hr_model *model, const hr_state *state, size_t i, uint32_t floors,
                       int32_t log_steps)
{
    uint32_t sum;

    if (model->sum_bits == 0) {
        return hr_relu(state->hidden[i]);
    }
    sum = model->sum_bits == 16 ? state->sums16[i] : state->sums32[i];
    return floors ? hr_log2(sum + floors) - log_steps : (int32_t)(sum >> model->sum_shift);
}

/* (logit multiplier + 2^14) >> 15 for a multiplier below 2^15, in 32 bits. */
static int32_t hr_scaled(int32_t logit, int32_t multiplier)
{
    const int32_t high = hr_shift_right(logit, 16);
    const uint32_t low = (uint32_t)logit & 0xFFFFu;

    return 2 * high * multiplier + (int32_t)((low * (uint32_t)multiplier + 16384) >> 15);
}

hr_status hr_logits(const hr_model *model, const hr_state *state, int32_t *logits)
{
    const hr_status status = hr_check(model, state);
    const uint8_t *row;
    uint32_t steps, floors;
    int32_t log_steps;
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
    steps = state->steps ? state->steps : 1;
    floors = model->flags & HR_LOGARITHM ? steps * model->log_floor : 0;
    log_steps = floors ? hr_log2(steps) : 0;
    for (c = 0; c < model->output_size; c++, row += stride) {
        int32_t bias = hr_read32(model->output_bias + 4 * c);
        int32_t sum = 0;

        i = 0;
        if (model->weight_bits == 4) {
            for (; i + 1 < size; i += 2) {
                const uint8_t pair = HR_READ(row + (i >> 1));

                sum += hr_nibble(pair) * hr_seen(model, state, i, floors, log_steps) +
                       hr_nibble((uint8_t)(pair >> 4)) * hr_seen(model, state, i + 1, floors, log_steps);
            }
        }
        for (; i < size; i++) {
            sum += hr_weight(row, i, model->weight_bits) * hr_seen(model, state, i, floors, log_steps);
        }
        if (model->sum_bits && !floors) {
            bias = hr_shift_right(bias * (int32_t)state->steps, model->sum_shift);
        }
        logits[c] = sum + bias;
        if (model->flags & HR_ROW_MULTIPLIERS) {
            logits[c] = hr_scaled(logits[c], hr_read16(model->row_multipliers + 2 * c));
        }
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

/* HadamRNN runtime; hadamrnn.h has the contract, hadamrnn/integer/model.py the definition.
 *
 * A step is a transform (hadamrnn_transform.h), then for each neuron a product with the input and
 * an update: in general form in hadamrnn_update.h, and in fast forms in hadamrnn_pairs.h (int of 32
 * bits) and hadamrnn_aligned.h (int of 16 bits), for weights of 2 to 4 bits and transforms that fit
 * 16 bits, and in hadamrnn_wide.h (vectors), for states in whole groups of 64 or 32. All compute the
 * same integers. Logits are in hadamrnn_logits.h. */
#include "hadamrnn.h"

#include <string.h>

#include "hadamrnn_embedding.h"
#include "hadamrnn_logits.h"
#include "hadamrnn_raw.h"
#include "hadamrnn_update.h"
#include "hadamrnn_wide.h"

HR_APART int32_t hr_weight(const uint8_t *row, size_t index, uint8_t bits)
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

uint16_t hr_root4(uint32_t value)
{
    return hr_isqrt((uint32_t)hr_isqrt(value) << 16);
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

/* The step itself. input is null for symbols without an embedding. */
static hr_status hr_advance(const hr_model *model, hr_state *state, const int8_t *input,
                            uint16_t symbol)
{
    static const int8_t one = 1;
    const uint8_t fraction = model->fraction_bits, bits = model->input_weight_bits;
    hr_drive drive;
#if HR_LANES == 2
    int32_t inputs = 0;
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
    drive.input = input ? input : &one;
    drive.features = input ? model->input_size : 1;
    drive.bits = bits;
    drive.stride = hr_row_bytes(model, bits);
    drive.row = model->input_weight + (input ? 0 : symbol * drive.stride);
    drive.multiplier = model->input_multiplier;
    drive.bias_gain = (int32_t)1 << model->bias_shift;
    drive.rounding = hr_rounding_constant(state->steps, fraction,
                                          (uint8_t)(fraction - (model->block_log2 >> 1)));
#if HR_LANES == 2
    drive.mask = (((uint32_t)1 << bits) - 1) * 0x00010001u;
    drive.gain = hr_gain(model);
    drive.offset = (uint32_t)drive.rounding;
    for (i = 0; i < drive.features; i++) {
        inputs += drive.input[i];
    }
    drive.offset -= ((uint32_t)inputs << (bits - 1)) * (uint32_t)drive.multiplier;
#endif
    hr_transform(model, state);
#if HR_LANES == 1
    if (hr_is_aligned(model)) {
        hr_update_aligned(model, &drive, state);
        if (model->sum_bits == 32 || model->transform_bits == 32) {
            hr_add_to_sums(model, state);
        }
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

hr_status hr_step_raw(const hr_model *model, hr_state *state, const int16_t *reading)
{
    const hr_status status = hr_check(model, state);

    if (status != HR_OK) {
        return status;
    }
    if (!reading || !state->input) {
        return HR_NULL_POINTER;
    }
    if (model->flags & HR_SYMBOL) {
        return HR_WRONG_INPUT;
    }
    if (!model->channels) {
        return HR_NO_READINGS;
    }
    hr_code(model, reading, state->input);
    return hr_advance(model, state, state->input, 0);
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
    if (symbol >= (model->embedding ? model->symbols : model->input_size)) {
        return HR_BAD_SYMBOL;
    }
    if (!model->embedding) {
        return hr_advance(model, state, NULL, symbol);
    }
    if (!state->input) {
        return HR_NULL_POINTER;
    }
    hr_embed(model, symbol, state->input);
    return hr_advance(model, state, state->input, 0);
}

hr_status hr_logits(const hr_model *model, const hr_state *state, int32_t *logits)
{
    const hr_status status = hr_check(model, state);

    if (status == HR_OK && !logits) {
        return HR_NULL_POINTER;
    }
    if (status == HR_OK) {
        hr_read_out(model, state, logits);
    }
    return status;
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

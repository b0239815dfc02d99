/* One step of CMSIS-NN's LSTM of 8 bits, as it runs layers of TensorFlow Lite. weights.h holds HIDDEN,
 * INPUTS and random weights. */
#include "arm_nnfunctions.h"
#include "weights.h"

#define GATE(n, kind)                                                                              \
    {                                                                                              \
        1 << 30, -6, input_weights + (n) * HIDDEN * INPUTS, biases + (n) * HIDDEN, 1 << 30, -7,    \
            hidden_weights + (n) * HIDDEN * HIDDEN, biases + (n) * HIDDEN, biases, kind            \
    }

static const cmsis_nn_lstm_params params = {
    .time_major = 1,
    .batch_size = 1,
    .time_steps = 1,
    .input_size = INPUTS,
    .hidden_size = HIDDEN,
    .input_offset = 3,
    .forget_to_cell_multiplier = 1 << 30,
    .forget_to_cell_shift = -14,
    .input_to_cell_multiplier = 1 << 30,
    .input_to_cell_shift = -14,
    .cell_clip = 32767,
    .cell_scale_power = -12,
    .output_multiplier = 1 << 30,
    .output_shift = -22,
    .output_offset = 0,
    .forget_gate = GATE(0, ARM_SIGMOID),
    .input_gate = GATE(1, ARM_SIGMOID),
    .cell_gate = GATE(2, ARM_TANH),
    .output_gate = GATE(3, ARM_SIGMOID),
};
static int16_t first[HIDDEN], second[HIDDEN], cell[HIDDEN];
static int8_t hidden[HIDDEN], output[HIDDEN];
void peer_step(void);

void peer_step(void)
{
    cmsis_nn_lstm_context context = {first, second, cell, hidden};

    (void)arm_lstm_unidirectional_s8(inputs, output, &params, &context);
}

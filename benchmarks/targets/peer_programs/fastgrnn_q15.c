/* One step of EdgeML's FastGRNN in numbers of 16 bits, with shifts and unrolled loops and without
 * tables: its fastest form. weights.h holds HIDDEN, INPUTS and random weights. */
#include "quantized_fastgrnn.h"
#include "weights.h"

static const Q15_FastGRNN_Params params = {
    .W = input_weights, .U = hidden_weights, .Bg = biases, .Bh = biases, .sigmoid_zeta = 13000, .sigmoid_nu = 40};
static const Q15_FastGRNN_Scales scales = {
    .w = 7, .normFeaturesMVW = 7, .mVWOut = 0, .u = 7, .hiddenStateMVU = 7, .mVUOut = 1,
    .sigmoidScaleIn = 11, .sigmoidScaleOut = 14, .tanhScaleIn = 11, .tanhScaleOut = 14,
    .gateHDHiddenState = 7, .hiddenStateHDGate = 7, .sigmoidZeta = 7, .sigmoidZetaMulQOneSubGate = 7,
    .sigmoidNuAddQOneSubGateHDUpdate = 7, .updateHDSigmoidNuAddQOneSubGate = 7,
    .div = 2, .add = 1024, .sigmoidLimit = 2048, .qOne = 16384};
static Q15_T state[HIDDEN], first[HIDDEN], second[HIDDEN], third[HIDDEN], features[INPUTS];
void peer_step(void);

void peer_step(void)
{
    Q15_FastGRNN_Buffers buffers = {first, second, third, features};

    (void)q15_fastgrnn(state, HIDDEN, inputs, INPUTS, 1, &params, &buffers, &scales, 0, 0);
}

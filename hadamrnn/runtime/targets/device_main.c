/* A program for an emulated device: runs sequences through the runtime, hands every integer it
 * computes to the port for a CRC-32, and lets the port count each step. Built and run by
 * hadamrnn/targets/emulation.py with
 *     HR_MODEL_HEADER  the generated header       HR_MODEL      its hr_model
 *     HR_STATE         its state macro            HR_INPUTS, HR_OUTPUTS   its sizes
 *
 * Input:  uint32 sequences, uint32 steps, then int8 features, int16 readings (HR_READINGS) or
 *         uint16 symbols.
 * Output: uint32 counts of an empty measurement, of PORT_LOOP, then for each sequence of every
 *         hr_step and of the last hr_logits followed by the sequence's CRC-32 (as
 *         IntegerModel.trace); at last the hr_status. All little endian. */
#include "hadamrnn.h"
#include "port.h"
#include HR_MODEL_HEADER

HR_STATE(state);
static int32_t logits[HR_OUTPUTS];
#ifdef HR_READINGS
static int16_t input[HR_INPUTS];
#define STEP hr_step_raw
#else
static int8_t input[HR_INPUTS];
#define STEP hr_step
#endif

static hr_status one_step(void)
{
    hr_status status;

    if (HR_MODEL.flags & HR_SYMBOL) {
        uint16_t symbol;

        port_read(&symbol, 2);
        port_begin();
        status = hr_step_symbol(&HR_MODEL, &state, symbol);
    } else {
        port_read(input, sizeof input);
        port_begin();
        status = STEP(&HR_MODEL, &state, input);
    }
    port_end();
    return status;
}

static void hash_step(void)
{
    uint16_t i;

    port_hash(state.hidden, (uint16_t)(HR_MODEL.hidden_size * sizeof(int16_t)));
    if (HR_MODEL.sum_bits == 16) {
        for (i = 0; i < HR_MODEL.hidden_size; i++) {
            const uint32_t sum = state.sums16[i];

            port_hash(&sum, 4);
        }
    } else if (HR_MODEL.sum_bits == 32) {
        port_hash(state.sums32, (uint16_t)(HR_MODEL.hidden_size * sizeof(uint32_t)));
    }
    port_hash(logits, (uint16_t)sizeof logits);
}

int main(void)
{
    uint32_t sequences, steps, t;
    hr_status status = HR_OK;

    port_begin();
    port_end();
    port_begin();
    PORT_LOOP();
    port_end();
    port_read(&sequences, 4);
    port_read(&steps, 4);
    for (; sequences && status == HR_OK; sequences--) {
        status = hr_reset(&state);
        for (t = 0; t < steps && status == HR_OK; t++) {
            status = one_step();
            if (status == HR_OK) {
                status = hr_logits(&HR_MODEL, &state, logits);
                hash_step();
            }
        }
        port_begin();
        (void)hr_logits(&HR_MODEL, &state, logits);
        port_end();
        port_sequence();
    }
    port_finish((uint8_t)status);
    return 0;
}

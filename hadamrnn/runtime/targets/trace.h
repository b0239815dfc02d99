/* The CRC-32 of everything that a step computes, as IntegerModel.trace has it: of the states as
 * int16, the sums as uint32 where there are any, and the logits as int32, little endian. */
#ifndef HADAMRNN_TRACE_H
#define HADAMRNN_TRACE_H

#include "hadamrnn.h"

static uint32_t crc_table[256];

static void fill_crc_table(void)
{
    uint32_t i, bit, crc;

    for (i = 0; i < 256; i++) {
        for (crc = i, bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
        }
        crc_table[i] = crc;
    }
}

/* CRC-32 of the lowest bytes of value, lowest first; crc is kept inverted while it runs. */
static uint32_t crc_add(uint32_t crc, uint32_t value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8) {
        crc = (crc >> 8) ^ crc_table[(crc ^ value) & 255];
    }
    return crc;
}

static uint32_t trace_step(uint32_t crc, const hr_model *model, const hr_state *state,
                           const int32_t *logits)
{
    size_t i;

    for (i = 0; i < model->hidden_size; i++) {
        crc = crc_add(crc, (uint32_t)(int32_t)state->hidden[i], 2);
    }
    for (i = 0; model->sum_bits && i < model->hidden_size; i++) {
        crc = crc_add(crc, model->sum_bits == 16 ? state->sums16[i] : state->sums32[i], 4);
    }
    for (i = 0; i < model->output_size; i++) {
        crc = crc_add(crc, (uint32_t)logits[i], 4);
    }
    return crc;
}
#endif

/* A symbol as the integers of a step, of models with an embedding. */
#ifndef HADAMRNN_EMBEDDING_H
#define HADAMRNN_EMBEDDING_H

#include "hadamrnn_basics.h"

/* input = row symbol of E. A number of up to 8 bits lies in one byte or in two; no byte is read that
 * holds none of it. */
HR_LOCAL void hr_embed(const hr_model *model, uint16_t symbol, int8_t *input)
{
    const uint8_t bits = model->input_bits;
    const int16_t sign = (int16_t)(1 << (bits - 1));
    uint32_t bit = (uint32_t)symbol * model->input_size * bits; /* below 2^16 2^12 2^3 */
    uint16_t i;

    for (i = 0; i < model->input_size; i++, bit += bits) {
        const uint8_t *const at = model->embedding + (size_t)(bit >> 3);
        const uint8_t offset = (uint8_t)(bit & 7);
        uint16_t value = (uint16_t)(HR_READ(at) >> offset);

        if (offset + bits > 8) {
            value = (uint16_t)(value | ((uint16_t)HR_READ(at + 1) << (8 - offset)));
        }
        value = (uint16_t)(value & ((1u << bits) - 1));
        input[i] = (int8_t)((int16_t)(value ^ (uint16_t)sign) - sign);
    }
}
#endif

/* Raw readings as the integers of a step. The definition is hadamrnn/integer/recording.py. */
#ifndef HADAMRNN_RAW_H
#define HADAMRNN_RAW_H

#include "hadamrnn_basics.h"

/* floor(sqrt(value)), a bit at a time */
HR_LOCAL uint16_t hr_isqrt(uint32_t value)
{
    uint32_t root = 0, bit;

    for (bit = (uint32_t)1 << 30; bit; bit >>= 2) {
        const uint32_t trial = root + bit;

        root >>= 1;
        if (value >= trial) {
            value -= trial;
            root += bit;
        }
    }
    return (uint16_t)root;
}

/* sign(r) (root4(2^f + |r| K) - root4(2^f)) with the K and f of a row; r itself where K is 0. */
HR_LOCAL int32_t hr_bend(const uint8_t *row, int32_t r)
{
    const uint32_t knee = (uint32_t)HR_READ(row) | ((uint32_t)HR_READ(row + 1) << 8);
    const uint8_t bits = HR_READ(row + 2);
    const uint32_t one = (uint32_t)1 << bits;
    int32_t moved;

    if (!knee) {
        return r;
    }
    moved = (int32_t)hr_root4(one + (uint32_t)(r < 0 ? -r : r) * knee);
    moved -= bits & 3 ? (int32_t)hr_root4(one) : (int32_t)256 << (bits >> 2);
    return r < 0 ? -moved : moved;
}

/* clip(((w - Z) M + 2^(S-1) >> S) + zero point), w being a reading, bent or not. Half is added
 * after a shift by S - 1, which is the same. */
HR_LOCAL void hr_code(const hr_model *model, const int16_t *reading, int8_t *input)
{
    const int32_t high = ((int32_t)1 << (model->input_bits - 1)) - 1;
    const uint8_t *channel = model->channels, *bent = model->companding;
    uint16_t left = model->channel_count;
    size_t i;

    for (i = 0; i < model->input_size; i++) {
        const uint8_t shift = HR_READ(channel + 4);
        const int32_t multiplier =
            (int32_t)HR_READ(channel + 2) | ((int32_t)HR_READ(channel + 3) << 8);
        int32_t x = bent ? hr_bend(bent, reading[i]) : reading[i];

        x = hr_shift_right((x - hr_read16(channel)) * multiplier, (uint8_t)(shift - 1));
        x = hr_shift_right(x + 1, 1) + model->input_zero_point;
        input[i] = (int8_t)(x > high ? high : x < -high - 1 ? -high - 1 : x);
        channel += 5;
        bent = bent ? bent + 3 : bent;
        if (--left == 0) { /* the next sample of the step */
            left = model->channel_count;
            channel = model->channels;
            bent = model->companding;
        }
    }
}
#endif

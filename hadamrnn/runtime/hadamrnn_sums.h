/* The sums of a mean readout. */
#ifndef HADAMRNN_SUMS_H
#define HADAMRNN_SUMS_H

#include "hadamrnn_basics.h"

#ifdef HR_BOTH_HALVES
/* relu of both halves. */
HR_LOCAL uint32_t hr_both_relu(uint32_t two)
{
    const uint32_t negative = two & 0x80008000u;

    return two & ~(negative | (negative - (negative >> 15)));
}
#endif

/* Mean readout: sums += relu(hidden). Of 16 bits two at a time: no sum carries into its neighbour,
 * because it was proven to fit. */
HR_APART static void hr_add_to_sums(const hr_model *model, hr_state *state)
{
    const int16_t *hidden = state->hidden, *const end = hidden + model->hidden_size;

    if (model->sum_bits == 16) {
        uint16_t *sums = state->sums16;

#ifdef HR_BOTH_HALVES
        if ((((uintptr_t)hidden | (uintptr_t)sums) & 3) == 0) {
            const int16_t *const eights = end - (model->hidden_size & 7);

            for (; hidden != eights; hidden += 8, sums += 8) {
                HR_BOTH_HALVES(sums) += hr_both_relu(HR_BOTH_HALVES(hidden));
                HR_BOTH_HALVES(sums + 2) += hr_both_relu(HR_BOTH_HALVES(hidden + 2));
                HR_BOTH_HALVES(sums + 4) += hr_both_relu(HR_BOTH_HALVES(hidden + 4));
                HR_BOTH_HALVES(sums + 6) += hr_both_relu(HR_BOTH_HALVES(hidden + 6));
            }
        }
#endif
        for (; hidden != end; hidden++, sums++) {
            if (*hidden > 0) {
                *sums = (uint16_t)(*sums + (uint16_t)*hidden);
            }
        }
    } else if (model->sum_bits == 32) {
        uint32_t *sums = state->sums32;

        for (; hidden != end; hidden++, sums++) {
            *sums = *sums + (uint32_t)hr_relu(*hidden);
        }
    }
}
#endif

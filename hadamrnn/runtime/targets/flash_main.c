/* The smallest complete use of a model, to weigh it: device.py links this once as it is and once
 * with HR_EMPTY, and the difference is what the runtime and the model take. */
#include "hadamrnn.h"

#ifndef HR_EMPTY
#include HR_MODEL_HEADER

HR_STATE(state);
#endif
static volatile uint8_t port;
void port_start(void);

int main(void)
{
#ifndef HR_EMPTY
    int32_t logits[HR_OUTPUTS];
    uint16_t class_id;

    for (;;) {
#ifdef HR_SYMBOLS
        (void)hr_step_symbol(&HR_MODEL, &state, port);
#elif defined(HR_READINGS)
        int16_t reading[HR_INPUTS];
        uint8_t i;

        for (i = 0; i < HR_INPUTS; i++) {
            reading[i] = (int16_t)port;
        }
        (void)hr_step_raw(&HR_MODEL, &state, reading);
#else
        int8_t input[HR_INPUTS];
        uint8_t i;

        for (i = 0; i < HR_INPUTS; i++) {
            input[i] = (int8_t)port;
        }
        (void)hr_step(&HR_MODEL, &state, input);
#endif
        (void)hr_logits(&HR_MODEL, &state, logits);
        (void)hr_argmax(&HR_MODEL, logits, &class_id);
        port = (uint8_t)class_id;
        (void)hr_reset(&state);
    }
#endif
    for (;;) {
        port++;
    }
}

#ifndef __AVR__
__attribute__((section(".vectors"), used)) static int (*const start)(void) = main;
#endif

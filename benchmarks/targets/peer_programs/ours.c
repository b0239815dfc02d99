/* One step of the model in model.h. */
#include "model.h"

HAR2_STATE(state);
static const int8_t input[HAR2_INPUT_SIZE] = {17, -90, 31, 4, -128, 127, 66, -5, 100};
void peer_step(void);

void peer_step(void)
{
    if (hr_step(&har2_model, &state, input) != HR_OK) {
        (void)hr_reset(&state);
    }
}

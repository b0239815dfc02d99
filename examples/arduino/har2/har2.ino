/* Recognise activities from an inertial sensor: read nine numbers fifty times a second, step, and
 * every 128 samples print the class. Beside this file belong hadamrnn.c, hadamrnn.h and har2.h:
 *     hadamrnn firmware shipped/har2/model.hrnn firmware
 * writes them to the folder firmware. */
extern "C" {
#include "hadamrnn.h"
}
#define HAR2_CLASS_NAMES
#include "har2.h"

HAR2_STATE(state);

/* Put your sensor here: nine numbers as the model was trained on, companded and standardised. How to
 * make them of readings without floating point: docs/guides/device.md, "From readings to inputs". */
static void read_sensor(float *sample)
{
    for (uint8_t i = 0; i < HAR2_INPUT_SIZE; i++) {
        sample[i] = (analogRead(A0 + i % 6) - 512) / 256.0f;
    }
}

/* clip(round(real / INPUT_SCALE) + INPUT_ZERO_POINT), the only floating point of the program. */
static int8_t quantize(float real)
{
    const long value = lround(real / (float)HAR2_INPUT_SCALE) + HAR2_INPUT_ZERO_POINT;

    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

void setup()
{
    Serial.begin(115200);
    hr_reset(&state);
}

void loop()
{
    static uint32_t next;
    float sample[HAR2_INPUT_SIZE];
    int8_t input[HAR2_INPUT_SIZE];

    if ((int32_t)(millis() - next) < 0) {
        return;
    }
    next += 20;
    read_sensor(sample);
    for (uint8_t i = 0; i < HAR2_INPUT_SIZE; i++) {
        input[i] = quantize(sample[i]);
    }
    if (hr_step(&har2_model, &state, input) != HR_OK) {
        Serial.println(F("step refused: see hr_status in hadamrnn.h"));
        hr_reset(&state);
    } else if (state.steps == HAR2_MAX_STEPS) {
        int32_t logits[HAR2_OUTPUT_SIZE];
        uint16_t class_id;

        hr_logits(&har2_model, &state, logits);
        hr_argmax(&har2_model, logits, &class_id);
        Serial.println(har2_class_names[class_id]);
        hr_reset(&state);
    }
}

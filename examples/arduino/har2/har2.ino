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

/* Put your sensor here: nine readings as integers, in the units that the first lines of har2.h name. */
static void read_sensor(int16_t *reading)
{
    for (uint8_t i = 0; i < HAR2_INPUT_SIZE; i++) {
        reading[i] = (analogRead(A0 + i % 6) - 512) * 8;
    }
}

void setup()
{
    Serial.begin(115200);
    hr_reset(&state);
}

void loop()
{
    static uint32_t next;
    int16_t reading[HAR2_INPUT_SIZE];

    if ((int32_t)(millis() - next) < 0) {
        return;
    }
    next += 20;
    read_sensor(reading);
    if (hr_step_raw(&har2_model, &state, reading) != HR_OK) {
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

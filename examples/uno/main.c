/* An Arduino Uno without the Arduino core: read samples, step, print the class of every window. The
 * serial line stands for both the sensor and the display, as in examples/cortex_m.
 *
 * Build: see docs/guides/device.md; "hadamrnn firmware" writes har2.h and the runtime. */
#include <avr/io.h>

#define HAR2_CLASS_NAMES
#include "har2.h"

HAR2_STATE(state);

static void write_text(const char *text)
{
    for (; *text; text++) {
        while (!(UCSR0A & (1 << UDRE0))) { /* the byte before it has not left */
        }
        UDR0 = (uint8_t)*text;
    }
}

static uint8_t read_byte(void)
{
    while (!(UCSR0A & (1 << RXC0))) { /* nothing received yet */
    }
    return UDR0;
}

/* The next sample: readings of 16 bits, low byte first, in the units that har2.h names. */
static void read_sample(int16_t *reading)
{
    uint8_t i;

    for (i = 0; i < HAR2_INPUT_SIZE; i++) {
        const uint16_t low = read_byte();

        reading[i] = (int16_t)(low | ((uint16_t)read_byte() << 8));
    }
}

int main(void)
{
    int16_t reading[HAR2_INPUT_SIZE];
    int32_t logits[HAR2_OUTPUT_SIZE];
    uint16_t class_id;

    UBRR0L = 8; /* 115,200 baud at 16 MHz */
    UCSR0A = 0;
    UCSR0B = (1 << RXEN0) | (1 << TXEN0);
    write_text("ready\n");
    for (;;) {
        read_sample(reading);
        if (hr_step_raw(&har2_model, &state, reading) != HR_OK) {
            write_text("step refused\n");
            (void)hr_reset(&state);
        } else if (state.steps == HAR2_MAX_STEPS) {
            (void)hr_logits(&har2_model, &state, logits);
            (void)hr_argmax(&har2_model, logits, &class_id);
            write_text(har2_class_names[class_id]);
            write_text("\n");
            (void)hr_reset(&state);
        }
    }
}

/* A bare Cortex-M program: read samples, step, print the class of every window. Shown on QEMU's
 * mps2-an385 board, whose UART 0 stands for both the sensor and the display; on yours, replace
 * the two functions and the addresses in examples/cortex_m/board.ld.
 *
 * Build: see docs/guides/device.md; "hadamrnn firmware" writes har2.h and the runtime. */
#define HAR2_CLASS_NAMES
#include "har2.h"

static volatile uint32_t *const uart = (volatile uint32_t *)0x40004000;

HAR2_STATE(state);

int main(void);
extern uint32_t __stack[], __data_start[], __data_end[], __data_flash[], __bss_start[], __bss_end[];

static void write_text(const char *text)
{
    for (; *text; text++) {
        uart[0] = (uint8_t)*text;
    }
}

static uint8_t read_byte(void)
{
    while (!(uart[1] & 2)) { /* nothing received yet */
    }
    return (uint8_t)uart[0];
}

/* The next sample: readings of 16 bits, low byte first, in the units that har2.h names. */
static void read_sample(int16_t *reading)
{
    uint32_t i;

    for (i = 0; i < HAR2_INPUT_SIZE; i++) {
        const uint16_t low = read_byte();

        reading[i] = (int16_t)(low | (uint16_t)(read_byte() << 8));
    }
}

int main(void)
{
    int16_t reading[HAR2_INPUT_SIZE];
    int32_t logits[HAR2_OUTPUT_SIZE];
    uint16_t class_id;

    uart[4] = 16; /* baud rate divider, as small as allowed */
    uart[2] = 3;  /* transmit and receive */
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

/* Start-up: initialised data from flash, zeros, then main. */
static void start(void)
{
    uint32_t *to, *from = __data_flash;

    for (to = __data_start; to != __data_end;) {
        *to++ = *from++;
    }
    for (to = __bss_start; to != __bss_end;) {
        *to++ = 0;
    }
    (void)main();
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*start)(void);
} vectors = {__stack, start};

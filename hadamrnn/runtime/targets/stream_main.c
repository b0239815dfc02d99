/* A program for an emulated device or, with port_host.c, for this computer: feeds one recording to
 * a stream and hands everything that it computes to the port for a CRC-32. Built and run by
 * hadamrnn/targets/streams.py with the macros of device_main.c, and HR_STREAM_COUNT, how many
 * states there are.
 *
 * Input:  uint32 shift, window, hop, smooth, reject, hold, steps, steps of a part; then int8 features,
 *         int16 readings (HR_READINGS) or uint16 symbols.
 * Output: uint32 counts of an empty measurement and of PORT_LOOP, then for each part that of every
 *         push, and the part's CRC-32: after each step of every state as int16, its sums or means
 *         as uint32, and of the event step, margin, class_id, best, due, changed; at last the
 *         hr_status. All little endian. */
#include "hadamrnn_stream.h"
#include "port.h"
#include HR_MODEL_HEADER

HR_STATE(state_0);
#if HR_STREAM_COUNT > 1
HR_STATE(state_1);
#endif
#if HR_STREAM_COUNT > 2
HR_STATE(state_2);
#endif
#if HR_STREAM_COUNT > 3
HR_STATE(state_3);
#endif
static hr_stream stream;
static hr_event event;
static int32_t scores[HR_STREAM_SCORES(HR_OUTPUTS)];
#ifdef HR_READINGS
static int16_t input[HR_INPUTS];
#define PUSH hr_stream_push
#else
static int8_t input[HR_INPUTS];
#define PUSH hr_stream_push_input
#endif

static uint32_t number(void)
{
    uint32_t value;

    port_read(&value, 4);
    return value;
}

static void set(void)
{
    stream.model = &HR_MODEL;
    stream.scores = scores;
    stream.states[0] = &state_0;
#if HR_STREAM_COUNT > 1
    stream.states[1] = &state_1;
#endif
#if HR_STREAM_COUNT > 2
    stream.states[2] = &state_2;
#endif
#if HR_STREAM_COUNT > 3
    stream.states[3] = &state_3;
#endif
    stream.shift = (uint8_t)number();
    stream.window = number();
    stream.hop = number();
    stream.smooth = (uint8_t)number();
    stream.reject = number();
    stream.hold = number();
}

static hr_status one_step(void)
{
    hr_status status;

    if (HR_MODEL.flags & HR_SYMBOL) {
        uint16_t symbol;

        port_read(&symbol, 2);
        port_begin();
        status = hr_stream_push_symbol(&stream, symbol, &event);
    } else {
        port_read(input, sizeof input);
        port_begin();
        status = PUSH(&stream, input, &event);
    }
    port_end();
    return status;
}

static void hash_step(void)
{
    const uint16_t size = HR_MODEL.hidden_size;
    uint16_t k, i;

    for (k = 0; k < HR_STREAM_COUNT; k++) {
        const hr_state *const state = stream.states[k];

        port_hash(state->hidden, (uint16_t)(size * sizeof(int16_t)));
        for (i = 0; HR_MODEL.sum_bits && i < size; i++) {
            const uint32_t sum = HR_MODEL.sum_bits == 16 ? state->sums16[i] : state->sums32[i];

            port_hash(&sum, 4);
        }
    }
    port_hash(&event.step, 4);
    port_hash(&event.margin, 4);
    port_hash(&event.class_id, 2);
    port_hash(&event.best, 2);
    port_hash(&event.due, 1);
    port_hash(&event.changed, 1);
}

int main(void)
{
    uint32_t steps, part, t;
    hr_status status;

    port_begin();
    port_end();
    port_begin();
    PORT_LOOP();
    port_end();
    set();
    steps = number();
    part = number();
    status = hr_stream_start(&stream);
    for (t = 1; t <= steps && status == HR_OK; t++) {
        status = one_step();
        hash_step();
        if (t % part == 0 || t == steps) {
            port_sequence();
        }
    }
    port_finish((uint8_t)status);
    return 0;
}

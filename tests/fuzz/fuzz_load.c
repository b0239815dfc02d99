/* Fuzzing of hr_load and of the steps of whatever it accepts. Every input is tried as it is and
 * once resealed with the right length and checksum, since no mutation finds those by chance.
 * Buffers have exactly the sizes that the contract asks for, so a sanitizer sees any read or write
 * outside; states and argmax are checked against their ranges.
 *
 * With libFuzzer:   clang -fsanitize=fuzzer,address,undefined ... with hadamrnn.c, hadamrnn_load.c
 * Without:          cc -DFUZZ_MAIN ... ; then: fuzz_load SECONDS SEED FILE...
 * which mutates the files at random, the same way for the same seed, and prints what it did. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hadamrnn.h"

enum { HEADER = 64, LENGTH_AT = 36, INPUT_BITS_AT = 10, STEPS = 3 };

static unsigned long accepted;
static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void demand(int truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "fuzz_load: %s\n", what);
        abort();
    }
}

static void *memory(size_t bytes)
{
    void *const block = calloc(1, bytes ? bytes : 1);

    demand(block != NULL, "out of memory");
    return block;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    int i;

    for (i = 0; i < 4; i++, value >>= 8) {
        bytes[i] = (uint8_t)value;
    }
}

static void seal(uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    size_t i;
    int bit;

    put32(bytes + LENGTH_AT, (uint32_t)size);
    for (i = 0; i < size - 4; i++) {
        for (crc ^= bytes[i], bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    put32(bytes + size - 4, ~crc);
}

static void run(const hr_model *model, uint8_t input_bits)
{
    const size_t d = model->hidden_size;
    const int limit = (1 << (model->activation_bits - 1)) - 1;
    const int mask = (1 << input_bits) - 1, half = 1 << (input_bits - 1);
    hr_state state = {0};
    int8_t *const input = memory(model->input_size);
    int32_t *const logits = memory(model->output_size * sizeof(int32_t));
    uint16_t class_id = 0;
    size_t i;
    int step;

    state.hidden_size = model->hidden_size;
    state.hidden = memory(d * sizeof(int16_t));
    state.scratch = memory(HR_SCRATCH_WORDS(d, model->transform_bits) * sizeof(uint32_t));
    if (model->sum_bits == 16) {
        state.sums16 = memory(d * sizeof(uint16_t));
    } else if (model->sum_bits == 32) {
        state.sums32 = memory(d * sizeof(uint32_t));
    }
    demand(hr_reset(&state) == HR_OK, "reset refused");
    for (step = 0; step < STEPS; step++) {
        const int late = model->sum_bits && (uint32_t)step >= model->max_steps;
        hr_status status;

        if (model->flags & HR_SYMBOL) {
            const uint16_t symbol = (uint16_t)(next_random() % model->input_size);

            status = hr_step_symbol(model, &state, symbol);
        } else {
            for (i = 0; i < model->input_size; i++) { /* often an end of the range */
                const int value = (int)(next_random() & (uint32_t)mask) - half;

                input[i] = (int8_t)(next_random() & 1 ? value : value < 0 ? -half : half - 1);
            }
            status = hr_step(model, &state, input);
        }
        demand(status == (late ? HR_TOO_MANY_STEPS : HR_OK), "step refused");
        for (i = 0; i < d; i++) {
            demand(state.hidden[i] >= -limit && state.hidden[i] <= limit, "state out of range");
        }
        demand(hr_logits(model, &state, logits) == HR_OK, "logits refused");
        demand(hr_argmax(model, logits, &class_id) == HR_OK, "argmax refused");
        demand(class_id < model->output_size, "class out of range");
    }
    free(input);
    free(logits);
    free(state.hidden);
    free(state.scratch);
    free(state.sums16);
    free(state.sums32);
    accepted++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *const bytes = memory(size);
    hr_model model;

    if (size) {
        memcpy(bytes, data, size);
    }
    if (hr_load(bytes, size, &model) == HR_OK) {
        run(&model, bytes[INPUT_BITS_AT]);
    }
    if (size >= HEADER + 4) {
        seal(bytes, size);
        if (hr_load(bytes, size, &model) == HR_OK) {
            run(&model, bytes[INPUT_BITS_AT]);
        }
    }
    free(bytes);
    return 0;
}

#ifdef FUZZ_MAIN
static size_t read_seed(const char *path, uint8_t *data, size_t room)
{
    FILE *const file = fopen(path, "rb");
    size_t size;

    demand(file != NULL, "cannot read a seed file");
    size = fread(data, 1, room, file);
    fclose(file);
    return size;
}

/* One to eight changes: a bit, a byte, a special value in the header, a cut, or an extension. */
static size_t mutate(uint8_t *data, size_t size, size_t room)
{
    static const uint8_t special[] = {0, 1, 2, 7, 8, 15, 16, 17, 127, 128, 255};
    uint32_t changes = 1 + next_random() % 8;

    for (; changes && size; changes--) {
        const size_t at = next_random() % (next_random() & 1 && size > HEADER ? HEADER : size);

        switch (next_random() % 8) {
        case 0:
            data[at] = (uint8_t)next_random();
            break;
        case 1:
            data[at] = special[next_random() % sizeof special];
            break;
        case 2:
            size = next_random() % 16 ? size : at;
            break;
        case 3:
            size += next_random() % 16 ? 0 : next_random() % (room - size);
            break;
        default:
            data[at] ^= (uint8_t)(1u << next_random() % 8);
        }
    }
    return size;
}

int main(int count, char **arguments)
{
    static uint8_t data[1 << 17];
    const time_t end = time(NULL) + (count > 3 ? atoi(arguments[1]) : 0);
    unsigned long tried = 0;

    if (count < 4) {
        fputs("usage: fuzz_load SECONDS SEED FILE...\n", stderr);
        return 2;
    }
    random_state = (uint32_t)atoi(arguments[2]) * 2654435761u + 1;
    do {
        const char *const path = arguments[3 + next_random() % (uint32_t)(count - 3)];
        size_t size = read_seed(path, data, sizeof data / 2);

        if (tried) {
            size = mutate(data, size, sizeof data);
        }
        LLVMFuzzerTestOneInput(data, size);
        tried++;
    } while (time(NULL) < end);
    printf("%lu inputs, %lu runs of accepted models\n", tried, accepted);
    return 0;
}
#endif

/* The C side of the fuzzing of packed files: hr_load, and the steps of whatever it accepts.
 *
 * Batches come on standard input and are answered on standard output, until the input ends:
 *     uint32 count, count uint32 lengths, all bytes  ->  count hr_status as bytes, count uint32
 * where the last are the CRC-32 of everything that STEPS steps compute, 0 if the file is refused
 * or the model can take no step more. Integers are in the computer's own byte order.
 *
 * Every buffer has exactly the size that the contract asks for, so that a sanitizer sees each read
 * or write outside; states and argmax are checked against their ranges. The same function serves
 * libFuzzer: clang -fsanitize=fuzzer,address,undefined -DFUZZ_LIBRARY with hadamrnn.c and
 * hadamrnn_load.c. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hadamrnn.h"
#include "trace.h"

enum { HEADER = 64, LENGTH_AT = 36, STEPS = 3 };

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

/* The integer number i of all inputs, 0 to 255; tests/fuzz/readers.py has the same. */
static uint8_t noise(uint32_t i)
{
    return (uint8_t)((i * 2654435761u) >> 24);
}

/* Often an end of the range, which is -half to half - 1. */
static int8_t feature(uint32_t i, int half)
{
    const uint8_t byte = noise(i);

    return (int8_t)(byte < 64 ? -half : byte < 128 ? half - 1 : byte % (2 * half) - half);
}

/* What the contract refuses is refused, and changes nothing: the state is still before a step. */
static void refusals(const hr_model *model, hr_state *state, int8_t *input, int32_t *logits)
{
    const int symbols = (model->flags & HR_SYMBOL) != 0;
    const uint16_t beyond = model->embedding ? model->symbols : model->input_size;
    const int16_t reading = 0;
    hr_state other = *state;
    uint16_t class_id = 0;

    demand(hr_reset(NULL) == HR_NULL_POINTER, "no state was reset");
    demand(hr_step(NULL, state, input) == HR_NULL_POINTER, "a step without a model");
    demand(hr_step(model, NULL, input) == HR_NULL_POINTER, "a step without a state");
    demand(hr_step_symbol(NULL, state, 0) == HR_NULL_POINTER, "a symbol without a model");
    demand(hr_step(model, state, NULL) == HR_NULL_POINTER, "a step without inputs");
    demand(hr_logits(NULL, state, logits) == HR_NULL_POINTER, "logits without a model");
    demand(hr_logits(model, state, NULL) == HR_NULL_POINTER, "logits to nowhere");
    demand(hr_argmax(NULL, logits, &class_id) == HR_NULL_POINTER, "a class without a model");
    demand(hr_argmax(model, NULL, &class_id) == HR_NULL_POINTER, "a class without logits");
    demand(hr_argmax(model, logits, NULL) == HR_NULL_POINTER, "a class to nowhere");
    demand(!symbols || hr_step(model, state, input) == HR_WRONG_INPUT, "numbers for symbols");
    demand(!model->embedding || hr_step_symbol(model, state, 0) == HR_NULL_POINTER,
           "a vector to nowhere");
    demand(!symbols || hr_step_symbol(model, state, beyond) == HR_BAD_SYMBOL, "an unknown symbol");
    demand(symbols || hr_step_symbol(model, state, 0) == HR_WRONG_INPUT, "a symbol for numbers");
    demand(hr_step_raw(NULL, state, &reading) == HR_NULL_POINTER, "readings without a model");
    demand(hr_step_raw(model, state, NULL) == HR_NULL_POINTER, "no readings");
    demand(hr_step_raw(model, state, &reading) == HR_NULL_POINTER, "no room for the inputs");
    other.input = input;
    demand(!symbols || hr_step_raw(model, &other, &reading) == HR_WRONG_INPUT,
           "readings for symbols");
    demand(symbols || model->channels || hr_step_raw(model, &other, &reading) == HR_NO_READINGS,
           "readings that nothing is known of");
    other = *state;
    other.hidden = NULL;
    demand(hr_reset(&other) == HR_NULL_POINTER, "nothing was reset");
    demand(hr_step(model, &other, input) == HR_NULL_POINTER, "a step of nothing");
    other = *state;
    other.hidden_size++;
    demand(hr_step(model, &other, input) == HR_WRONG_STATE, "a state of another size");
    other = *state;
    other.scratch = NULL;
    demand(hr_step(model, &other, input) == HR_WRONG_STATE, "no scratch memory");
    other = *state;
    other.sums16 = NULL;
    other.sums32 = NULL;
    if (model->sum_bits) {
        demand(hr_logits(model, &other, logits) == HR_WRONG_STATE, "no sums");
    }
    demand(hr_logits(model, state, logits) == HR_OK, "no logits before the first step");
}

/* A reading of 16 bits, often an end of the range. */
static int16_t reading(uint32_t i)
{
    const uint8_t byte = noise(i);

    return (int16_t)(byte < 64 ? -32768 : byte < 128 ? 32767 : 257 * (int)byte - 32768);
}

static uint32_t run(const hr_model *model)
{
    const size_t d = model->hidden_size, odd = model->output_size & 1; /* no word begins there */
    uint16_t *sums16 = NULL;
    const uint32_t symbols = model->embedding ? model->symbols : model->input_size;
    const int limit = (1 << (model->activation_bits - 1)) - 1, half = 1 << (model->input_bits - 1);
    hr_state state = {0};
    int8_t *const input = memory(model->input_size);
    int16_t *const readings = memory(model->input_size * sizeof(int16_t));
    int32_t *const logits = memory(model->output_size * sizeof(int32_t));
    uint32_t crc = 0xFFFFFFFFu, drawn = 0;
    uint16_t class_id = 0;
    size_t i;
    int step;

    state.hidden_size = model->hidden_size;
    state.hidden = memory(d * sizeof(int16_t));
    state.scratch = memory(HR_SCRATCH_WORDS(d, model->transform_bits) * sizeof(uint32_t));
    if (model->sum_bits == 16) {
        sums16 = memory((d + odd) * sizeof(uint16_t));
        state.sums16 = sums16 + odd;
    } else if (model->sum_bits == 32) {
        state.sums32 = memory(d * sizeof(uint32_t));
    }
    demand(hr_reset(&state) == HR_OK, "reset refused");
    refusals(model, &state, input, logits);
    for (step = 0; step < STEPS; step++) {
        const int late = model->sum_bits && (uint32_t)step >= model->max_steps;
        hr_status status;

        if (model->flags & HR_SYMBOL) {
            state.input = model->embedding ? input : NULL;
            status = hr_step_symbol(model, &state, (uint16_t)(noise(drawn++) % symbols));
        } else if (model->channels) {
            for (i = 0; i < model->input_size; i++) {
                readings[i] = reading(drawn++);
            }
            state.input = input;
            status = hr_step_raw(model, &state, readings);
        } else {
            for (i = 0; i < model->input_size; i++) {
                input[i] = feature(drawn++, half);
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
        crc = late ? crc : trace_step(crc, model, &state, logits);
    }
    if (model->sum_bits) { /* the last step of a sequence whose sums are as large as is proven */
        const uint32_t most = (uint32_t)limit * (model->max_steps - 1);

        state.steps = model->max_steps - 1;
        for (i = 0; i < d; i++) {
            if (model->sum_bits == 16) {
                state.sums16[i] = (uint16_t)most;
            } else {
                state.sums32[i] = most;
            }
        }
        demand((model->flags & HR_SYMBOL ? hr_step_symbol(model, &state, 0)
                                         : hr_step(model, &state, input)) == HR_OK,
               "the last step refused");
        demand(hr_logits(model, &state, logits) == HR_OK, "the last logits refused");
    }
    free(input);
    free(readings);
    free(logits);
    free(state.hidden);
    free(state.scratch);
    free(sums16);
    free(state.sums32);
    return ~crc;
}

/* hr_load of a copy that ends where its memory does, at any place in a word; *crc of the steps if
 * it is accepted, else 0. */
static hr_status attempt(const uint8_t *data, size_t size, uint32_t *crc)
{
    const size_t shift = size & 3;
    uint8_t *const block = memory(shift + size), *const bytes = block + shift;
    hr_model model;
    hr_status status;

    *crc = 0;
    if (size) {
        memcpy(bytes, data, size);
    }
    status = hr_load(bytes, size, &model);
    if (status == HR_OK) {
        *crc = run(&model);
    }
    free(block);
    return status;
}

#ifdef FUZZ_LIBRARY
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As it is, and once resealed with its length and checksum, which no mutation finds by chance. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t crc;

    fill_crc_table();
    (void)attempt(data, size, &crc);
    if (size >= HEADER + 4) {
        uint8_t *const bytes = memory(size);
        uint32_t length = (uint32_t)size;
        size_t i;

        memcpy(bytes, data, size);
        memcpy(bytes + LENGTH_AT, &length, sizeof length);
        for (crc = 0xFFFFFFFFu, i = 0; i < size - 4; i++) {
            crc = crc_add(crc, bytes[i], 1);
        }
        crc = ~crc;
        memcpy(bytes + size - 4, &crc, sizeof crc);
        (void)attempt(bytes, size, &crc);
        free(bytes);
    }
    return 0;
}
#else
static int get(void *to, size_t bytes)
{
    return fread(to, 1, bytes, stdin) == bytes;
}

int main(void)
{
    uint32_t count;
    hr_model model;

    fill_crc_table();
    demand(hr_load(NULL, HEADER, &model) == HR_NULL_POINTER, "no file was loaded");
    demand(hr_load((const uint8_t *)"", 0, NULL) == HR_NULL_POINTER, "loaded to nowhere");
    while (get(&count, sizeof count)) {
        uint32_t *const lengths = memory(count * sizeof *lengths);
        uint32_t *const sums = memory(count * sizeof *sums);
        uint8_t *const statuses = memory(count);
        uint32_t i;

        demand(get(lengths, count * sizeof *lengths), "a batch ends early");
        for (i = 0; i < count; i++) {
            uint8_t *const data = memory(lengths[i]);

            demand(get(data, lengths[i]), "a batch ends early");
            statuses[i] = (uint8_t)attempt(data, lengths[i], &sums[i]);
            free(data);
        }
        fwrite(statuses, 1, count, stdout);
        fwrite(sums, sizeof *sums, count, stdout);
        fflush(stdout);
        free(lengths);
        free(sums);
        free(statuses);
    }
    return 0;
}
#endif

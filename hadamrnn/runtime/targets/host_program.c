/* A program for the development computer, not for the device: runs the runtime over many
 * sequences and times each. Used by hadamrnn/targets/host.py.
 *
 *     host_program INPUTS OUTPUTS TRACE [MODEL.hrnn]
 *
 * INPUTS: uint32 sequences, uint32 steps, then int8 features, int16 raw readings (of a model that
 * codes them: their number tells them apart) or uint16 symbols of all sequences.
 * OUTPUTS: int32 logits (of every step for per-step models), then a uint32 CRC-32 for each
 * sequence if TRACE is 1 (of state, sums and logits after every step, as IntegerModel.trace), then
 * uint64 nanoseconds for each sequence. All in the computer's own byte order.
 * Compiled with HR_MODEL_HEADER and HR_MODEL it runs that model, else the packed file given.
 * Exit code: 0; 100 + hr_status; 2 for a wrong command line, file or too little memory. */
#define _POSIX_C_SOURCE 200112L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hadamrnn.h"
#include "trace.h"
#ifdef HR_MODEL_HEADER
#include HR_MODEL_HEADER
#endif

static void *need(void *memory)
{
    if (!memory) {
        fputs("host_program: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

/* Memory as a compiler aligns the arrays of PREFIX_STATE, of exactly this many bytes. */
static void *need_aligned(size_t bytes)
{
    void *memory = NULL;

    return need(posix_memalign(&memory, 64, bytes) ? NULL : memory);
}

static uint8_t *read_file(const char *path, size_t *length)
{
    FILE *const file = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET)) {
        fprintf(stderr, "host_program: cannot read %s\n", path);
        exit(2);
    }
    *length = (size_t)size;
    data = need(malloc(*length + 1)); /* + 1: never a request for no bytes */
    if (fread(data, 1, *length, file) != *length) {
        fprintf(stderr, "host_program: cannot read %s\n", path);
        exit(2);
    }
    fclose(file);
    return data;
}

static void check(hr_status status)
{
    if (status != HR_OK) {
        fprintf(stderr, "host_program: hr_status %d\n", (int)status);
        exit(100 + (int)status);
    }
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int main(int count, char **arguments)
{
    hr_model model;
    hr_state state;
    uint8_t *data, *packed = NULL;
    uint32_t *checksums, sequences, steps, s, t;
    uint64_t *nanoseconds;
    int32_t *logits;
    int16_t *readings;
    size_t length, width, d, rows;
    int trace, every, raw, written;
    FILE *out;

    if (count != 4 && count != 5) {
        fputs("usage: host_program INPUTS OUTPUTS TRACE [MODEL.hrnn]\n", stderr);
        return 2;
    }
#ifdef HR_MODEL
    model = HR_MODEL;
#else
    if (count != 5) {
        fputs("usage: host_program INPUTS OUTPUTS TRACE MODEL.hrnn\n", stderr);
        return 2;
    }
    { /* a copy of exactly the file's length, so that a sanitizer sees a read beyond it */
        uint8_t *const file = read_file(arguments[4], &length);

        packed = need(malloc(length ? length : 1));
        memcpy(packed, file, length);
        free(file);
        check(hr_load(packed, length, &model));
    }
#endif
    data = read_file(arguments[1], &length);
    memcpy(&sequences, data, 4);
    memcpy(&steps, data + 4, 4);
    width = model.flags & HR_SYMBOL ? 2 : model.input_size;
    raw = model.channels && length == 8 + 2 * width * sequences * steps;
    width = raw ? 2 * width : width;
    if (length != 8 + (size_t)sequences * steps * width) {
        fputs("host_program: inputs do not fit the model\n", stderr);
        free(data);
        free(packed);
        return 2;
    }
    trace = atoi(arguments[3]);
    every = (model.flags & HR_PER_STEP) != 0;
    fill_crc_table();

    d = model.hidden_size;
    memset(&state, 0, sizeof state);
    state.hidden_size = model.hidden_size;
    state.hidden = need_aligned(d * sizeof(int16_t));
    state.scratch = need_aligned(HR_SCRATCH_WORDS(d, model.transform_bits) * sizeof(uint32_t));
    if (model.sum_bits == 16) {
        state.sums16 = need_aligned(d * sizeof(uint16_t));
    } else if (model.sum_bits == 32) {
        state.sums32 = need_aligned(d * sizeof(uint32_t));
    }
    state.input = raw || model.embedding ? need(malloc(model.input_size)) : NULL;
    readings = need(malloc(width));
    rows = (size_t)sequences * (every ? steps : 1);
    logits = need(calloc(rows + 1, model.output_size * sizeof(int32_t)));
    checksums = need(calloc((size_t)sequences + 1, sizeof(uint32_t)));
    nanoseconds = need(calloc((size_t)sequences + 1, sizeof(uint64_t)));

    for (s = 0; s < sequences; s++) {
        const uint8_t *input = data + 8 + (size_t)s * steps * width;
        int32_t *scores = logits + (size_t)s * (every ? steps : 1) * model.output_size;
        uint32_t crc = 0xFFFFFFFFu;
        const uint64_t start = now();

        check(hr_reset(&state));
        for (t = 0; t < steps; t++, input += width) {
            if (model.flags & HR_SYMBOL) {
                uint16_t symbol;

                memcpy(&symbol, input, 2);
                check(hr_step_symbol(&model, &state, symbol));
            } else if (raw) {
                memcpy(readings, input, width);
                check(hr_step_raw(&model, &state, readings));
            } else {
                check(hr_step(&model, &state, (const int8_t *)input));
            }
            if (every || trace || t + 1 == steps) {
                check(hr_logits(&model, &state, scores));
            }
            if (trace) {
                crc = trace_step(crc, &model, &state, scores);
            }
            if (every) {
                scores += model.output_size;
            }
        }
        nanoseconds[s] = now() - start;
        checksums[s] = ~crc;
    }

    out = fopen(arguments[2], "wb");
    length = rows * model.output_size;
    written = out && fwrite(logits, sizeof(int32_t), length, out) == length &&
              (!trace || fwrite(checksums, sizeof(uint32_t), sequences, out) == sequences) &&
              fwrite(nanoseconds, sizeof(uint64_t), sequences, out) == sequences;
    if (!out || fclose(out) || !written) {
        fprintf(stderr, "host_program: cannot write %s\n", arguments[2]);
        return 2;
    }
    free(data);
    free(packed);
    free(state.hidden);
    free(state.scratch);
    free(state.sums16);
    free(state.sums32);
    free(state.input);
    free(readings);
    free(logits);
    free(checksums);
    free(nanoseconds);
    return 0;
}

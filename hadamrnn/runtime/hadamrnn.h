/* HadamRNN runtime: the integer model, one time step at a time.
 *
 * C99, freestanding: no malloc, floating point, division, libm or global data. All memory belongs
 * to the caller. Functions are re-entrant: any number of models and states can live side by side.
 *
 *     #include "har2.h"                      generated: tables, har2_model, HAR2_STATE
 *     HAR2_STATE(state);                     declares the memory of one sequence, ready to use
 *     int32_t logits[HAR2_OUTPUT_SIZE];
 *     for (each time step) hr_step_raw(&har2_model, &state, reading);
 *     hr_logits(&har2_model, &state, logits);
 *     hr_argmax(&har2_model, logits, &class_id);
 *     hr_reset(&state);                      before the next sequence
 *
 * Arithmetic (the definition is hadamrnn/integer/model.py): integers only, rounded by a dithered
 * constant and an arithmetic shift, states saturated symmetrically. Every sum was proven to fit its
 * type when the model was exported. A step costs d log2(m) additions, d (d_in + 1) multiplications
 * and d shifts.
 */
#ifndef HADAMRNN_H
#define HADAMRNN_H

/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 The HadamRNN project contributors */

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How table bytes are stored and read. On AVR they stay in flash; define both to change that. */
#ifndef HR_READ
#ifdef __AVR__
#include <avr/pgmspace.h>
#define HR_READ(address) pgm_read_byte(address)
#define HR_TABLE PROGMEM
#define HR_READ_IS_LPM
#else
#define HR_READ(address) (*(address))
#define HR_READ_IS_PLAIN
#endif
#endif
#ifndef HR_TABLE
#define HR_TABLE
#endif
/* Tables of weights, so that processors with words read them as such; not needed for equality. */
#if defined(__GNUC__) && !defined(__AVR__)
#define HR_ALIGNED __attribute__((aligned(4)))
#else
#define HR_ALIGNED
#endif

/* Where headers of two models have one name, the compiler's message shows both checksums. */
#define HR_CLASH(name, first, second) HR_CLASH_OF(name, first, second)
#define HR_CLASH_OF(name, first, second) \
    typedef char two_models_named_##name##_##first##_and_##second[-1];

typedef enum {
    HR_OK = 0,
    HR_NULL_POINTER = 1,   /* an argument, or memory that the state should point to, is null */
    HR_WRONG_STATE = 2,    /* the state was declared for a model of another size */
    HR_WRONG_INPUT = 3,    /* hr_step on a symbol model, or hr_step_symbol on a dense one */
    HR_BAD_SYMBOL = 4,     /* no such symbol; the state is unchanged */
    HR_TOO_MANY_STEPS = 5, /* mean readout beyond max_steps; the state is unchanged */
    HR_NOT_A_MODEL = 6,    /* hr_load: no packed model of this version */
    HR_DAMAGED = 7,        /* hr_load: wrong length or checksum */
    HR_BAD_FIELD = 8,      /* hr_load: a field is out of its range, or names are not text */
    HR_UNPROVEN = 9,       /* hr_load: a 32-bit sum could overflow */
    HR_NO_READINGS = 10    /* hr_step_raw: the model does not say what readings are */
} hr_status;

/* hr_model.flags. HR_LOGARITHM comes with HR_MEAN, HR_EMBEDDING with HR_SYMBOL. */
enum {
    HR_SYMBOL = 1,
    HR_MEAN = 2,
    HR_PER_STEP = 4,
    HR_LOGARITHM = 8,
    HR_ROW_MULTIPLIERS = 16,
    HR_RECORDING = 32,
    HR_EMBEDDING = 64
};

/* Changes with hr_model, so that a header of another version does not compile; beside a hadamrnn.c
 * for one model alone its checksum, so that no other model's does. */
#define HR_LAYOUT 5

/* One model. Tables are packed bytes, little endian, lowest bit first; a row starts on a byte. */
typedef struct {
    const uint8_t *signs;         /* d bits, 1 for -1 */
    const uint8_t *input_weight;  /* input_size rows of d weights of input_weight_bits */
    const uint8_t *output_weight; /* output_size rows of d weights of weight_bits */
    const uint8_t *bias;          /* d integers of bias_bits */
    const uint8_t *output_bias;   /* output_size int32 */
    const uint8_t *row_multipliers; /* output_size uint16 below 2^15 with HR_ROW_MULTIPLIERS */
    const uint8_t *embedding;     /* symbols times input_size integers of input_bits without gaps:
                                     the inputs that symbols stand for; null without HR_EMBEDDING */
    const uint8_t *channels;      /* channel_count int16 zero, uint16 multiplier, uint8 shift, which
                                     make inputs of readings; null: it is not known how */
    const uint8_t *companding;    /* channel_count uint16 knee, uint8 root_bits; null: none is bent */
    uint32_t max_steps;           /* mean readout: most steps of a sequence */
    int32_t input_multiplier;     /* M, range 1 to 2^31 - 1 */
    uint16_t hidden_size;         /* d, range 1 to 32768 */
    uint16_t block_size;          /* m, a power of two that divides d */
    uint16_t input_size;          /* features; number of symbols that have no embedding */
    uint16_t output_size;         /* classes */
    uint16_t channel_count;       /* numbers in a sample: divides input_size, 0 without channels */
    uint16_t symbols;             /* number of symbols with HR_EMBEDDING, else 0 */
    int16_t input_zero_point;     /* the input that stands for 0 */
    uint8_t input_bits;           /* of a dense input or an embedding, range 2 to 8 */
    uint8_t flags;                /* HR_SYMBOL | ... | HR_EMBEDDING */
    uint8_t weight_bits;          /* range 2 to 16, as input_weight_bits and activation_bits */
    uint8_t input_weight_bits;
    uint8_t bias_bits;            /* range 2 to 16; the fast forms want 16 */
    uint8_t activation_bits;      /* states lie in [-(2^(a-1) - 1), 2^(a-1) - 1] */
    uint8_t fraction_bits;        /* F, range log2(m)/2 + 1 to 20 */
    uint8_t bias_shift;           /* range 0 to 26 */
    uint8_t sum_shift;            /* range 0 to 31, 0 without HR_MEAN or with HR_LOGARITHM */
    uint8_t log_floor;            /* with HR_LOGARITHM 1 to 255, what is added to the mean */
    uint8_t fade;                 /* range 0 to 15: the state fades by 1 - 2^-fade a step, 0: never */
    uint8_t block_log2;           /* log2(m) */
    uint8_t transform_bits;       /* 16 if m (2^(a-1) - 1) <= 32767, else 32 */
    uint8_t sum_bits;             /* 0 without HR_MEAN; 16 if the sums fit, else 32 */
    uint8_t aligned;              /* 1 if U x fits 16 bits, and what is added to y 2^w, with y
                                     2^(w-fade), fits w + 16 bits, so that products of bytes do:
                                     is_aligned in hadamrnn/integer/c_loops.py; w = F - log2(m)/2.
                                     2: moreover t takes 17 bits, and may be saturated to 16 */
} hr_model;

/* Words of scratch memory for d states. Where int has 16 bits, a 16-bit transform needs none. */
#if INT_MAX < 0x7FFFFFFF
#define HR_SCRATCH_WORDS(d, transform_bits) ((transform_bits) == 16 ? 1 : (d))
#else
#define HR_SCRATCH_WORDS(d, transform_bits) ((transform_bits) == 16 ? ((d) + 1) / 2 : (d))
#endif

/* One sequence in progress. Declare it with the generated PREFIX_STATE macro. Of the two pointers
 * to sums the model uses the one of sum_bits; the other may be null. */
typedef struct {
    int16_t *hidden;      /* d states */
    uint32_t *scratch;    /* HR_SCRATCH_WORDS(d, transform_bits) words for the transform */
    uint16_t *sums16;     /* d sums of relu(state), mean readout only */
    uint32_t *sums32;
    uint32_t steps;       /* how many inputs have been seen, modulo 2^32 */
    uint16_t hidden_size; /* d */
    int8_t *input;        /* input_size integers, for hr_step_raw and symbols with an embedding; may
                             be null for the others */
} hr_state;

/* Forget everything: the state before the first step. Scratch memory need not be cleared.
 * Returns HR_OK or HR_NULL_POINTER. */
hr_status hr_reset(hr_state *state);

/* One time step of a dense model.
 * input : input_size integers of the model's input_bits, as the generated header describes:
 *         clip(round(real / INPUT_SCALE) + INPUT_ZERO_POINT). Range of 8 bits: -128 to 127; of
 *         b bits -2^(b-1) to 2^(b-1) - 1, which is not checked but was assumed by the proof.
 * Returns HR_OK, HR_NULL_POINTER, HR_WRONG_STATE, HR_WRONG_INPUT or HR_TOO_MANY_STEPS. */
hr_status hr_step(const hr_model *model, hr_state *state, const int8_t *input);

/* One time step of a dense model on raw readings, coded as hadamrnn/integer/recording.py defines.
 * reading : input_size integers of the recorder, of which the generated header gives the units:
 *           where a step reads several samples, one behind the other.
 * Returns as hr_step, or HR_NO_READINGS. */
hr_status hr_step_raw(const hr_model *model, hr_state *state, const int16_t *reading);

/* One time step of a symbol model: one-hot symbols, or words with a learned embedding. There are up
 * to 65535; their table, of d weights each or with HR_EMBEDDING of input_size integers, must lie
 * within one object (size_t counts its bytes).
 * symbol : below the number of symbols (INPUT_SIZE in the generated header), otherwise
 *          HR_BAD_SYMBOL. Other statuses as hr_step. */
hr_status hr_step_symbol(const hr_model *model, hr_state *state, uint16_t symbol);

/* Scores of all classes after the steps so far; may be called at any time, changes nothing.
 * logits : room for output_size values. The real score is logits * LOGIT_SCALE, with HR_MEAN
 *          alone times 2^sum_shift / steps; their order needs neither.
 * Returns HR_OK, HR_NULL_POINTER or HR_WRONG_STATE. */
hr_status hr_logits(const hr_model *model, const hr_state *state, int32_t *logits);

/* The class with the largest logit, the lowest id of equal ones.
 * Returns HR_OK or HR_NULL_POINTER. */
hr_status hr_argmax(const hr_model *model, const int32_t *logits, uint16_t *class_id);

/* Make a model of a packed file (.hrnn) in memory, without a copy: bytes must outlive the model.
 * In hadamrnn_load.c, which only programs that load files at run time need to link.
 * Accepts what hadamrnn.integer.load accepts: checks magic, version, length, checksum, ranges and
 * names, and proves every width again.
 * model : written only if HR_OK is returned.
 * Returns HR_OK, HR_NULL_POINTER, HR_NOT_A_MODEL, HR_DAMAGED, HR_BAD_FIELD or HR_UNPROVEN. */
hr_status hr_load(const uint8_t *bytes, size_t length, hr_model *model);

/* isqrt(2^16 isqrt(value)), 2^8 times the fourth root; isqrt rounds square roots down. */
uint16_t hr_root4(uint32_t value);

/* The p-bit two's complement weight number index of a packed row; bits in 2 to 16. */
int32_t hr_weight(const uint8_t *row, size_t index, uint8_t bits);

#ifdef __cplusplus
}
#endif

#endif

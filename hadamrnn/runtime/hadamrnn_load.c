/* hr_load: a packed file in memory becomes a model, or is refused. See hadamrnn/integer/packed.py
 * for the format and proof.py beside it for the proofs, repeated here in 64-bit integers.
 *
 * SPDX-License-Identifier: MIT
 * Copyright (c) 2026 The HadamRNN project contributors */
#include "hadamrnn.h"

#define HR_HEADER_BYTES 64
#define HR_CHECKSUM_BYTES 4
#define HR_VERSION 2 /* files of version 1 have none of the flags and bytes that came with 2 */
#define HR_INT32_MAX 0x7FFFFFFF
#define HR_VECTOR_SIZE_MAX 4096 /* so that 32 bits count those of a table */
#define HR_RECORDING_BYTES 37 /* and where its fields lie: hadamrnn/integer/header.py */

static uint32_t hr_u16(const uint8_t *bytes)
{
    return (uint32_t)HR_READ(bytes) | ((uint32_t)HR_READ(bytes + 1) << 8);
}

static uint32_t hr_u32(const uint8_t *bytes)
{
    return hr_u16(bytes) | (hr_u16(bytes + 2) << 16);
}

/* |value| of a little-endian two's complement integer */
static uint64_t hr_magnitude(uint32_t value, uint32_t sign_bit)
{
    return value & sign_bit ? (uint64_t)(sign_bit - (value & (sign_bit - 1))) : value;
}

/* CRC-32 (IEEE 802.3), bit by bit: slow, but it runs once and needs no table. */
static uint32_t hr_crc32(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xFFFFFFFFu;
    size_t i;

    for (i = 0; i < length; i++) {
        int bit;

        crc ^= HR_READ(bytes + i);
        for (bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    return ~crc;
}

static uint64_t hr_absolute_weight(const uint8_t *row, size_t index, uint8_t bits)
{
    const int32_t weight = hr_weight(row, index, bits);

    return (uint64_t)(weight < 0 ? -weight : weight);
}

static uint8_t hr_outside(uint32_t value, uint32_t low, uint32_t high)
{
    return value < low || value > high;
}

/* Whether a double (IEEE 754) is positive and finite: its bits say so without floating point. */
static uint8_t hr_positive(const uint8_t *bytes)
{
    const uint32_t low = hr_u32(bytes), high = hr_u32(bytes + 4);

    return high < 0x7FF00000u && (high | low) != 0;
}

/* Whether text is UTF-8 (RFC 3629) in lines that are not empty: one, or one more than classes. */
static uint8_t hr_names_fit(const uint8_t *text, uint32_t length, uint32_t classes)
{
    uint32_t lines = 1, i;
    uint8_t left = 0, low = 0, high = 0, empty = 1; /* left : bytes that a character still needs */

    for (i = 0; i < length; i++) {
        const uint8_t byte = HR_READ(text + i);

        if (left) {
            if (byte < low || byte > high) {
                return 0;
            }
            left--;
            low = 0x80;
            high = 0xBF;
        } else if (byte >= 0x80) {
            if (byte < 0xC2 || byte > 0xF4) {
                return 0;
            }
            left = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
            low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;  /* none longer than needed */
            high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF; /* no surrogate, none above */
        }
        if (byte == 0x0A && empty) {
            return 0;
        }
        lines += byte == 0x0A;
        empty = byte == 0x0A;
    }
    return !left && !empty && (lines == 1 || lines == classes + 1);
}

/* Whether |acc| + 2^(F-1) + 2^(F-k-1) < 2^31 for every neuron; sets aligned. */
static uint8_t hr_accumulator_fits(hr_model *model, size_t stride)
{
    const uint64_t limit = ((uint64_t)1 << (model->activation_bits - 1)) - 1;
    const uint8_t width = (uint8_t)(model->fraction_bits - (model->block_log2 >> 1));
    const uint64_t gain =
        ((uint64_t)1 << width) - (model->fade ? (uint64_t)1 << (width - model->fade) : 0);
    const uint64_t rounding =
        ((uint64_t)1 << (model->fraction_bits - 1)) + ((uint64_t)1 << (width - 1));
    const uint8_t align = (uint8_t)(width < 16 ? 16 - width : 0);
    const uint8_t one_hot = (model->flags & (HR_SYMBOL | HR_EMBEDDING)) == HR_SYMBOL;
    uint64_t widest = model->block_size * limit, largest = 0, fading = 0, products = 0;
    size_t i, j;

    if (model->fade) {
        fading = widest << (width - model->fade);
    }

    if (model->block_log2 & 1) {
        if (widest >= (uint64_t)1 << 23) {
            return 0;
        }
        widest = (widest * 46341 - 32768 + 65535) >> 16; /* of the negative value: rounded down */
    }
    widest *= gain;
    for (i = 0; i < model->hidden_size; i++) {
        const uint8_t *row = model->input_weight;
        uint64_t drive = 0;
        const int32_t bias = hr_weight(model->bias, i, model->bias_bits);
        uint64_t rest = (uint64_t)(bias < 0 ? -bias : bias) << model->bias_shift;

        for (j = 0; j < model->input_size; j++, row += stride) {
            const uint64_t weight = hr_absolute_weight(row, i, model->input_weight_bits);

            if (!one_hot) {
                drive += weight << (model->input_bits - 1);
            } else if (weight > drive) {
                drive = weight;
            }
        }
        if (drive > HR_INT32_MAX) { /* keeps the next product within 64 bits */
            return 0;
        }
        if (drive > products) {
            products = drive;
        }
        rest += drive * (uint64_t)model->input_multiplier + rounding;
        if (widest + rest > HR_INT32_MAX) {
            return 0;
        }
        if (rest > largest) {
            largest = rest;
        }
    }
    model->aligned = products <= 32767 && model->bias_shift + align <= 16 &&
                     (uint64_t)model->input_multiplier << align < (uint64_t)1 << 24 &&
                     (largest + fading) << align <= HR_INT32_MAX &&
                     (!model->fade || width + align - model->fade <= 15);
    return 1;
}

/* Whether every logit and its parts fit. */
static uint8_t hr_logits_fit(const hr_model *model, uint64_t sum_limit, size_t stride)
{
    const uint8_t *row = model->output_weight;
    const uint8_t logarithm = model->flags & HR_LOGARITHM;
    const uint64_t largest = logarithm ? (uint64_t)32 * 64 : sum_limit >> model->sum_shift;
    size_t c, i;

    for (c = 0; c < model->output_size; c++, row += stride) {
        uint64_t bias = hr_magnitude(hr_u32(model->output_bias + 4 * c), 0x80000000u);
        uint64_t weights = 0;

        for (i = 0; i < model->hidden_size; i++) {
            weights += hr_absolute_weight(row, i, model->weight_bits);
        }
        if (model->flags & HR_MEAN && !logarithm) {
            bias *= model->max_steps;
            if (bias > HR_INT32_MAX || largest > HR_INT32_MAX) {
                return 0;
            }
            bias = (bias >> model->sum_shift) + 1;
        }
        if (weights * largest + bias > HR_INT32_MAX) {
            return 0;
        }
    }
    return 1;
}

/* Whether a double is finite. */
static uint8_t hr_finite(const uint8_t *bytes)
{
    return (hr_u32(bytes + 4) & 0x7FFFFFFFu) < 0x7FF00000u;
}

/* Whether the coding of a channel has its numbers in range and fits 32 bits. */
static uint8_t hr_channel_fits(const uint8_t *channel, const uint8_t *bent)
{
    const uint64_t zero = hr_magnitude(hr_u16(channel), 0x8000u);
    const uint32_t multiplier = hr_u16(channel + 2);
    const uint8_t shift = HR_READ(channel + 4);
    uint64_t reach = 0x8000;

    if (!multiplier || hr_outside(shift, 1, 30)) {
        return 0;
    }
    if (bent) {
        const uint32_t knee = hr_u16(bent);
        const uint8_t bits = HR_READ(bent + 2);

        if (knee ? bits > 31 : bits != 0) {
            return 0;
        }
        if (knee) {
            reach = (uint64_t)hr_root4(((uint32_t)1 << bits) + (knee << 15)) -
                    hr_root4((uint32_t)1 << bits);
        }
    }
    return (reach + zero) * multiplier + ((uint64_t)1 << (shift - 1)) <= HR_INT32_MAX;
}

/* The sections that say what readings are, from at on, which must fill length bytes. */
static uint8_t hr_recording_fits(hr_model *model, const uint8_t *at, size_t length)
{
    const uint8_t symbol = model->flags & HR_SYMBOL;
    const uint8_t *units, *unit_of;
    uint32_t frame, rest;
    size_t expected = HR_RECORDING_BYTES, channels = 0, i;
    uint8_t count, companded;

    if (length < HR_RECORDING_BYTES) {
        return 0;
    }
    frame = hr_u16(at + 32);
    count = HR_READ(at + 34);
    companded = HR_READ(at + 35);
    if (hr_u32(at + 4) >= 0x7FF00000u || frame == 0 || HR_READ(at + 36) > 1 ||
        (count == 0) != (symbol != 0) || companded > (symbol ? 0 : 1) || (symbol && frame != 1)) {
        return 0;
    }
    if (!symbol) {
        for (rest = model->input_size; rest >= frame; rest -= frame) {
            channels++;
        }
        if (rest) {
            return 0;
        }
    }
    units = at + HR_RECORDING_BYTES;
    unit_of = units + 16 * (size_t)count;
    expected += 16 * (size_t)count + (count > 1 ? channels : 0) + (companded ? 8 : 5) * channels;
    if (expected != length) {
        return 0;
    }
    model->channel_count = (uint16_t)channels;
    if (channels) {
        model->channels = unit_of + (count > 1 ? channels : 0);
        model->companding = companded ? model->channels + 5 * channels : NULL;
    }
    for (i = 0; i < channels; i++) {
        const uint8_t unit = count > 1 ? HR_READ(unit_of + i) : 0;

        if (unit >= count || !hr_positive(units + 16 * (size_t)unit) ||
            !hr_finite(units + 16 * (size_t)unit + 8) ||
            !hr_channel_fits(model->channels + 5 * i,
                             companded ? model->companding + 3 * i : NULL)) {
            return 0;
        }
    }
    return 1;
}

hr_status hr_load(const uint8_t *bytes, size_t length, hr_model *model)
{
    static const uint8_t magic[4] = {'H', 'R', 'N', 'N'};
    hr_model loaded;
    uint64_t expected, sum_limit, widest;
    uint32_t multiplier;
    size_t input_stride, output_stride, signs_bytes, bias_bytes, factors_bytes, i;
    uint8_t version, recorded;

    if (!bytes || !model) {
        return HR_NULL_POINTER;
    }
    if (length < HR_HEADER_BYTES + HR_CHECKSUM_BYTES) {
        return HR_NOT_A_MODEL;
    }
    for (i = 0; i < sizeof magic; i++) {
        if (HR_READ(bytes + i) != magic[i]) {
            return HR_NOT_A_MODEL;
        }
    }
    version = HR_READ(bytes + 4);
    if (hr_outside(hr_u16(bytes + 4), 1, HR_VERSION)) {
        return HR_NOT_A_MODEL;
    }
    if (hr_u32(bytes + 36) != length ||
        hr_u32(bytes + length - HR_CHECKSUM_BYTES) !=
            hr_crc32(bytes, length - HR_CHECKSUM_BYTES)) {
        return HR_DAMAGED;
    }

    loaded.flags = HR_READ(bytes + 6);
    loaded.weight_bits = HR_READ(bytes + 7);
    loaded.input_weight_bits = HR_READ(bytes + 8);
    loaded.activation_bits = HR_READ(bytes + 9);
    loaded.input_bits = HR_READ(bytes + 10);
    loaded.fraction_bits = HR_READ(bytes + 11);
    loaded.bias_shift = HR_READ(bytes + 12);
    loaded.sum_shift = HR_READ(bytes + 13);
    loaded.input_zero_point = (int16_t)hr_weight(bytes + 14, 0, 16);
    loaded.log_floor = 0;
    if (loaded.flags & HR_LOGARITHM) {
        loaded.log_floor = loaded.sum_shift;
        loaded.sum_shift = 0;
    }
    loaded.fade = HR_READ(bytes + 26);
    loaded.bias_bits = HR_READ(bytes + 27);
    loaded.hidden_size = (uint16_t)hr_u16(bytes + 16);
    loaded.block_size = (uint16_t)hr_u16(bytes + 18);
    loaded.input_size = (uint16_t)hr_u16(bytes + 20);
    loaded.output_size = (uint16_t)hr_u16(bytes + 22);
    loaded.max_steps = hr_u32(bytes + 28);
    multiplier = hr_u32(bytes + 32);
    if (loaded.flags > (version == 1 ? 7 : 127) ||
        (version == 1 && (loaded.fade || loaded.bias_bits)) || loaded.fade > 15 ||
        loaded.bias_bits > 15 || loaded.bias_bits == 1 ||
        (loaded.flags & (HR_LOGARITHM | HR_MEAN)) == HR_LOGARITHM ||
        (loaded.flags & (HR_EMBEDDING | HR_SYMBOL)) == HR_EMBEDDING ||
        (loaded.flags & HR_EMBEDDING && loaded.input_size > HR_VECTOR_SIZE_MAX) ||
        (loaded.flags & HR_LOGARITHM && !loaded.log_floor) ||
        hr_outside(loaded.weight_bits, 2, 16) ||
        hr_outside(loaded.input_weight_bits, 2, 16) || hr_outside(loaded.activation_bits, 2, 16) ||
        hr_outside(loaded.input_bits, 2, 8) || loaded.bias_shift > 26 || loaded.sum_shift > 31 ||
        hr_outside(loaded.hidden_size, 1, 32768) || loaded.input_size == 0 ||
        loaded.output_size == 0 || loaded.max_steps == 0 ||
        hr_outside(multiplier, 1, HR_INT32_MAX) ||
        (loaded.flags & HR_MEAN ? loaded.flags & HR_PER_STEP : loaded.sum_shift)) {
        return HR_BAD_FIELD;
    }
    loaded.input_multiplier = (int32_t)multiplier;
    if (!loaded.bias_bits) {
        loaded.bias_bits = 16;
    }
    for (loaded.block_log2 = 0; loaded.block_log2 < 16; loaded.block_log2++) {
        if ((uint32_t)1 << loaded.block_log2 == loaded.block_size) {
            break;
        }
    }
    if (loaded.block_log2 == 16 || (loaded.hidden_size & (loaded.block_size - 1u)) ||
        hr_outside(loaded.fraction_bits,
                   (loaded.block_log2 >> 1) + (loaded.fade ? loaded.fade : 1u), 20)) {
        return HR_BAD_FIELD;
    }

    signs_bytes = ((size_t)loaded.hidden_size + 7) >> 3;
    expected = HR_HEADER_BYTES + HR_CHECKSUM_BYTES + signs_bytes + hr_u16(bytes + 24);
    bias_bytes = (size_t)(((uint32_t)loaded.hidden_size * loaded.bias_bits + 7) >> 3);
    factors_bytes = loaded.flags & HR_ROW_MULTIPLIERS ? 2 * (size_t)loaded.output_size : 0;
    expected += bias_bytes + 4 * (uint64_t)loaded.output_size + factors_bytes;
    input_stride = (size_t)(((uint32_t)loaded.hidden_size * loaded.input_weight_bits + 7) >> 3);
    output_stride = (size_t)(((uint32_t)loaded.hidden_size * loaded.weight_bits + 7) >> 3);
    expected += (uint64_t)input_stride * loaded.input_size;
    expected += (uint64_t)output_stride * loaded.output_size;
    loaded.embedding = NULL;
    loaded.symbols = 0;
    if (loaded.flags & HR_EMBEDDING) {
        const uint64_t names_end = expected - HR_CHECKSUM_BYTES;

        if (expected + 2 > length) {
            return HR_BAD_FIELD;
        }
        loaded.symbols = (uint16_t)hr_u16(bytes + (size_t)names_end);
        loaded.embedding = bytes + (size_t)names_end + 2;
        expected += 2 + (((uint64_t)loaded.symbols * loaded.input_size * loaded.input_bits + 7) >> 3);
        if (!loaded.symbols) {
            return HR_BAD_FIELD;
        }
    }
    recorded = loaded.flags & HR_RECORDING;
    if (recorded ? expected > length : expected != length) {
        return HR_BAD_FIELD;
    }
    loaded.signs = bytes + HR_HEADER_BYTES;
    loaded.input_weight = loaded.signs + signs_bytes;
    loaded.output_weight = loaded.input_weight + input_stride * loaded.input_size;
    loaded.bias = loaded.output_weight + output_stride * loaded.output_size;
    loaded.output_bias = loaded.bias + bias_bytes;
    loaded.row_multipliers = loaded.output_bias + 4 * (size_t)loaded.output_size;
    for (i = 0; i < factors_bytes; i += 2) {
        if (hr_u16(loaded.row_multipliers + i) > 0x7FFF) {
            return HR_BAD_FIELD;
        }
    }
    for (i = 40; i < HR_HEADER_BYTES; i += 8) { /* the three scales */
        if (!hr_positive(bytes + i)) {
            return HR_BAD_FIELD;
        }
    }
    if (!hr_names_fit(loaded.row_multipliers + factors_bytes, hr_u16(bytes + 24),
                      loaded.output_size)) {
        return HR_BAD_FIELD;
    }
    loaded.channels = NULL;
    loaded.companding = NULL;
    loaded.channel_count = 0;
    if (recorded && !hr_recording_fits(&loaded, bytes + (size_t)expected - HR_CHECKSUM_BYTES,
                                       length - (size_t)expected)) {
        return HR_BAD_FIELD;
    }

    sum_limit = ((uint64_t)1 << (loaded.activation_bits - 1)) - 1;
    widest = sum_limit * loaded.block_size;
    loaded.transform_bits = widest <= 32767 ? 16 : 32;
    loaded.sum_bits = 0;
    if (loaded.flags & HR_MEAN) {
        sum_limit *= loaded.max_steps;
        if (sum_limit + (uint64_t)loaded.log_floor * loaded.max_steps > 0xFFFFFFFFu) {
            return HR_UNPROVEN;
        }
        loaded.sum_bits = sum_limit <= 65535 ? 16 : 32;
    }
    if (!hr_accumulator_fits(&loaded, input_stride) ||
        !hr_logits_fit(&loaded, sum_limit, output_stride)) {
        return HR_UNPROVEN;
    }
    *model = loaded;
    return HR_OK;
}

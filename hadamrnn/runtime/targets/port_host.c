/* This computer as a port: files inputs.bin and outputs.bin in the working folder. Nothing is
 * counted, and what would be is zero. With PORT_TRACE, the name of a file, what is hashed is
 * written there as well. */
#include "port.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *inputs, *outputs;
static uint32_t crc_table[256], crc = 0xFFFFFFFFu;

static void put(uint32_t value)
{
    if (!outputs && !(outputs = fopen("outputs.bin", "wb"))) {
        exit(2);
    }
    if (fwrite(&value, sizeof value, 1, outputs) != 1) {
        exit(2);
    }
}

void port_read(void *bytes, uint16_t count)
{
    if (!inputs && !(inputs = fopen("inputs.bin", "rb"))) {
        exit(2);
    }
    if (fread(bytes, 1, count, inputs) != count) {
        exit(2);
    }
}

void port_begin(void)
{
}

void port_end(void)
{
    put(0);
}

void port_hash(const void *bytes, uint16_t count)
{
    const uint8_t *from = bytes;
    uint32_t i, bit, value;
#ifdef PORT_TRACE
    static FILE *trace;

    if ((!trace && !(trace = fopen(PORT_TRACE, "wb"))) || fwrite(bytes, 1, count, trace) != count) {
        exit(2);
    }
#endif

    for (i = 0; !crc_table[255] && i < 256; i++) {
        for (value = i, bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0);
        }
        crc_table[i] = value;
    }
    for (; count; count--) {
        crc = (crc >> 8) ^ crc_table[(crc ^ *from++) & 255];
    }
}

void port_sequence(void)
{
    put(~crc);
    crc = 0xFFFFFFFFu;
}

void port_finish(uint8_t status)
{
    put(status);
    exit(fclose(outputs) ? 2 : 0);
}

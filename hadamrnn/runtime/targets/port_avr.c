/* AVR under avr_runner.c, which watches three registers that mean nothing to the processor:
 * GPIOR0 takes commands, GPIOR1 the bytes to hash, and reading GPIOR2 gives the next input. */
#include "port.h"

#include <avr/io.h>

enum { BEGIN = 1, END = 2, SEQUENCE = 3, FINISH = 4 }; /* as in avr_runner.c */

/* Link-time optimisation must not move work out of what is counted. */
#define BARRIER __asm__ volatile("" : : : "memory")

void port_read(void *bytes, uint16_t count)
{
    uint8_t *to = bytes;

    for (; count; count--) {
        *to++ = GPIOR2;
    }
}

void port_begin(void)
{
    BARRIER;
    GPIOR0 = BEGIN;
    BARRIER;
}

void port_end(void)
{
    BARRIER;
    GPIOR0 = END;
    BARRIER;
}

void port_hash(const void *bytes, uint16_t count)
{
    const uint8_t *from = bytes;

    for (; count; count--) {
        GPIOR1 = *from++;
    }
}

void port_sequence(void)
{
    GPIOR0 = SEQUENCE;
}

void port_finish(uint8_t status)
{
    GPIOR1 = status;
    GPIOR0 = FINISH;
}

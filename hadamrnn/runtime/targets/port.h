/* What device_main.c and stream_main.c need of an emulator; port_avr.c and port_semihosting.c
 * provide it, and port_host.c on this computer. */
#ifndef HADAMRNN_PORT_H
#define HADAMRNN_PORT_H

#include <stdint.h>

void port_read(void *bytes, uint16_t count);         /* the next bytes of the input */
void port_begin(void);                               /* start to count */
void port_end(void);                                 /* stop, and write the count */
void port_hash(const void *bytes, uint16_t count);   /* into the sequence's CRC-32 */
void port_sequence(void);                            /* write the CRC-32, start a new one */
void port_finish(uint8_t status);                    /* write the status, stop the emulator */

/* A loop of known length: 40,000 cycles on AVR, 20,000 instructions elsewhere (and a few). */
#if defined(__AVR__)
#include <util/delay_basic.h>
#define PORT_LOOP() _delay_loop_2(10000)
#elif defined(__arm__)
#define PORT_LOOP() __asm__ volatile(".syntax unified\n1: subs %0, %0, #1\n bne 1b" : "+l"(port_count) : : "cc")
extern uint32_t port_count;
#elif !defined(__riscv)
#define PORT_LOOP() (void)0 /* this computer, where nothing is counted */
#else
#define PORT_LOOP() __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(port_count))
extern uint32_t port_count;
#endif

#endif

/* Cortex-M and RISC-V under QEMU, with nothing but semihosting: files inputs.bin and outputs.bin in
 * the emulator's folder. Start-up code included; device.ld puts it first. Counts are of SysTick
 * (Cortex-M) or mcycle (RISC-V), which with -icount advance by a fixed amount an instruction. */
#include "port.h"

#include <stddef.h>

enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18, READ = 1, WRITE = 5 };

int main(void);
void port_start(void);
uint32_t port_count;
static uint32_t crc_table[256], crc = 0xFFFFFFFFu, begun, inputs, outputs, waiting[64];
static uint8_t filled;

#ifdef __arm__
extern uint32_t __stack[];
#ifdef __ARM_FEATURE_MVE
/* Helium is off after a reset, and port_start may save its registers. CPACR is at 0xE000ED88. */
__attribute__((naked)) static void first(void)
{
    __asm__ volatile("movw r0, #0xED88\n movt r0, #0xE000\n ldr r1, [r0]\n"
                     "orr r1, r1, #0xF00000\n str r1, [r0]\n dsb\n isb\n b port_start");
}
#else
#define first port_start
#endif
__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {
    __stack, (const void *)first};
static volatile uint32_t *const systick = (volatile uint32_t *)0xE000E010;

static uint32_t now(void)
{
    return (0u - systick[2]) & 0xFFFFFFu;
}
#else
__attribute__((section(".vectors"), naked, used)) void start(void)
{
    __asm__ volatile("la sp, __stack\n la gp, __global_pointer\n call port_start");
}

static uint32_t now(void)
{
    uint32_t cycles;

    __asm__ volatile("csrr %0, mcycle" : "=r"(cycles));
    return cycles;
}
#endif

static uint32_t host(uint32_t operation, const void *arguments)
{
#ifdef __arm__
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;

    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#else
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = arguments;

    __asm__ volatile(".balign 16\n .option push\n .option norvc\n slli x0, x0, 0x1f\n ebreak\n"
                     " srai x0, x0, 7\n .option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
#endif
}

static uint32_t open_file(const char *name, uint32_t mode, uint32_t length)
{
    const uint32_t arguments[3] = {(uint32_t)(uintptr_t)name, mode, length};

    return host(SYS_OPEN, arguments);
}

static void flush(void)
{
    const uint32_t arguments[3] = {outputs, (uint32_t)(uintptr_t)waiting, 4u * filled};

    host(SYS_WRITE, arguments);
    filled = 0;
}

static void put(uint32_t value)
{
    waiting[filled++] = value;
    if (filled == sizeof waiting / sizeof *waiting) {
        flush();
    }
}

/* Where the processor starts: QEMU has loaded all sections in place. */
void port_start(void)
{
    uint32_t i, bit, value;

#ifdef __arm__
    systick[1] = 0xFFFFFF;
    systick[2] = 0;
    systick[0] = 5; /* enabled, processor clock */
#endif
    for (i = 0; i < 256; i++) {
        for (value = i, bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0);
        }
        crc_table[i] = value;
    }
    inputs = open_file("inputs.bin", READ, 10);
    outputs = open_file("outputs.bin", WRITE, 11);
    port_count = 10000;
    main();
}

void port_read(void *bytes, uint16_t count)
{
    const uint32_t arguments[3] = {inputs, (uint32_t)(uintptr_t)bytes, count};

    host(SYS_READ, arguments);
}

void port_begin(void)
{
    begun = now();
}

void port_end(void)
{
#ifdef __arm__
    put((now() - begun) & 0xFFFFFFu);
#else
    put(now() - begun);
#endif
}

void port_hash(const void *bytes, uint16_t count)
{
    const uint8_t *from = bytes;

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
    flush();
    host(SYS_EXIT, (const void *)(uintptr_t)0x20026);
    for (;;) {
    }
}

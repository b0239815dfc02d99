/* A program for the development computer: runs an AVR program under simavr, cycle by cycle.
 *
 *     avr_runner MCU PROGRAM.elf INPUTS OUTPUTS
 *
 * The program's side of this is port_avr.c, the format of the files is in device_main.c.
 * Prints the deepest stack between BEGIN and END in bytes. Exit code 0 unless something failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

enum { BEGIN = 1, END = 2, SEQUENCE = 3, FINISH = 4 };
/* Data addresses of GPIOR0, 1 and 2, which differ between processors. */
typedef struct {
    const char *mcu;
    avr_io_addr_t registers[3];
} places;
static const places known[] = {{"attiny85", {0x31, 0x32, 0x33}}, {"", {0x3E, 0x4A, 0x4B}}};

static FILE *inputs, *outputs;
static uint64_t begun;
static uint32_t crc = 0xFFFFFFFFu;
static unsigned deepest, top, last;
static int counting, finished;

static unsigned stack_pointer(const avr_t *avr)
{
    return avr->data[R_SPL] | (unsigned)avr->data[R_SPH] << 8;
}

/* Whether one of the next two instructions writes SPL: a frame is made with two writes, SPH first,
 * and SP may lie a page too low between them. */
static int stack_pointer_is_half_written(const avr_t *avr)
{
    int next;

    for (next = 0; next < 4; next += 2) {
        const uint8_t *at = avr->flash + avr->pc + next;
        const unsigned code = at[0] | (unsigned)at[1] << 8;

        if ((code & 0xFE0Fu) == 0xBE0Du) return 1; /* out 0x3d, a register */
    }
    return 0;
}

static void put(uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};

    fwrite(bytes, 1, 4, outputs);
}

static uint8_t give(struct avr_t *avr, avr_io_addr_t address, void *unused)
{
    (void)avr, (void)address, (void)unused;
    return (uint8_t)getc(inputs);
}

static void hash(struct avr_t *avr, avr_io_addr_t address, uint8_t byte, void *unused)
{
    int bit;

    (void)avr, (void)address, (void)unused;
    last = byte;
    for (crc ^= byte, bit = 0; bit < 8; bit++) {
        crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
    }
}

static void command(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *unused)
{
    (void)address, (void)unused;
    if (value == BEGIN) {
        begun = avr->cycle;
        top = stack_pointer(avr) + 2; /* as main sees it: BEGIN is sent by a function */
        counting = 1;
    } else if (value == END) {
        put((uint32_t)(avr->cycle - begun));
        counting = 0;
    } else if (value == SEQUENCE) {
        put(~crc);
        crc = 0xFFFFFFFFu;
    } else if (value == FINISH) {
        put(last);
        finished = 1;
    }
}

int main(int count, char **arguments)
{
    elf_firmware_t firmware = {{0}};
    const places *at = known;
    avr_t *avr;

    if (count != 5 || !(avr = avr_make_mcu_by_name(arguments[1])) ||
        elf_read_firmware(arguments[2], &firmware) || !(inputs = fopen(arguments[3], "rb")) ||
        !(outputs = fopen(arguments[4], "wb"))) {
        fputs("usage: avr_runner MCU PROGRAM.elf INPUTS OUTPUTS\n", stderr);
        return 2;
    }
    avr_init(avr);
    avr_load_firmware(avr, &firmware);
    while (*at->mcu && strcmp(at->mcu, arguments[1]) != 0) {
        at++;
    }
    avr_register_io_write(avr, at->registers[0], command, NULL);
    avr_register_io_write(avr, at->registers[1], hash, NULL);
    avr_register_io_read(avr, at->registers[2], give, NULL);
    while (!finished) {
        const int state = avr_run(avr);

        if (state == cpu_Done || state == cpu_Crashed) {
            fputs("avr_runner: the program stopped early\n", stderr);
            return 1;
        }
        if (counting && top - stack_pointer(avr) > deepest && stack_pointer(avr) < top &&
            !stack_pointer_is_half_written(avr)) {
            deepest = top - stack_pointer(avr);
        }
    }
    printf("stack %u\n", deepest);
    return fclose(outputs) ? 1 : 0;
}

/* simavr with its first serial line on standard input and output, until a number of lines is out:
 * simavr_serial PROGRAM.elf LINES. The program is an ATmega328P's at 16 MHz. */
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <stdio.h>
#include <stdlib.h>

static int lines, ready;

static void written(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    (void)param;
    putchar((int)value);
    lines -= value == '\n';
}

static void may_send(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    (void)value;
    ready = param != NULL;
}

int main(int count, char **arguments)
{
    elf_firmware_t firmware = {{0}};
    avr_t *const avr = avr_make_mcu_by_name("atmega328p");
    uint32_t flags = 0;
    avr_irq_t *input;
    int state = cpu_Running;

    if (count != 3 || !avr || elf_read_firmware(arguments[1], &firmware)) {
        return 2;
    }
    lines = atoi(arguments[2]);
    avr_init(avr);
    avr->log = LOG_ERROR;
    firmware.frequency = 16000000;
    avr_load_firmware(avr, &firmware);
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)AVR_UART_FLAG_STDIO;
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT),
                            written, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON),
                            may_send, avr);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF),
                            may_send, NULL);
    while (lines > 0 && state != cpu_Done && state != cpu_Crashed) {
        if (ready) {
            const int byte = getchar();

            ready = 0;
            if (byte != EOF) {
                avr_raise_irq(input, (uint32_t)byte);
            }
        }
        state = avr_run(avr);
    }
    return lines > 0;
}

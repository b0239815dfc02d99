/* Runs peer_step of one of the files beside it: once for each count on an emulated target (port.h),
 * alone to be weighed there (WEIGH), or many times on this computer, where it prints the nanoseconds
 * of processor time that one took. */
void peer_step(void);

#ifdef WEIGH
int main(void)
{
    for (;;) {
#ifndef EMPTY
        peer_step();
#endif
    }
}
#ifndef __AVR__
__attribute__((section(".vectors"), used)) static int (*const start)(void) = main;
#endif
#elif defined(ON_THIS_COMPUTER)
#include <stdio.h>
#include <time.h>

int main(void)
{
    const long times = 20000;
    long i;
    clock_t begun;

    for (i = 0; i < 1000; i++) {
        peer_step();
    }
    begun = clock();
    for (i = 0; i < times; i++) {
        peer_step();
    }
    printf("%.1f\n", 1e9 / CLOCKS_PER_SEC * (double)(clock() - begun) / (double)times);
    return 0;
}
#else
#include "port.h"

int main(void)
{
    int i;

    port_begin();
    port_end();
    port_begin();
    PORT_LOOP();
    port_end();
    for (i = 0; i < 8; i++) {
        port_begin();
        peer_step();
        port_end();
    }
    port_finish(0);
    return 0;
}
#endif

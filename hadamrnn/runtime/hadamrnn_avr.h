/* Whether loops are in assembly, for AVR processors with a multiplier and tables in flash: HR_AVR
 * is defined where they are. In C they stand in hadamrnn_aligned.h and hadamrnn_transform.h.
 *
 * GCC's calling convention: arguments from r25 downwards, r2 to r17, r28, r29 are kept, r1 is 0. */
#ifndef HADAMRNN_AVR_H
#define HADAMRNN_AVR_H

#include "hadamrnn_basics.h"

#if defined(HR_READ_IS_LPM) && defined(__AVR_HAVE_MUL__) && HR_LANES == 1
#define HR_AVR

__asm__(
    ".macro hr_keep\n"
    "    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29\n"
    "    push r\\n\n"
    "    .endr\n"
    ".endm\n"
    ".macro hr_leave\n"
    "    clr r1\n"
    "    .irp n, 29, 28, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2\n"
    "    pop r\\n\n"
    "    .endr\n"
    "    ret\n"
    ".endm\n"
    ".macro hr_begin name\n"
    "    .pushsection .text.\\name, \"ax\", @progbits\n"
    "    .global \\name\n"
    "\\name:\n"
    ".endm\n");
#endif
#endif

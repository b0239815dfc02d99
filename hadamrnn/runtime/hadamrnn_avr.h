/* The three loops of hadamrnn_aligned.h for AVR processors with a multiplier and tables in flash;
 * in C they stand there. HR_AVR is defined where these are used.
 *
 * GCC's calling convention: arguments from r25 downwards, r2 to r17, r28, r29 are kept, r1 is 0.
 * Cycles: products 39 for 4 weights, drift 71 a neuron, settle 57 + 5 k a neuron. */
#ifndef HADAMRNN_AVR_H
#define HADAMRNN_AVR_H

#include "hadamrnn_basics.h"

#if defined(HR_READ_IS_LPM) && defined(__AVR_HAVE_MUL__) && HR_LANES == 1
#define HR_AVR

/* void hr_products(const uint8_t *row, size_t stride, const int8_t *input, uint8_t features,
 *                  uint16_t offset, uint16_t *sums, uint8_t count) */
__asm__(
    /* sum += (nibble ^ 8) * r16 for the low and the high nibble of r17 */
    ".macro hr_two_products low0, low1, high0, high1\n"
    "    eor r17, r20\n"
    "    mov r18, r17\n"
    "    andi r18, 15\n"
    "    mulsu r16, r18\n"
    "    add \\low0, r0\n"
    "    adc \\low1, r1\n"
    "    swap r17\n"
    "    andi r17, 15\n"
    "    mulsu r16, r17\n"
    "    add \\high0, r0\n"
    "    adc \\high1, r1\n"
    ".endm\n"
    "    .pushsection .text.hr_products, \"ax\", @progbits\n"
    "    .global hr_products\n"
    "hr_products:\n"
    "    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29\n"
    "    push r\\n\n"
    "    .endr\n"
    "    movw r28, r14\n"       /* Y: sums */
    "    movw r14, r16\n"       /* r14: offset */
    "    mov r19, r12\n"        /* r19: count */
    "    movw r12, r20\n"       /* r12: input */
    "    movw r10, r22\n"       /* r10: stride - 1 */
    "    ldi r16, 1\n"
    "    sub r10, r16\n"
    "    sbc r11, r1\n"
    "    mov r22, r18\n"        /* r22: features */
    "    ldi r20, 0x88\n"
    "1:  movw r30, r24\n"
    "    movw r26, r12\n"
    "    movw r2, r14\n"
    "    movw r4, r14\n"
    "    movw r6, r14\n"
    "    movw r8, r14\n"
    "    mov r23, r22\n"
    "2:  ld r16, X+\n"
    "    lpm r17, Z+\n"
    "    hr_two_products r2, r3, r4, r5\n"
    "    lpm r17, Z\n"
    "    hr_two_products r6, r7, r8, r9\n"
    "    add r30, r10\n"
    "    adc r31, r11\n"
    "    dec r23\n"
    "    brne 2b\n"
    "    st Y+, r2\n"
    "    st Y+, r3\n"
    "    st Y+, r4\n"
    "    st Y+, r5\n"
    "    st Y+, r6\n"
    "    st Y+, r7\n"
    "    st Y+, r8\n"
    "    st Y+, r9\n"
    "    adiw r24, 2\n"
    "    subi r19, 4\n"
    "    brne 1b\n"
    "    clr r1\n"
    "    .irp n, 29, 28, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2\n"
    "    pop r\\n\n"
    "    .endr\n"
    "    ret\n"
    "    .popsection\n");

/* void hr_drift(uint16_t *sums, uint8_t count, const uint8_t *bias, uint32_t multiplier,
 *               uint16_t bias_gain, uint32_t rounding) */
__asm__(
    /* r7:r4 += signed high:low * unsigned factor1:factor0; r25 is 0 */
    ".macro hr_multiply_add low, high, factor0, factor1\n"
    "    mul \\low, \\factor0\n"
    "    add r4, r0\n"
    "    adc r5, r1\n"
    "    adc r6, r25\n"
    "    adc r7, r25\n"
    "    mulsu \\high, \\factor1\n"
    "    add r6, r0\n"
    "    adc r7, r1\n"
    "    mulsu \\high, \\factor0\n"
    "    sbc r7, r25\n"
    "    add r5, r0\n"
    "    adc r6, r1\n"
    "    adc r7, r25\n"
    "    mul \\low, \\factor1\n"
    "    add r5, r0\n"
    "    adc r6, r1\n"
    "    adc r7, r25\n"
    ".endm\n"
    "    .pushsection .text.hr_drift, \"ax\", @progbits\n"
    "    .global hr_drift\n"
    "hr_drift:\n"
    "    .irp n, 4, 5, 6, 7, 8, 9, 16, 17, 28, 29\n"
    "    push r\\n\n"
    "    .endr\n"
    "    movw r28, r24\n"       /* Y: sums */
    "    mov r24, r22\n"        /* r24: count */
    "    clr r25\n"
    "    movw r30, r20\n"       /* Z: bias */
    "    movw r20, r16\n"       /* r20, r8: halves of the multiplier */
    "    movw r8, r18\n"
    "    movw r16, r14\n"       /* r16: bias_gain; r10 to r13: rounding */
    "1:  movw r4, r10\n"
    "    movw r6, r12\n"
    "    ld r22, Y\n"
    "    ldd r23, Y+1\n"
    "    hr_multiply_add r22, r23, r20, r21\n"
    "    mul r22, r8\n"
    "    add r6, r0\n"
    "    adc r7, r1\n"
    "    mul r22, r9\n"
    "    add r7, r0\n"
    "    mul r23, r8\n"
    "    add r7, r0\n"
    "    lpm r18, Z+\n"
    "    lpm r19, Z+\n"
    "    hr_multiply_add r18, r19, r16, r17\n"
    "    st Y+, r6\n"
    "    st Y+, r7\n"
    "    dec r24\n"
    "    brne 1b\n"
    "    clr r1\n"
    "    .irp n, 29, 28, 17, 16, 9, 8, 7, 6, 5, 4\n"
    "    pop r\\n\n"
    "    .endr\n"
    "    ret\n"
    "    .popsection\n");

/* void hr_settle(int16_t *hidden, const uint16_t *drift, uint8_t count, const uint8_t *signs,
 *                uint8_t block_log2, int16_t limit) */
__asm__(
    "    .pushsection .text.hr_settle, \"ax\", @progbits\n"
    "    .global hr_settle\n"
    "hr_settle:\n"
    "    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29\n"
    "    push r\\n\n"
    "    .endr\n"
    "    movw r26, r24\n"       /* X: hidden */
    "    movw r28, r22\n"       /* Y: drift */
    "    movw r30, r18\n"       /* Z: signs */
    "    mov r24, r20\n"        /* r24: count */
    "    bst r16, 0\n"          /* T: whether 1 / sqrt m is irrational */
    "    lsr r16\n"
    "    mov r9, r16\n"         /* r9: k */
    "    clr r2\n"
    "    movw r10, r14\n"       /* r10: ((limit + 1) << k) - 1, r12: -limit << k */
    "    clr r12\n"
    "    clr r13\n"
    "    sub r12, r14\n"
    "    sbc r13, r15\n"
    "    mov r8, r9\n"
    "    rjmp 2f\n"
    "1:  sec\n"
    "    rol r10\n"
    "    rol r11\n"
    "    lsl r12\n"
    "    rol r13\n"
    "2:  dec r8\n"
    "    brpl 1b\n"
    "    ldi r20, 0x05\n"       /* 46341 = 0xB505 */
    "    ldi r21, 0xB5\n"
    "3:  mov r18, r24\n"
    "    andi r18, 7\n"
    "    brne 4f\n"
    "    lpm r25, Z+\n"         /* r25: eight signs */
    "4:  ld r16, X+\n"
    "    ld r17, X\n"
    "    lsr r25\n"
    "    brcc 5f\n"
    "    com r17\n"
    "    neg r16\n"
    "    sbci r17, 0xFF\n"
    "5:  brtc 6f\n"
    "    mul r16, r20\n"        /* r17:r16 = (r17:r16 * 46341 + 2^15) >> 16 */
    "    mov r5, r1\n"
    "    mulsu r17, r21\n"
    "    movw r6, r0\n"
    "    mulsu r17, r20\n"
    "    sbc r7, r2\n"
    "    add r5, r0\n"
    "    adc r6, r1\n"
    "    adc r7, r2\n"
    "    mul r16, r21\n"
    "    add r5, r0\n"
    "    adc r6, r1\n"
    "    adc r7, r2\n"
    "    lsl r5\n"
    "    adc r6, r2\n"
    "    adc r7, r2\n"
    "    movw r16, r6\n"
    "6:  ld r18, Y+\n"
    "    ld r19, Y+\n"
    "    add r16, r18\n"
    "    adc r17, r19\n"
    "    brvs 9f\n"
    "    cp r10, r16\n"
    "    cpc r11, r17\n"
    "    brlt 10f\n"
    "    cp r16, r12\n"
    "    cpc r17, r13\n"
    "    brlt 11f\n"
    "7:  mov r8, r9\n"
    "    rjmp 12f\n"
    "8:  asr r17\n"
    "    ror r16\n"
    "12: dec r8\n"
    "    brpl 8b\n"
    "    st X, r17\n"
    "    st -X, r16\n"
    "    adiw r26, 2\n"
    "    dec r24\n"
    "    brne 3b\n"
    "    clr r1\n"
    "    .irp n, 29, 28, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2\n"
    "    pop r\\n\n"
    "    .endr\n"
    "    ret\n"
    "9:  tst r19\n"             /* the sum went beyond 16 bits, as drift points */
    "    brmi 11f\n"
    "10: movw r16, r10\n"
    "    rjmp 7b\n"
    "11: movw r16, r12\n"
    "    rjmp 7b\n"
    "    .popsection\n");
#endif
#endif

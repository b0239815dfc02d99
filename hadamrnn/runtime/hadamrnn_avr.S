/* The three loops of hr_update_aligned (hadamrnn.c) for AVR processors with a multiplier; the same
 * functions stand in C beside that one. Elsewhere this file is empty. Tables are in flash.
 *
 * GCC's calling convention: arguments from r25 downwards, r2 to r17, r28, r29 are kept, r1 is 0.
 * Cycles: products 39 for 4 weights, drift 71 a neuron, settle 57 + 5 k a neuron. */
#if defined(__AVR_HAVE_MUL__)

/* sum += (nibble ^ 8) * r16 for the low and the high nibble of r17 */
.macro two_products low0, low1, high0, high1
    eor r17, r20
    mov r18, r17
    andi r18, 15
    mulsu r16, r18
    add \low0, r0
    adc \low1, r1
    swap r17
    andi r17, 15
    mulsu r16, r17
    add \high0, r0
    adc \high1, r1
.endm

/* void hr_products(const uint8_t *row, size_t stride, const int8_t *input, uint8_t features,
 *                  uint16_t offset, uint16_t *sums, uint8_t count) */
    .section .text.hr_products, "ax", @progbits
    .global hr_products
hr_products:
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29
    push r\n
    .endr
    movw r28, r14       /* Y: sums */
    movw r14, r16       /* r14: offset */
    mov r19, r12        /* r19: count */
    movw r12, r20       /* r12: input */
    movw r10, r22       /* r10: stride - 1 */
    ldi r16, 1
    sub r10, r16
    sbc r11, r1
    mov r22, r18        /* r22: features */
    ldi r20, 0x88
1:  movw r30, r24
    movw r26, r12
    movw r2, r14
    movw r4, r14
    movw r6, r14
    movw r8, r14
    mov r23, r22
2:  ld r16, X+
    lpm r17, Z+
    two_products r2, r3, r4, r5
    lpm r17, Z
    two_products r6, r7, r8, r9
    add r30, r10
    adc r31, r11
    dec r23
    brne 2b
    st Y+, r2
    st Y+, r3
    st Y+, r4
    st Y+, r5
    st Y+, r6
    st Y+, r7
    st Y+, r8
    st Y+, r9
    adiw r24, 2
    subi r19, 4
    brne 1b
    clr r1
    .irp n, 29, 28, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2
    pop r\n
    .endr
    ret

/* r7:r4 += signed high:low * unsigned factor1:factor0; r25 is 0 */
.macro multiply_add low, high, factor0, factor1
    mul \low, \factor0
    add r4, r0
    adc r5, r1
    adc r6, r25
    adc r7, r25
    mulsu \high, \factor1
    add r6, r0
    adc r7, r1
    mulsu \high, \factor0
    sbc r7, r25
    add r5, r0
    adc r6, r1
    adc r7, r25
    mul \low, \factor1
    add r5, r0
    adc r6, r1
    adc r7, r25
.endm

/* void hr_drift(uint16_t *sums, uint8_t count, const uint8_t *bias, uint32_t multiplier,
 *               uint16_t bias_gain, uint32_t rounding) */
    .section .text.hr_drift, "ax", @progbits
    .global hr_drift
hr_drift:
    .irp n, 4, 5, 6, 7, 8, 9, 16, 17, 28, 29
    push r\n
    .endr
    movw r28, r24       /* Y: sums */
    mov r24, r22        /* r24: count */
    clr r25
    movw r30, r20       /* Z: bias */
    movw r20, r16       /* r20, r8: halves of the multiplier */
    movw r8, r18
    movw r16, r14       /* r16: bias_gain; r10 to r13: rounding */
1:  movw r4, r10
    movw r6, r12
    ld r22, Y
    ldd r23, Y+1
    multiply_add r22, r23, r20, r21
    mul r22, r8
    add r6, r0
    adc r7, r1
    mul r22, r9
    add r7, r0
    mul r23, r8
    add r7, r0
    lpm r18, Z+
    lpm r19, Z+
    multiply_add r18, r19, r16, r17
    st Y+, r6
    st Y+, r7
    dec r24
    brne 1b
    clr r1
    .irp n, 29, 28, 17, 16, 9, 8, 7, 6, 5, 4
    pop r\n
    .endr
    ret

/* void hr_settle(int16_t *hidden, const uint16_t *drift, uint8_t count, const uint8_t *signs,
 *                uint8_t block_log2, int16_t limit) */
    .section .text.hr_settle, "ax", @progbits
    .global hr_settle
hr_settle:
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29
    push r\n
    .endr
    movw r26, r24       /* X: hidden */
    movw r28, r22       /* Y: drift */
    movw r30, r18       /* Z: signs */
    mov r24, r20        /* r24: count */
    bst r16, 0          /* T: whether 1 / sqrt m is irrational */
    lsr r16
    mov r9, r16         /* r9: k */
    clr r2
    movw r10, r14       /* r10: highest = ((limit + 1) << k) - 1, r12: lowest = -limit << k */
    clr r12
    clr r13
    sub r12, r14
    sbc r13, r15
    mov r8, r9
    rjmp 2f
1:  sec
    rol r10
    rol r11
    lsl r12
    rol r13
2:  dec r8
    brpl 1b
    ldi r20, 0x05       /* 46341 = 0xB505 */
    ldi r21, 0xB5
3:  mov r18, r24
    andi r18, 7
    brne 4f
    lpm r25, Z+         /* r25: eight signs */
4:  ld r16, X+
    ld r17, X
    lsr r25
    brcc 5f
    com r17
    neg r16
    sbci r17, 0xFF
5:  brtc 6f
    mul r16, r20        /* r17:r16 = (r17:r16 * 46341 + 2^15) >> 16 */
    mov r5, r1
    mulsu r17, r21
    movw r6, r0
    mulsu r17, r20
    sbc r7, r2
    add r5, r0
    adc r6, r1
    adc r7, r2
    mul r16, r21
    add r5, r0
    adc r6, r1
    adc r7, r2
    lsl r5
    adc r6, r2
    adc r7, r2
    movw r16, r6
6:  ld r18, Y+
    ld r19, Y+
    add r16, r18
    adc r17, r19
    brvs 9f
    cp r10, r16
    cpc r11, r17
    brlt 10f
    cp r16, r12
    cpc r17, r13
    brlt 11f
7:  mov r8, r9
    rjmp 12f
8:  asr r17
    ror r16
12: dec r8
    brpl 8b
    st X, r17
    st -X, r16
    adiw r26, 2
    dec r24
    brne 3b
    clr r1
    .irp n, 29, 28, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2
    pop r\n
    .endr
    ret
9:  tst r19             /* the sum went beyond 16 bits, in the direction of drift */
    brmi 11f
10: movw r16, r10
    rjmp 7b
11: movw r16, r12
    rjmp 7b
#endif

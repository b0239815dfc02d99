/* One register of numbers, and what all kernels do with it, by the compilers' vector extension.
 *
 * PRECISION, 32 or 64, makes real float or double. A vector fills a register of the machine that
 * is compiled for, so all that is held in registers (butterflies, sums of products) stays there. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if PRECISION == 64
typedef double real;
typedef int64_t whole;
#define PICK(single, twice) twice
#else
typedef float real;
typedef int32_t whole;
#define PICK(single, twice) single
#endif

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define LANES (BYTES * 8 / PRECISION)

typedef real vec __attribute__((vector_size(BYTES)));
typedef whole mask __attribute__((vector_size(BYTES)));
typedef real anywhere __attribute__((vector_size(BYTES), aligned(PRECISION / 8), may_alias));

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* f(k, a) of every lane k, with commas between. */
#define EACH2(f, k, a) f(k, a), f((k) + 1, a)
#define EACH4(f, k, a) EACH2(f, k, a), EACH2(f, (k) + 2, a)
#define EACH8(f, k, a) EACH4(f, k, a), EACH4(f, (k) + 4, a)
#define EACH16(f, k, a) EACH8(f, k, a), EACH8(f, (k) + 8, a)
#if BYTES == 64
#define EACH(f, a) PICK(EACH16, EACH8)(f, 0, a)
#elif BYTES == 32
#define EACH(f, a) PICK(EACH8, EACH4)(f, 0, a)
#else
#define EACH(f, a) PICK(EACH4, EACH2)(f, 0, a)
#endif

/* Lanes of x and behind them those of y, chosen by the numbers f(k, a). */
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(x, y, f, a) __builtin_shufflevector(x, y, EACH(f, a))
#else
#define SHUFFLE(x, y, f, a) __builtin_shuffle(x, y, (mask){EACH(f, a)})
#endif

INLINE vec load(const real *from) { return *(const anywhere *)from; }

INLINE void store(real *to, vec x) { *(anywhere *)to = x; }

#define SAME(k, a) (a)
INLINE vec splat(real x) { return (vec){EACH(SAME, x)}; }

/* x where the condition is positive or NaN, which stays visible, as in torch's relu; else 0. */
INLINE vec where_positive(vec condition, vec x) { return (vec)((mask)x & ~(condition <= (vec){0})); }

INLINE vec choose(mask condition, vec yes, vec no)
{
    return (vec)((condition & (mask)yes) | (~condition & (mask)no));
}

INLINE int64_t least_of(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---------------------------------------------------------------------------- transposition */

/* Bit h of the row's number and of the lane's change places; for all bits: rows become lanes. */
#define FROM_LOW(k, h) ((k) & (h) ? LANES + ((k) ^ (h)) % LANES : (k))
#define FROM_HIGH(k, h) ((k) & (h) ? LANES + (k) : ((k) ^ (h)) % LANES)
#define EXCHANGE(h)                                                                               \
    if ((h) < LANES) {                                                                            \
        UNROLL for (int i = 0; i < LANES; i++) if (!(i & (h))) {                                  \
            vec low = r[i], high = r[(i + (h)) % LANES];                                          \
            r[i] = SHUFFLE(low, high, FROM_LOW, h);                                               \
            r[(i + (h)) % LANES] = SHUFFLE(low, high, FROM_HIGH, h);                              \
        }                                                                                         \
    }

INLINE void transpose(vec *r)
{
    EXCHANGE(1)
    EXCHANGE(2)
    EXCHANGE(4)
    EXCHANGE(8)
}

/* The numbers of LANES sequences, of which the last may not be there. */
struct lanes {
    real *at[LANES];
    mask used;
    int count;
};

/* Those that begin at base + lane * stride. */
INLINE struct lanes lanes_at(const real *base, int64_t stride, int64_t count)
{
    struct lanes lanes;
    lanes.count = (int)least_of(count, LANES);
    for (int k = 0; k < LANES; k++) {
        lanes.at[k] = (real *)base + (k < lanes.count ? k : 0) * stride;
        lanes.used[k] = -(k < lanes.count);
    }
    return lanes;
}

/* columns[j] = number j + offset of every lane, 0 of those that are not there; j < count. */
static void gather(vec *columns, const struct lanes *from, int64_t offset, int64_t count)
{
    int64_t j = 0;
    for (; j + LANES <= count; j += LANES) {
        vec r[LANES];
        UNROLL for (int k = 0; k < LANES; k++) r[k] = load(from->at[k] + offset + j);
        transpose(r);
        UNROLL for (int k = 0; k < LANES; k++) columns[j + k] = (vec)((mask)r[k] & from->used);
    }
    for (; j < count; j++) {
        for (int k = 0; k < LANES; k++) ((real *)(columns + j))[k] = from->at[k][offset + j];
        columns[j] = (vec)((mask)columns[j] & from->used);
    }
}

/* The opposite: lanes that are there are written. */
static void scatter(const vec *columns, const struct lanes *to, int64_t offset, int64_t count)
{
    int64_t j = 0;
    for (; j + LANES <= count; j += LANES) {
        vec r[LANES];
        UNROLL for (int k = 0; k < LANES; k++) r[k] = columns[j + k];
        transpose(r);
        UNROLL for (int k = 0; k < LANES; k++)
            if (k < to->count) store(to->at[k] + offset + j, r[k]);
    }
    for (; j < count; j++)
        for (int k = 0; k < to->count; k++) to->at[k][offset + j] = ((const real *)(columns + j))[k];
}

/* ------------------------------------------------------------------------------ butterflies */

#define PAIR(a, b)                                                                                \
    {                                                                                             \
        vec difference = a - b;                                                                   \
        a = a + b;                                                                                \
        b = difference;                                                                           \
    }

/* The radix vectors r become S_radix times them, Sylvester's matrix; radix is known when compiled. */
INLINE void butterflies(vec *r, const int radix)
{
    if (radix >= 2) {
        UNROLL for (int k = 0; k < radix; k += 2) PAIR(r[k], r[k + 1])
    }
    if (radix >= 4) {
        UNROLL for (int k = 0; k < radix; k += 4) {
            PAIR(r[k], r[k + 2])
            PAIR(r[k + 1], r[k + 3])
        }
    }
    if (radix >= 8) {
        UNROLL for (int k = 0; k < radix; k += 8) {
            PAIR(r[k], r[k + 4])
            PAIR(r[k + 1], r[k + 5])
            PAIR(r[k + 2], r[k + 6])
            PAIR(r[k + 3], r[k + 7])
        }
    }
    if (radix >= 16) {
        UNROLL for (int k = 0; k < 8; k++) PAIR(r[k], r[k + 8])
    }
}

/* ---------------------------------------------------------------------------------- kernels */

/* While a kernel runs, subnormal numbers count as zero, by the processor's floating-point control
 * register: they take up to a hundred times as long, and the gradients of a model that is sure are
 * full of them. */
#if defined(__SSE__)
typedef unsigned int control;
INLINE control read_control(void) { return __builtin_ia32_stmxcsr(); }
INLINE void write_control(control to) { __builtin_ia32_ldmxcsr(to); }
#define FLUSH_TO_ZERO 0x8040 /* FTZ and DAZ: results, and operands, of MXCSR */
#elif defined(__aarch64__)
typedef uint64_t control;
INLINE control read_control(void)
{
    control now;
    __asm__ volatile("mrs %0, fpcr" : "=r"(now));
    return now;
}
INLINE void write_control(control to) { __asm__ volatile("msr fpcr, %0" : : "r"(to)); }
#define FLUSH_TO_ZERO (1 << 24)
#else
typedef int control;
INLINE control read_control(void) { return 0; }
INLINE void write_control(control to) { (void)to; }
#define FLUSH_TO_ZERO 0
#endif

/* Head of a kernel, int name(int64_t first, int64_t stop, const struct given *a). */
#define KERNEL(name, first, given)                                                                \
    static int name##_flushed(int64_t first, int64_t stop, const struct given *a);                \
    int name(int64_t first, int64_t stop, const struct given *a)                                  \
    {                                                                                             \
        control before = read_control();                                                          \
        write_control(before | FLUSH_TO_ZERO);                                                    \
        int result = name##_flushed(first, stop, a);                                              \
        write_control(before);                                                                    \
        return result;                                                                            \
    }                                                                                             \
    static int name##_flushed(int64_t first, int64_t stop, const struct given *a)

/* ---------------------------------------------------------------------------------- scratch */

/* Vectors for the length of a call. */
struct scratch {
    void *taken[16];
    int count, failed;
};

/* Space for so many vectors, each piece elsewhere in its page, or caches would hold few of them. */
static vec *take(struct scratch *scratch, int64_t vectors)
{
    int64_t apart = 3 * scratch->count + 1;
    void *memory = malloc((size_t)(vectors + apart) * BYTES);
    scratch->failed |= !memory;
    scratch->taken[scratch->count++] = memory;
    return (vec *)(((uintptr_t)memory + BYTES - 1) / BYTES * BYTES) + apart - 1;
}

static int release(struct scratch *scratch)
{
    while (scratch->count) free(scratch->taken[--scratch->count]);
    return -scratch->failed;
}

/* The runtime as a WebAssembly module without imports; hadamrnn.js beside it is its caller, and
 * hadamrnn/targets/wasm.py builds it.
 *
 * One model at a time: browser_room gives memory for a packed file, browser_open makes it the
 * model, and all other functions speak of that one. Functions return an hr_status, but for those
 * that return a number or an address. */
#include "hadamrnn.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define PAGE 65536u
#define ALIGNMENT 16u

extern uint8_t __heap_base; /* the linker's: where memory is free */

static uintptr_t next;
static hr_model model;
static hr_state state;
static int32_t *logits;

/* bytes of memory that nobody else has, or null. */
EXPORT(browser_room) void *browser_room(uint32_t bytes)
{
    uintptr_t start, pages;

    if (!next) {
        next = ((uintptr_t)&__heap_base + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    }
    start = next;
    pages = __builtin_wasm_memory_size(0);
    if (bytes > 0xFFFF0000u - start) {
        return NULL;
    }
    if (start + bytes > pages * PAGE &&
        __builtin_wasm_memory_grow(0, (start + bytes - pages * PAGE + PAGE - 1) / PAGE) ==
            (uintptr_t)-1) {
        return NULL;
    }
    next = (start + bytes + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    return (void *)start;
}

EXPORT(browser_open) hr_status browser_open(const uint8_t *bytes, uint32_t length)
{
    const hr_status status = hr_load(bytes, length, &model);
    const uint32_t size = model.hidden_size;

    state.hidden_size = 0; /* so that no step runs with another model's memory */
    if (status != HR_OK) {
        return status;
    }
    state.hidden = browser_room(size * (uint32_t)sizeof(int16_t));
    state.scratch = browser_room(HR_SCRATCH_WORDS(size, model.transform_bits) *
                                 (uint32_t)sizeof(uint32_t));
    state.sums16 = model.sum_bits == 16 ? browser_room(size * (uint32_t)sizeof(uint16_t)) : NULL;
    state.sums32 = model.sum_bits == 32 ? browser_room(size * (uint32_t)sizeof(uint32_t)) : NULL;
    state.input = model.embedding ? browser_room(model.input_size) : NULL;
    logits = browser_room(model.output_size * (uint32_t)sizeof(int32_t));
    state.hidden_size = model.hidden_size;
    return hr_reset(&state);
}

EXPORT(browser_reset) hr_status browser_reset(void)
{
    return hr_reset(&state);
}

EXPORT(browser_step) hr_status browser_step(const int8_t *input)
{
    return hr_step(&model, &state, input);
}

EXPORT(browser_symbol) hr_status browser_symbol(uint32_t symbol)
{
    return symbol > 65535u ? HR_BAD_SYMBOL : hr_step_symbol(&model, &state, (uint16_t)symbol);
}

EXPORT(browser_read_out) hr_status browser_read_out(void)
{
    return hr_logits(&model, &state, logits);
}

EXPORT(browser_logits) const int32_t *browser_logits(void)
{
    return logits;
}

EXPORT(browser_hidden) const int16_t *browser_hidden(void)
{
    return state.hidden;
}

EXPORT(browser_sums) const void *browser_sums(void)
{
    return model.sum_bits == 16 ? (const void *)state.sums16 : (const void *)state.sums32;
}

EXPORT(browser_hidden_size) uint32_t browser_hidden_size(void)
{
    return model.hidden_size;
}

EXPORT(browser_input_size) uint32_t browser_input_size(void)
{
    return model.embedding ? model.symbols : model.input_size;
}

EXPORT(browser_output_size) uint32_t browser_output_size(void)
{
    return model.output_size;
}

EXPORT(browser_activation_bits) uint32_t browser_activation_bits(void)
{
    return model.activation_bits;
}

EXPORT(browser_sum_bits) uint32_t browser_sum_bits(void)
{
    return model.sum_bits;
}

EXPORT(browser_reads_symbols) uint32_t browser_reads_symbols(void)
{
    return model.flags & HR_SYMBOL;
}

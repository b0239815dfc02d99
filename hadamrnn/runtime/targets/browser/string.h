/* What the runtime wants of string.h where there is no C library: instructions of WebAssembly. */
#ifndef HADAMRNN_BROWSER_STRING_H
#define HADAMRNN_BROWSER_STRING_H

#include <stddef.h>

static inline void *memset(void *to, int value, size_t count)
{
    return __builtin_memset(to, value, count);
}

static inline void *memcpy(void *to, const void *from, size_t count)
{
    return __builtin_memcpy(to, from, count);
}
#endif

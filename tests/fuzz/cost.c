/*
 * The address sanitizer's allocator calls back for each block (sanitizer/allocator_interface.h, which gcc
 * does not bring along). And with -fsanitize-coverage=trace-loads clang has each reading of memory call a
 * function that bears its size. Where a program is built without them, nothing is counted.
 */
#include "cost.h"

#include <stdbool.h>
#include <stdint.h>

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are the sanitizers' */

int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
                                              void (*freed)(const volatile void *)) __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *) __attribute__((weak));

static struct cost cost;
static ptrdiff_t held;

static void allocated(const volatile void *block, size_t size)
{
    (void)block;
    held += (ptrdiff_t)size;
    cost.blocks++;
    if (held > (ptrdiff_t)cost.memory)
        cost.memory = (size_t)held;
}

static void freed(const volatile void *block)
{
    if (block)
        held -= (ptrdiff_t)__sanitizer_get_allocated_size(block);
}

#define COUNT(name, type)                                                                                    \
    void name(const type *address);                                                                          \
    void name(const type *address)                                                                           \
    {                                                                                                        \
        (void)address;                                                                                       \
        cost.steps++;                                                                                        \
    }
COUNT(__sanitizer_cov_load1, uint8_t)
COUNT(__sanitizer_cov_load2, uint16_t)
COUNT(__sanitizer_cov_load4, uint32_t)
COUNT(__sanitizer_cov_load8, uint64_t)
COUNT(__sanitizer_cov_load16, __uint128_t)

/* NOLINTEND(bugprone-reserved-identifier) */

void cost_begin(void)
{
    static bool begun;

    if (!begun && __sanitizer_install_malloc_and_free_hooks)
        (void)__sanitizer_install_malloc_and_free_hooks(allocated, freed);
    begun = true;
    held = 0;
    cost = (struct cost){0};
}

struct cost cost_end(void)
{
    return cost;
}

size_t cost_held(void)
{
    return held > 0 ? (size_t)held : 0;
}

/*
 * Put before the C library (LD_PRELOAD), it fails one allocation of one program, whoever makes it. Which one
 * is said by its place: the functions that led to it, as one number, which is the same in each run.
 *
 *     FAILING_IN       the name of the program; others (those that start it) are left alone
 *     FAILING_AT       the place whose first allocation fails, as hexadecimal digits; not set: none
 *     FAILING_PLACES   a file that gets all places, in the order in which they came, when the program ends by
 * itself
 *
 * Whatever is allocated comes from glibc, so blocks can be enlarged and freed as usual.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <inttypes.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { OWN = 2, DEPTH = 6, MOST_PLACES = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the places */
static uint64_t seen[MOST_PLACES], in_order[MOST_PLACES];
static size_t count;
static atomic_bool has_failed;
static uint64_t failing;
static FILE *told; /* NULL: nobody asks */

/* What is allocated to find out a place is of no interest; nor what comes before the program is asked. */
static _Thread_local bool is_inside = true;
static _Thread_local bool was_asked;

static bool is_meant(void)
{
    const char *program = getenv("FAILING_IN");

    return program && strcmp(program, program_invocation_short_name) == 0;
}

/* libseccomp is no more asked for memory than there is for sure (base/sandbox.c), and could not stand it. */
static bool is_exempt(const struct dl_find_object *object)
{
    return strstr(object->dlfo_link_map->l_name, "libseccomp") != NULL;
}

/* Where libraries are loaded to differs from run to run, so only where in them counts. */
static uint64_t place_of_caller(bool *ret_exempt)
{
    void *frames[OWN + DEPTH];
    int depth = backtrace(frames, OWN + DEPTH);
    uint64_t place = 14695981039346656037U;

    for (int i = OWN; i < depth; i++) {
        struct dl_find_object object;

        if (_dl_find_object(frames[i], &object) != 0)
            continue;
        *ret_exempt |= is_exempt(&object);
        place = (place ^ (uint64_t)((char *)frames[i] - (char *)object.dlfo_map_start)) * 1099511628211U;
    }
    return place;
}

/* Whether it came for the first time. */
static bool note(uint64_t place)
{
    size_t at = place % MOST_PLACES;
    bool is_new;

    (void)pthread_mutex_lock(&lock);
    while (seen[at] && seen[at] != place)
        at = (at + 1) % MOST_PLACES;
    is_new = seen[at] == 0 && count < MOST_PLACES / 2;
    if (is_new)
        seen[at] = in_order[count++] = place;
    (void)pthread_mutex_unlock(&lock);
    return is_new;
}

__attribute__((noinline)) static bool fails(void)
{
    uint64_t place;
    bool exempt = false, is_it;

    if (!was_asked) {
        was_asked = true;
        is_inside = !is_meant();
    }
    if (is_inside)
        return false;
    is_inside = true;
    place = place_of_caller(&exempt);
    is_it = !exempt && note(place) && place == failing && !atomic_exchange(&has_failed, true);
    is_inside = false;
    if (is_it)
        errno = ENOMEM;
    return is_it;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    return fails() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *block, size_t size)
{
    return fails() ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = fails() ? NULL : __libc_memalign(alignment, size);

    if (!made)
        return ENOMEM;
    *block = made;
    return 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAILING_AT"), *name = is_meant() ? getenv("FAILING_PLACES") : NULL;
    void *frame;

    was_asked = true; /* what follows is no part of the program */
    is_inside = true;
    told = name ? fopen(name, "we") : NULL; /* now: the program gives up the right to write files */
    failing = at ? strtoull(at, NULL, 16) : 0;
    (void)backtrace(&frame, 1); /* loads what it needs now */
    is_inside = !is_meant();
}

__attribute__((destructor)) static void tell(void)
{
    is_inside = true;
    for (size_t i = 0; told && i < count; i++)
        (void)fprintf(told, "%016" PRIx64 "\n", in_order[i]);
    if (told)
        (void)fclose(told);
}

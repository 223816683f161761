#ifndef SYNC_BASE_CLEANUP_H
#define SYNC_BASE_CLEANUP_H

/*
 * Scope-bound ownership. `CLEANUP(thing_freep) struct thing *thing = NULL;` frees the thing on every way out
 * of the scope; `TAKE(thing)` hands the pointer on and disarms the guard. Every destructor takes NULL.
 */

#define CLEANUP(function) __attribute__((cleanup(function)))

/* The value of a guarded pointer; the guard is left with NULL. */
#define TAKE(pointer)                                                                                        \
    ({                                                                                                       \
        __typeof__(pointer) taken_ = (pointer);                                                              \
        (pointer) = NULL;                                                                                    \
        taken_;                                                                                              \
    })

/* NOLINTBEGIN(bugprone-macro-parentheses): `type *` cannot be put into parentheses */
/* Defines function##p, the guard of a pointer whose destructor is function(pointer). */
#define DEFINE_CLEANUP(type, function)                                                                       \
    static inline void function##p(type **pointer)                                                           \
    {                                                                                                        \
        function(*pointer);                                                                                  \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

/* CLEANUP(freep): memory from base/memory.h, strings included. */
void freep(void *pointer);

/* CLEANUP(text_free_secretp): a secret, overwritten as by text_free_secret() (base/memory.h). */
void text_free_secretp(char **text);

/* CLEANUP(closep): a file descriptor; negative ones are left alone. */
void closep(const int *fd);

#endif

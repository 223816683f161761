#include "base/dump.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* The limit alone is not enough: a program that dumps are piped to (core(5)) gets them whatever the limit
   is. */
void dump_forbid(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

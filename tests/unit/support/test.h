#ifndef SYNC_SUPPORT_TEST_H
#define SYNC_SUPPORT_TEST_H

/* cmocka, and what has to come before it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

/* So many, or a twentieth of them where only some cases are wanted (CASES is set): under sanitizers and
   valgrind each takes long, and the logic is seen without them. */
static inline unsigned test_share(unsigned count)
{
    enum { SHARE = 20 };

    return getenv("CASES") ? (count + SHARE - 1) / SHARE : count;
}

#endif

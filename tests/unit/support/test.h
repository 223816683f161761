#ifndef SYNC_SUPPORT_TEST_H
#define SYNC_SUPPORT_TEST_H

/* cmocka, and what has to come before it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif

#include "base/instant.h"

#include <time.h>

instant instant_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* goes on while the machine is suspended */
    return (instant)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

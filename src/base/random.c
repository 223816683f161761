#include "base/random.h"

#include "base/memory.h"

#include <inttypes.h>
#include <sys/random.h>

char *random_mark(void)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        return NULL;
    return text_format("%016" PRIx64, number);
}

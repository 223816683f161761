/*
 * Why not CURLINFO_RETRY_AFTER: it gives 0 for "no header", for a word and for a number that is too large to
 * hold, and each of these wants a different treatment.
 */
#include "http/retry_after.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST_SECONDS = HTTP_LONGEST_PAUSE / 1000 };

static int64_t clamped(int64_t seconds)
{
    if (seconds < 0)
        return 0;
    return (seconds < LONGEST_SECONDS ? seconds : LONGEST_SECONDS) * 1000;
}

/* Digits only; stays at the longest pause once it is reached, so no number is too long. */
static bool read_seconds(const char *value, int64_t *ret_seconds)
{
    size_t digits = strspn(value, "0123456789");
    int64_t seconds = 0;

    if (digits == 0 || value[digits + strspn(value + digits, " \t")] != '\0')
        return false;
    for (size_t i = 0; i < digits && seconds < LONGEST_SECONDS; i++)
        seconds = seconds * 10 + (value[i] - '0');
    *ret_seconds = seconds;
    return true;
}

int64_t http_retry_after(const char *value, time_t now)
{
    int64_t seconds;
    time_t date;

    if (!value)
        return -1;
    value += strspn(value, " \t");
    if (read_seconds(value, &seconds))
        return clamped(seconds);
    date = curl_getdate(value, NULL);
    return date == -1 ? -1 : clamped((int64_t)date - now);
}

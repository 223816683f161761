#include "monitor/history.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a text: whoever wants to know more finds it in the log. */
enum { LONGEST = 400, MINUTE = 60 * 1000 };

static void clear(struct history_message *message)
{
    free(message->method);
    free(message->subject);
    free(message->code);
    free(message->detail);
    free(message->changes);
    *message = (struct history_message){0};
}

void history_deinit(struct history *history)
{
    for (size_t i = 0; i < HISTORY_MESSAGES; i++)
        clear(&history->messages[i]);
    for (size_t i = 0; i < HISTORY_CODES; i++)
        free(history->codes[i].code);
    *history = (struct history){0};
}

/* Its beginning, where it is long. */
static char *beginning(const char *text)
{
    size_t length = text ? text_cut(text, LONGEST) : 0;

    if (!text || !*text)
        return NULL;
    return text[length] ? text_format("%.*s…", (int)length, text) : text_copy(text);
}

/* Brings the ring forward to this minute. */
static void turn_to(struct history *history, int64_t minute)
{
    int64_t passed = minute - history->minute;

    for (int64_t i = 0; i < passed && i < HISTORY_MINUTES; i++)
        history->minutes[(minute - i) % HISTORY_MINUTES] = (struct history_minute){0};
    history->minute = minute;
}

/* Codes beyond those that there is room for share the last place. */
static void count_code(struct history *history, const char *code)
{
    size_t place = 0;

    while (place < HISTORY_CODES - 1 && history->codes[place].code &&
           !text_equal(history->codes[place].code, code))
        place++;
    if (!history->codes[place].code)
        history->codes[place].code = text_copy(code);
    history->codes[place].count++;
}

void history_add(struct history *history, const struct monitor_message *message, instant now)
{
    struct history_message *place = &history->messages[history->count++ % HISTORY_MESSAGES];
    struct history_minute *minute;

    clear(place);
    *place = (struct history_message){.ended = time(NULL),
                                      .is_rejected = message->code != NULL,
                                      .duration = message->duration,
                                      .method = beginning(message->method),
                                      .subject = beginning(message->subject),
                                      .code = beginning(message->code),
                                      .detail = beginning(message->detail),
                                      .changes = beginning(message->changes)};
    turn_to(history, now / MINUTE);
    minute = &history->minutes[history->minute % HISTORY_MINUTES];
    minute->done += !message->code;
    minute->rejected += message->code != NULL;
    if (message->code)
        count_code(history, message->code);
}

const struct history_message *history_message(const struct history *history, size_t number)
{
    if (number >= history->count || number >= HISTORY_MESSAGES)
        return NULL;
    return &history->messages[(history->count - 1 - number) % HISTORY_MESSAGES];
}

struct history_minute history_minute(const struct history *history, int64_t ago, instant now)
{
    int64_t minute = now / MINUTE - ago;

    if (minute < 0 || minute > history->minute || minute <= history->minute - HISTORY_MINUTES)
        return (struct history_minute){0};
    return history->minutes[minute % HISTORY_MINUTES];
}

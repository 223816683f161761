#include "synapse/inquiry.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/visible.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 10000 /* milliseconds */, LONGEST_QUOTE = 255 /* bytes */ };

char *inquiry_quote(const struct inquiry *inquiry, const char *text)
{
    if (!text || !*text || strnlen(text, LONGEST_QUOTE + 1) > LONGEST_QUOTE)
        return NULL;
    for (size_t i = 0; i < ANSWER_SECRETS; i++)
        if (secrets_are_in(inquiry->secrets.of[i], text))
            return NULL;
    return visible_copy(text);
}

/* Enough to tell a page from anything else; it is not read any further. */
static bool is_page(const char *body)
{
    body += strspn(body, " \t\r\n");
    return strncasecmp(body, "<!doctype html", 14) == 0 || strncasecmp(body, "<html", 5) == 0 ||
           strncasecmp(body, "<head", 5) == 0;
}

static char *title_of(const struct inquiry *inquiry, const char *body)
{
    const char *begin = strcasestr(body, "<title>"), *end = begin ? strcasestr(begin, "</title>") : NULL;
    CLEANUP(freep) char *title = NULL;

    if (!end)
        return NULL;
    title = text_copy_bytes(begin + strlen("<title>"), (size_t)(end - begin) - strlen("<title>"));
    return inquiry_quote(inquiry, title);
}

struct waiting {
    const struct inquiry *inquiry;
    const char *name;
    struct heard *heard;
};

static void came(void *context, const struct http_reply *reply)
{
    struct waiting *waiting = context;
    struct heard *heard = waiting->heard;

    *heard = (struct heard){.trouble = reply->trouble, .date = -1};
    answer_read(&heard->answer, reply, waiting->name, NULL, &waiting->inquiry->secrets);
    if (reply->result == HTTP_ANSWERED) {
        heard->date = reply->date;
        heard->is_page = is_page(reply->body);
        heard->title = heard->is_page ? title_of(waiting->inquiry, reply->body) : NULL;
    }
    loop_stop(waiting->inquiry->loop);
}

void inquire(const struct inquiry *inquiry, const char *name, const struct http_request *request,
             struct heard *ret_heard)
{
    struct waiting waiting = {inquiry, name, ret_heard};
    struct http_request limited = *request;

    limited.limit = LIMIT;
    (void)http_send(inquiry->http, &limited, came, &waiting);
    loop_run(inquiry->loop);
}

void inquire_get(const struct inquiry *inquiry, const char *path, const char *bearer, struct heard *ret_heard)
{
    inquire(inquiry, path, &(struct http_request){.method = HTTP_GET, .path = path, .bearer = bearer},
            ret_heard);
}

void heard_deinit(struct heard *heard)
{
    answer_deinit(&heard->answer);
    free(heard->title);
}

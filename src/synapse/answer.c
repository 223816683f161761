#include "synapse/answer.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"
#include "synapse/parse.h"

#include <string.h>

enum { LONGEST_QUOTE = 200 /* bytes */ };

/* Bytes of what is looked at before it is quoted. Whoever says more is not quoted: a secret might be cut. */
enum { LONGEST_WORDS = 4096 };

/* As it is, and as it will be shown: the digits of an escape may be the beginning of a secret, too. */
static bool hold_secret(const char *text, const struct answer_secrets *secrets)
{
    CLEANUP(text_free_secretp) char *shown = visible_copy(text);

    for (size_t i = 0; i < ANSWER_SECRETS; i++)
        if (secrets_are_in(secrets->of[i], text) || secrets_are_in(secrets->of[i], shown))
            return true;
    return false;
}

/* What we say ourselves in place of the homeserver's words, which hold a link that is signed for one user. */
static const char *own_words(const char *errcode)
{
    return strcmp(errcode, "M_CONSENT_NOT_GIVEN") == 0 ? "the homeserver's terms have not been agreed to"
                                                       : NULL;
}

/*
 * Takes out what hangs behind a question mark within a word, up to the next blank: the query of an address,
 * which may be a key to something (Synapse signs its links there). And what was sent to it, which Synapse's
 * checks repeat behind "input_value=" (pydantic), cut in the middle.
 */
static void cut_queries(char *text)
{
    char *input = strstr(text, "input_value="), *to = text;
    bool in_query = false;

    if (input)
        *input = '\0';
    for (const char *from = text; *from; from++) {
        in_query = in_query && *from != ' ';
        if (!in_query)
            *to++ = *from;
        in_query = in_query || *from == '?';
    }
    *to = '\0';
}

/* Where MAS says what is wrong: {"errors": [{"title": …}]}. There are no codes. */
static const char *mas_words(const json_t *body)
{
    return parse_text(json_array_get(json_object_get(body, "errors"), 0), "title");
}

/* The homeserver's own words, made fit to be quoted: short, and without our secrets, which a careless server
   might repeat. NULL: there are none. The caller frees it. */
static char *quote(const struct answer *answer, const struct answer_secrets *secrets)
{
    const char *text = parse_text(answer->body, "error");
    char *words;

    if (!text)
        text = mas_words(answer->body);

    if (own_words(answer->errcode))
        return text_copy(own_words(answer->errcode));
    if (!text || !*text || strnlen(text, LONGEST_WORDS + 1) > LONGEST_WORDS || hold_secret(text, secrets))
        return NULL;
    words = text_copy(text);
    cut_queries(words);
    words[text_cut(words, LONGEST_QUOTE)] = '\0';
    return words;
}

/* An errcode is one only if it looks like one. */
static void read_errcode(struct answer *answer, const struct answer_secrets *secrets)
{
    const char *errcode = parse_text(answer->body, "errcode");

    if (!errcode && mas_words(answer->body))
        errcode = ANSWER_OF_MAS;
    if (!errcode || hold_secret(errcode, secrets) || strlen(errcode) >= sizeof(answer->errcode) ||
        errcode[strspn(errcode, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")] != '\0')
        return;
    memcpy(answer->errcode, errcode, strlen(errcode) + 1);
}

static int64_t pause_asked_for(const struct answer *answer, const struct http_reply *reply)
{
    int64_t said = parse_number(answer->body, "retry_after_ms", -1);

    if (said < reply->retry_after)
        said = reply->retry_after;
    return said > HTTP_LONGEST_PAUSE ? HTTP_LONGEST_PAUSE : said;
}

static void read_refusal(struct answer *answer, const char *name, const struct errcode_rule *own,
                         const struct answer_secrets *secrets)
{
    CLEANUP(freep) char *words = NULL;

    read_errcode(answer, secrets);
    words = quote(answer, secrets);
    answer->outcome = errcode_outcome(answer->status, answer->errcode, own);
    if (answer->outcome != SYNAPSE_OK)
        (void)error_set(&answer->problem, "%s: %ld%s%s%s%s", name, answer->status,
                        *answer->errcode ? " " : "", answer->errcode, words ? ": " : "", words ? words : "");
}

/* False: no whole reply came, and the answer says so. */
static bool answer_begin(struct answer *answer, const struct http_reply *reply, const char *name)
{
    *answer = (struct answer){.outcome = SYNAPSE_OK, .status = reply->status, .retry_after = -1};
    switch (reply->result) {
    case HTTP_UNREACHABLE:
    case HTTP_BROKEN:
        answer->outcome = SYNAPSE_UNREACHABLE;
        break;
    case HTTP_TOO_LARGE:
        answer->outcome = SYNAPSE_FAILED;
        break;
    case HTTP_ANSWERED:
        return true;
    }
    (void)error_set(&answer->problem, "%s: %s", name, reply->problem);
    return false;
}

void answer_read(struct answer *answer, const struct http_reply *reply, const char *name,
                 const struct errcode_rule *own, const struct answer_secrets *secrets)
{
    if (!answer_begin(answer, reply, name))
        return;
    answer->body = parse_object(reply->body, reply->body_size);
    answer->retry_after = pause_asked_for(answer, reply);
    if (reply->status < 200 || reply->status > 299)
        read_refusal(answer, name, own, secrets);
    else if (!answer->body && errcode_outcome(answer->status, "", own) == SYNAPSE_OK)
        return; /* it need not say anything */
    else if (!answer->body && !parse_fits(reply->body, reply->body_size))
        answer_fail(answer, name, "the reply holds more JSON values than there is memory for");
    else if (!answer->body) /* a maintenance page, say: not the homeserver's, so nothing was carried out */
        answer_fail(answer, name, "the reply is not a JSON object");
}

void answer_read_any(struct answer *answer, const struct http_reply *reply, const char *name)
{
    static const struct answer_secrets none = {.of = {NULL}};
    enum { TOO_MANY_REQUESTS = 429, TROUBLE = 500 };

    if (!answer_begin(answer, reply, name))
        return;
    answer->body = parse_object(reply->body, reply->body_size);
    answer->retry_after = pause_asked_for(answer, reply);
    read_errcode(answer, &none); /* which is not shown */
    if (reply->status == TOO_MANY_REQUESTS)
        answer->outcome = errcode_outcome(reply->status, answer->errcode, NULL);
    else if (reply->status >= TROUBLE)
        answer->outcome = SYNAPSE_UNREACHABLE;
    if (answer->outcome != SYNAPSE_OK)
        (void)error_set(&answer->problem, "%s: %ld", name, reply->status);
}

void answer_fail(struct answer *answer, const char *name, const char *problem)
{
    answer->outcome = SYNAPSE_FAILED;
    (void)error_set(&answer->problem, "%s: %s", name, problem);
}

void answer_deinit(struct answer *answer)
{
    json_decref(answer->body);
    answer->body = NULL;
}

#include "broker/judge.h"

#include "base/memory.h"

#include <string.h>

enum { LAST_WAIT = 1000 /* ms */ };

void judge_init(struct judge *judge, struct broker_settings *settings, struct loop *loop,
                void (*judged)(void *context, struct broker_message *message), void *context)
{
    *judge = (struct judge){.probation = probation_start(),
                            .settings = settings,
                            .loop = loop,
                            .delivery_limit = PROBATION_NO_LIMIT,
                            .judged = judged,
                            .context = context};
}

void judge_deinit(struct judge *judge)
{
    tries_await(judge->withdrawal, LAST_WAIT);
    tries_free(TAKE(judge->withdrawal));
    tries_free(TAKE(judge->tries));
}

void judge_of_queue(struct judge *judge, const struct queue_kind *kind, unsigned broker_version)
{
    judge->type = kind->type;
    judge->delivery_limit = queue_kind_delivery_limit(kind, broker_version);
}

static void decide(struct judge *judge, struct broker_message *message)
{
    message->priority = message_priority(message);
    message->suspicion = probation_judge(&judge->probation, message, judge->delivery_limit, instant_now());
    judge->judged(judge->context, message);
}

static void note(struct judge *judge, struct broker_message *message)
{
    memcpy(judge->noted, message_sha256(message), sizeof(judge->noted));
    judge->noted_count = message->deliveries;
    judge->noted_tag = message->tag;
}

static void counted(void *context, struct broker_message *message)
{
    struct judge *judge = context;

    if (tries_are_noted(judge->tries))
        note(judge, message);
    tries_free(TAKE(judge->tries));
    decide(judge, message);
}

static void count(struct judge *judge, struct broker_message *message)
{
    judge->tries = tries_count(judge->settings, judge->loop, message, counted, judge);
    if (!judge->tries)
        decide(judge, message);
}

/* It came before, on another connection of this process, which is no reason to count it again. */
static bool is_noted(const struct judge *judge, struct broker_message *message)
{
    return *judge->noted && message->redelivered && strcmp(message_sha256(message), judge->noted) == 0;
}

/* What a classic queue gives as the number of deliveries is what the producer wrote there. A queue of unknown
   kind is believed: to set a message aside needlessly is better than to have it dropped. */
void judge_message(struct judge *judge, struct broker_message *message)
{
    if (judge->type == QUEUE_CLASSIC && !*judge->noted && probation_may_suspect(&judge->probation, message)) {
        count(judge, message);
        return;
    }
    if (judge->type != QUEUE_CLASSIC && message->redelivered) {
        message->deliveries = message_delivery_count(message);
    } else if (is_noted(judge, message)) {
        message->deliveries = judge->noted_count;
        judge->noted_tag = message->tag;
    }
    decide(judge, message);
}

bool judge_is_waited_for(const struct judge *judge)
{
    return judge->tries != NULL;
}

static void withdrawn(void *context, struct broker_message *none)
{
    struct judge *judge = context;

    (void)none;
    tries_free(TAKE(judge->withdrawal));
}

void judge_acquit(struct judge *judge)
{
    tries_free(TAKE(judge->tries));
    if (*judge->noted && !judge->withdrawal)
        judge->withdrawal = tries_withdraw(judge->settings, judge->loop, judge->noted, withdrawn, judge);
    *judge->noted = '\0';
    judge->noted_tag = 0;
}

void judge_acked(struct judge *judge, uint64_t tag, bool all_before)
{
    if (judge->noted_tag != 0 && (all_before ? judge->noted_tag <= tag : judge->noted_tag == tag))
        judge_acquit(judge);
}

void judge_forget(struct judge *judge)
{
    tries_free(TAKE(judge->tries));
    judge->noted_tag = 0;
}

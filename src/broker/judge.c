#include "broker/judge.h"

#include "base/memory.h"

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

static void counted(void *context, struct broker_message *message)
{
    struct judge *judge = context;

    tries_free(TAKE(judge->tries));
    decide(judge, message);
}

/* What a classic queue gives as the number of deliveries is what the producer wrote there. A queue of unknown
   kind is believed: to set a message aside needlessly is better than to have it dropped. On probation there
   is one message at a time, so none comes while another waits. */
void judge_message(struct judge *judge, struct broker_message *message)
{
    if (judge->type != QUEUE_CLASSIC && message->redelivered)
        message->deliveries = message_delivery_count(message);
    else if (!judge->tries && probation_may_suspect(&judge->probation, message)) {
        judge->tries = tries_count(judge->settings, judge->loop, message, counted, judge);
        if (judge->tries)
            return;
    }
    decide(judge, message);
}

void judge_forget(struct judge *judge)
{
    tries_free(TAKE(judge->tries));
}

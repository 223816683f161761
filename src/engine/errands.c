#include "engine/errands.h"

#include "base/log.h"

void errands_init(struct errands *errands, struct outlet *outlet, const struct errand_handlers *handlers)
{
    errands->outlet = outlet;
    errands->handlers = *handlers;
    ledger_init(&errands->ledger);
}

void errands_deinit(struct errands *errands)
{
    mirror_deinit(&errands->mirror);
    ledger_deinit(&errands->ledger);
}

/* ---- the mirror's ---- */

static void mirror_replied(struct errands *errands, enum synapse_kind kind, struct synapse_reply *reply)
{
    struct subject *subject;

    outlet_answered(errands->outlet, kind, reply, errands->mirror.asked_at);
    if (mirror_answered(&errands->mirror, kind, reply, instant_now()))
        while ((subject = mirror_release(&errands->mirror)))
            errands->handlers.woken(errands->handlers.context, subject);
    errands->handlers.done(errands->handlers.context);
}

static void position_came(void *context, struct synapse_reply *reply)
{
    mirror_replied(context, SYNAPSE_READ_POSITION, reply);
}

static void changes_came(void *context, struct synapse_reply *reply)
{
    mirror_replied(context, SYNAPSE_READ_CHANGES, reply);
}

static void joined_came(void *context, struct synapse_reply *reply)
{
    mirror_replied(context, SYNAPSE_READ_JOINED, reply);
}

static void mark_left(void *context, struct synapse_reply *reply)
{
    mirror_replied(context, SYNAPSE_MARK_ROOM, reply);
}

static bool send_for_mirror(struct errands *errands, instant now, instant *ret_at)
{
    static void (*const came[SYNAPSE_KINDS])(void *context, struct synapse_reply *reply) = {
        [SYNAPSE_READ_POSITION] = position_came,
        [SYNAPSE_READ_CHANGES] = changes_came,
        [SYNAPSE_READ_JOINED] = joined_came,
        [SYNAPSE_MARK_ROOM] = mark_left,
    };
    struct synapse_call call;

    if (!mirror_next(&errands->mirror, now, &call, ret_at))
        return false;
    mirror_sent(&errands->mirror, &call, now);
    outlet_send(errands->outlet, &call, came[call.kind], errands);
    return true;
}

/* ---- the ledger's ---- */

static bool serves(struct errands *errands, const struct flight *flight)
{
    instant as_of = errands->handlers.as_of(errands->handlers.context, flight->subject);

    return ledger_known(&errands->ledger, as_of) != NULL;
}

static void answer(struct errands *errands, struct flight *flight, const struct synapse_reply *reply)
{
    struct synapse_reply own = *reply;

    own.records = errands->ledger.records; /* still the ledger's */
    errands->handlers.answered(errands->handlers.context, flight, &own);
}

void errands_ask(struct errands *errands, struct flight *flight)
{
    const struct synapse_reply known = {.outcome = SYNAPSE_OK, .retry_after = -1};

    if (flight->call.kind == SYNAPSE_WRITE_RECORDS || !serves(errands, flight))
        ledger_add(&errands->ledger, flight, flight->sent);
    else
        answer(errands, flight, &known);
}

static void records_came(void *context, struct synapse_reply *reply)
{
    struct errands *errands = context;
    enum synapse_kind kind = errands->ledger.served->call.kind;
    struct flight *flight;

    outlet_answered(errands->outlet, kind, reply, errands->ledger.asked_at);
    ledger_answered(&errands->ledger, kind, reply, errands->handlers.lease_since(errands->handlers.context));
    if (reply->outcome != SYNAPSE_OK)
        log_debug("call-failed", LOG_TEXT("call", synapse_kind_name(kind)),
                  LOG_TEXT("problem", reply->problem.text));
    while ((flight = ledger_release(&errands->ledger)))
        if (reply->outcome != SYNAPSE_OK || kind == SYNAPSE_WRITE_RECORDS || serves(errands, flight))
            answer(errands, flight, reply);
        else
            errands->handlers.answered(errands->handlers.context, flight, NULL);
    errands->handlers.done(errands->handlers.context);
}

bool errands_send(struct errands *errands, bool quiet, instant *ret_at, const struct subject **ret_asker)
{
    instant now = instant_now(), ledger_at;
    struct synapse_call call;

    *ret_asker = NULL;
    if (send_for_mirror(errands, now, ret_at))
        return true;
    if (!ledger_next(&errands->ledger, quiet, now, &call, &ledger_at)) {
        *ret_at = instant_min(*ret_at, ledger_at);
        return false;
    }
    *ret_asker = errands->ledger.served->subject;
    outlet_send(errands->outlet, &call, records_came, errands);
    return true;
}

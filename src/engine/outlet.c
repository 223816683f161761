#include "engine/outlet.h"

enum { RECENT = 60 * 1000 /* ms within which a success tells that the homeserver is well */ };

void outlet_init(struct outlet *outlet, const struct engine_homeserver *homeserver,
                 const struct engine_config *config)
{
    *outlet =
        (struct outlet){.homeserver = *homeserver, .last_answer = INSTANT_PAST, .last_write = INSTANT_PAST};
    gate_init(&outlet->gate);
    pace_init(&outlet->pace, config->concurrency, config->paces);
    rest_init(&outlet->rest);
    restraint_init(&outlet->restraint);
    for (size_t i = 0; i < SYNAPSE_KINDS; i++)
        outlet->kinds[i] = (struct outlet_kind){.succeeded = INSTANT_PAST};
}

unsigned outlet_width(const struct outlet *outlet)
{
    return gate_width(&outlet->gate, rest_width(&outlet->rest, pace_calls(&outlet->pace)));
}

bool outlet_is_free(struct outlet *outlet, instant *ret_at)
{
    instant now = instant_now();

    *ret_at = INSTANT_NEVER;
    if (!outlet->ready)
        return false;
    if (!gate_lets_through(&outlet->gate, now, ret_at))
        return false;
    *ret_at = instant_max(outlet->restraint.paid_till, outlet->rest.until);
    if (now < *ret_at)
        return false;
    *ret_at = INSTANT_NEVER;
    return outlet->in_flight < outlet_width(outlet);
}

void outlet_send(struct outlet *outlet, const struct synapse_call *call,
                 void (*done)(void *context, struct synapse_reply *reply), void *context)
{
    instant now = instant_now();

    outlet->in_flight++;
    gate_sent(&outlet->gate, now);
    pace_sent(&outlet->pace, now);
    outlet->homeserver.send(outlet->homeserver.homeserver, call, done, context);
}

/* What is found absent or taken is news, neither success nor failure. */
static void restrain(struct outlet *outlet, const struct synapse_reply *reply, instant now)
{
    switch (reply->outcome) {
    case SYNAPSE_OK:
        restraint_succeeded(&outlet->restraint);
        break;
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
        break;
    case SYNAPSE_REFUSED:
    case SYNAPSE_FAILED:
    case SYNAPSE_LIMITED:
    case SYNAPSE_UNREACHABLE:
    case SYNAPSE_SHUT_OUT:
        restraint_failed(&outlet->restraint, reply->asked_in_vain ? 2 : 1, now);
        break;
    }
}

static void note_success(struct outlet *outlet, enum synapse_kind kind, instant now)
{
    outlet->last_answer = now;
    if (synapse_kind_writes(kind))
        outlet->last_write = now;
}

/* Where others were answered meanwhile, or the homeserver has much to read for it. */
static bool is_its_own_fault(const struct outlet *outlet, enum synapse_kind kind,
                             const struct synapse_reply *reply, instant sent)
{
    return reply->outcome == SYNAPSE_UNREACHABLE &&
           (kind == SYNAPSE_READ_POSITION || outlet->last_answer > sent);
}

void outlet_answered(struct outlet *outlet, enum synapse_kind kind, struct synapse_reply *reply, instant sent)
{
    instant now = instant_now();

    outlet->in_flight--;
    outlet->ended[reply->outcome]++;
    pace_answered(&outlet->pace, kind, reply->outcome, sent, now);
    if (synapse_kind_writes(kind))
        rest_written(&outlet->rest, sent, now);
    restrain(outlet, reply, now);
    if (is_its_own_fault(outlet, kind, reply, sent)) {
        gate_ended(&outlet->gate, sent);
        if (outlet->last_answer > sent)
            reply->outcome = SYNAPSE_FAILED;
        return;
    }
    if (gate_answered(&outlet->gate, reply, sent, now))
        outlet->homeserver.doubt(outlet->homeserver.homeserver, reply->retry_after);
    switch (reply->outcome) {
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
        outlet->kinds[kind] = (struct outlet_kind){.succeeded = now};
        note_success(outlet, kind, now);
        break;
    case SYNAPSE_TAKEN: /* which does not tell whether a free alias may be had */
        note_success(outlet, kind, now);
        break;
    case SYNAPSE_REFUSED:
    case SYNAPSE_FAILED:
    case SYNAPSE_LIMITED:
    case SYNAPSE_UNREACHABLE:
    case SYNAPSE_SHUT_OUT:
        break;
    }
}

bool outlet_serves_others(struct outlet *outlet, enum synapse_kind kind, const struct synapse_reply *reply,
                          const void *subject, instant now)
{
    struct outlet_kind *fares = &outlet->kinds[kind];

    if (reply->outcome == SYNAPSE_FAILED) {
        fares->several = fares->several || (fares->failed && fares->failed != subject);
        fares->failed = subject;
    }
    if (fares->succeeded > now - RECENT)
        return true;
    return !reply->unwilling && !fares->several && outlet->last_write > now - RECENT;
}

const char *outlet_trouble(const struct outlet *outlet)
{
    return outlet->gate.stand == GATE_OPEN ? NULL : outlet->gate.reason.text;
}

bool outlet_is_stuck(const struct outlet *outlet)
{
    return outlet->in_flight == 0 && (!outlet->ready || outlet->gate.stand != GATE_OPEN);
}

#include "engine/wire.h"

enum { RECENT = 60 * 1000 /* ms within which a success tells that the homeserver is well */ };

void wire_init(struct wire *wire, const struct engine_homeserver *homeserver, unsigned concurrency)
{
    *wire = (struct wire){.homeserver = *homeserver,
                          .concurrency = concurrency,
                          .last_answer = INSTANT_PAST,
                          .last_write = INSTANT_PAST};
    gate_init(&wire->gate);
    restraint_init(&wire->restraint);
    for (size_t i = 0; i < SYNAPSE_KINDS; i++)
        wire->kinds[i] = (struct wire_kind){.succeeded = INSTANT_PAST};
}

bool wire_is_free(struct wire *wire, instant *ret_at)
{
    instant now = instant_now();

    *ret_at = INSTANT_NEVER;
    if (!wire->ready)
        return false;
    if (!gate_lets_through(&wire->gate, now, ret_at))
        return false;
    if (now < wire->restraint.paid_till) {
        *ret_at = wire->restraint.paid_till;
        return false;
    }
    return wire->in_flight < gate_width(&wire->gate, wire->concurrency);
}

void wire_send(struct wire *wire, const struct synapse_call *call,
               void (*done)(void *context, struct synapse_reply *reply), void *context)
{
    wire->in_flight++;
    gate_sent(&wire->gate, instant_now());
    wire->homeserver.send(wire->homeserver.homeserver, call, done, context);
}

/* What is found absent or taken is news, neither success nor failure. */
static void restrain(struct wire *wire, const struct synapse_reply *reply, instant now)
{
    switch (reply->outcome) {
    case SYNAPSE_OK:
        restraint_succeeded(&wire->restraint);
        break;
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
        break;
    case SYNAPSE_REFUSED:
    case SYNAPSE_FAILED:
    case SYNAPSE_LIMITED:
    case SYNAPSE_UNREACHABLE:
    case SYNAPSE_SHUT_OUT:
        restraint_failed(&wire->restraint, reply->asked_in_vain ? 2 : 1, now);
        break;
    }
}

static void note_success(struct wire *wire, enum synapse_kind kind, instant now)
{
    wire->last_answer = now;
    if (synapse_kind_writes(kind))
        wire->last_write = now;
}

/* Where others were answered meanwhile, or the homeserver has much to read for it. */
static bool is_its_own_fault(const struct wire *wire, enum synapse_kind kind,
                             const struct synapse_reply *reply, instant sent)
{
    return reply->outcome == SYNAPSE_UNREACHABLE &&
           (kind == SYNAPSE_READ_POSITION || wire->last_answer > sent);
}

void wire_answered(struct wire *wire, enum synapse_kind kind, struct synapse_reply *reply, instant sent)
{
    instant now = instant_now();

    wire->in_flight--;
    restrain(wire, reply, now);
    if (is_its_own_fault(wire, kind, reply, sent)) {
        gate_ended(&wire->gate, sent);
        if (wire->last_answer > sent)
            reply->outcome = SYNAPSE_FAILED;
        return;
    }
    if (gate_answered(&wire->gate, reply, sent, now))
        wire->homeserver.doubt(wire->homeserver.homeserver, reply->retry_after);
    switch (reply->outcome) {
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
        wire->kinds[kind] = (struct wire_kind){.succeeded = now};
        note_success(wire, kind, now);
        break;
    case SYNAPSE_TAKEN: /* which does not tell whether a free alias may be had */
        note_success(wire, kind, now);
        break;
    case SYNAPSE_REFUSED:
    case SYNAPSE_FAILED:
    case SYNAPSE_LIMITED:
    case SYNAPSE_UNREACHABLE:
    case SYNAPSE_SHUT_OUT:
        break;
    }
}

bool wire_serves_others(struct wire *wire, enum synapse_kind kind, const struct synapse_reply *reply,
                        const void *subject, instant now)
{
    struct wire_kind *fares = &wire->kinds[kind];

    if (reply->outcome == SYNAPSE_FAILED) {
        fares->several = fares->several || (fares->failed && fares->failed != subject);
        fares->failed = subject;
    }
    if (fares->succeeded > now - RECENT)
        return true;
    return !reply->unwilling && !fares->several && wire->last_write > now - RECENT;
}

const char *wire_trouble(const struct wire *wire)
{
    return wire->gate.stand == GATE_OPEN ? NULL : wire->gate.reason.text;
}

bool wire_is_stuck(const struct wire *wire)
{
    return wire->in_flight == 0 && (!wire->ready || wire->gate.stand != GATE_OPEN);
}

#include "engine/gate.h"

#include "base/log.h"

enum {
    FIRST_PAUSE = 500,    /* ms for who asks for patience, and does not say for how long */
    LONGEST_PAUSE = 2000, /* ms */
    PATIENCE = 5000,      /* ms: some calls may take minutes, and nobody may be there to answer this one */
};

void gate_init(struct gate *gate)
{
    *gate = (struct gate){.opens = INSTANT_PAST};
}

bool gate_lets_through(const struct gate *gate, instant now, instant *ret_opens)
{
    switch (gate->stand) {
    case GATE_OPEN:
        return true;
    case GATE_TRYING:
        if (now >= gate->opens)
            return true;
        *ret_opens = gate->opens;
        return false;
    case GATE_SHUT:
        *ret_opens = INSTANT_NEVER;
        return false;
    }
    return false;
}

void gate_sent(struct gate *gate, instant now)
{
    gate->under_way++;
    if (gate->stand != GATE_TRYING)
        return;
    gate->tried = true;
    gate->opens = now + PATIENCE;
}

void gate_ended(struct gate *gate, instant sent)
{
    gate->under_way--;
    if (gate->overdue > 0 && sent <= gate->overdue_since)
        gate->overdue--;
}

unsigned gate_width(const struct gate *gate, unsigned most)
{
    return most + (gate->overdue < most ? gate->overdue : most);
}

/* The homeserver asked for patience, and it is not over. */
static bool is_patient(const struct gate *gate, instant now)
{
    return gate->stand != GATE_OPEN && !gate->tried && now < gate->opens;
}

static void shut(struct gate *gate, const struct error *reason, instant now)
{
    if (gate->stand == GATE_OPEN) {
        log_info("homeserver-paused", LOG_TEXT("reason", reason->text));
        gate->shut_since = now;
    }
    if (!is_patient(gate, now))
        gate->opens = now;
    gate->tried = false;
    gate->reason = *reason;
    gate->stand = GATE_SHUT;
}

/* A wish for more patience is granted. */
static void be_patient(struct gate *gate, const struct error *reason, int64_t retry_after, instant now)
{
    int64_t pause;

    if (is_patient(gate, now) && retry_after <= gate->opens - now) {
        gate->stand = GATE_TRYING; /* so it is there: no sign of that is to be waited for */
        return;
    }
    pause = backoff_next(&gate->backoff, FIRST_PAUSE, LONGEST_PAUSE);
    shut(gate, reason, now);
    gate->stand = GATE_TRYING;
    gate->opens = now + (retry_after > pause ? retry_after : pause);
}

static void open_up(struct gate *gate, instant now)
{
    if (gate->stand != GATE_OPEN)
        log_info("homeserver-resumed", LOG_NUMBER("after_ms", now - gate->shut_since));
    gate->stand = GATE_OPEN;
    backoff_reset(&gate->backoff);
}

/* Those that were under way when it shut tell of the same outage. */
static bool is_old_news(const struct gate *gate, instant sent, instant now)
{
    return gate->stand == GATE_SHUT || is_patient(gate, now) ||
           (gate->stand != GATE_OPEN && sent < gate->shut_since);
}

bool gate_answered(struct gate *gate, const struct synapse_reply *reply, instant sent, instant now)
{
    gate_ended(gate, sent);
    if (reply->outcome == SYNAPSE_LIMITED) {
        be_patient(gate, &reply->problem, reply->retry_after, now);
    } else if (reply->outcome == SYNAPSE_UNREACHABLE) {
        if (is_old_news(gate, sent, now))
            return false;
        shut(gate, &reply->problem, now);
        return true;
    } else if (!is_patient(gate, now)) { /* else it was under way before */
        open_up(gate, now);
    }
    return false;
}

void gate_told(struct gate *gate, const struct synapse_sign *sign, instant now)
{
    switch (sign->kind) {
    case SYNAPSE_AWAY:
        shut(gate, &sign->problem, now);
        break;
    case SYNAPSE_BACK:
        if (gate->stand == GATE_SHUT) /* else a call was answered meanwhile, which tells more */
            gate->stand = GATE_TRYING;
        break;
    case SYNAPSE_SLOW:
        gate->overdue = gate->under_way;
        gate->overdue_since = now;
        break;
    case SYNAPSE_BUSY:
        be_patient(gate, &sign->problem, sign->retry_after, now);
        break;
    }
}

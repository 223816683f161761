#include "engine/gate.h"

#include "base/log.h"

enum {
    FIRST_PAUSE = 500,    /* ms after which an unreachable homeserver is asked again */
    LONGEST_PAUSE = 2000, /* ms: a refused connection is cheap */
    SILENCE = 2000,       /* ms after which it is asked how it is */
    LASTING = 10 * 1000,  /* ms after which a homeserver that was away is back for good */
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
        *ret_opens = gate->opens;
        return false;
    case GATE_ASKING:
        *ret_opens = INSTANT_NEVER;
        return false;
    }
    return false;
}

void gate_sent(struct gate *gate, instant now)
{
    if (gate->under_way++ == 0)
        gate->heard_at = now;
    if (gate->stand != GATE_TRYING)
        return;
    gate->tried = true;
    gate->opens = now + PATIENCE;
}

void gate_ended(struct gate *gate, instant sent, instant now)
{
    gate->under_way--;
    gate->heard_at = now;
    if (gate->overdue > 0 && sent <= gate->overdue_since)
        gate->overdue--;
}

unsigned gate_width(const struct gate *gate, unsigned most)
{
    return most + (gate->overdue < most ? gate->overdue : most);
}

static bool is_silent(const struct gate *gate, instant now)
{
    return gate->stand == GATE_OPEN && gate->under_way > gate->overdue && !gate->listening &&
           now >= gate->heard_at + SILENCE;
}

instant gate_next_look(const struct gate *gate)
{
    if (gate->stand == GATE_SHUT)
        return gate->opens;
    if (gate->stand != GATE_OPEN || gate->under_way == gate->overdue || gate->listening)
        return INSTANT_NEVER;
    return gate->heard_at + SILENCE;
}

static void shut(struct gate *gate, const struct synapse_reply *reply, instant now)
{
    int64_t pause = backoff_next(&gate->backoff, FIRST_PAUSE, LONGEST_PAUSE);

    if (gate->stand == GATE_OPEN) {
        log_info("homeserver-paused", LOG_TEXT("reason", reply->problem.text));
        gate->shut_since = now;
    }
    gate->reason = reply->problem;
    if (reply->retry_after > pause)
        pause = reply->retry_after;
    gate->opens = now + pause;
    gate->tried = false;
    gate->was_away = reply->outcome == SYNAPSE_UNREACHABLE;
    gate->stand = gate->was_away ? GATE_SHUT : GATE_TRYING;
}

/* Where some calls are answered and others never, it would shut and open without end. Who asks for patience
   says for how long. */
static void open_up(struct gate *gate, instant now)
{
    if (gate->stand != GATE_OPEN) {
        log_info("homeserver-resumed", LOG_NUMBER("after_ms", now - gate->shut_since));
        gate->opened_at = now;
    }
    gate->stand = GATE_OPEN;
    if (!gate->was_away || now > gate->opened_at + LASTING)
        backoff_reset(&gate->backoff);
}

/* The homeserver asked for patience, and it is not over. */
static bool is_patient(const struct gate *gate, instant now)
{
    return gate->stand == GATE_TRYING && !gate->tried && now < gate->opens;
}

/* Those that were under way when it shut tell of the same outage; but a wish for more patience is granted. */
static bool is_old_news(const struct gate *gate, const struct synapse_reply *reply, instant sent, instant now)
{
    if (gate->stand != GATE_OPEN && reply->outcome == SYNAPSE_UNREACHABLE && sent < gate->shut_since)
        return true;
    switch (gate->stand) {
    case GATE_OPEN:
        return false;
    case GATE_SHUT:
        return reply->outcome == SYNAPSE_UNREACHABLE && now < gate->opens;
    case GATE_ASKING:
        return reply->outcome == SYNAPSE_UNREACHABLE;
    case GATE_TRYING:
        return is_patient(gate, now) && reply->retry_after <= gate->opens - now;
    }
    return false;
}

void gate_answered(struct gate *gate, const struct synapse_reply *reply, instant sent, instant now)
{
    gate_ended(gate, sent, now);
    if (reply->outcome == SYNAPSE_UNREACHABLE || reply->outcome == SYNAPSE_LIMITED) {
        if (!is_old_news(gate, reply, sent, now))
            shut(gate, reply, now);
        return;
    }
    if (is_patient(gate, now))
        return; /* it was under way before */
    open_up(gate, now);
}

bool gate_wants_health(const struct gate *gate, instant now)
{
    return is_silent(gate, now) || (gate->stand == GATE_SHUT && now >= gate->opens);
}

void gate_asked(struct gate *gate)
{
    if (gate->stand == GATE_OPEN)
        gate->listening = true;
    else
        gate->stand = GATE_ASKING;
}

static bool is_well(const struct synapse_reply *reply)
{
    return reply->outcome != SYNAPSE_UNREACHABLE && reply->outcome != SYNAPSE_LIMITED;
}

/* After a silence. All that went through is overdue then; it is not asked again for the same. */
static void hear_in_silence(struct gate *gate, const struct synapse_reply *reply, instant now)
{
    gate->listening = false;
    if (now < gate->heard_at + SILENCE || gate->stand != GATE_OPEN)
        return; /* a call was answered meanwhile, which tells more */
    if (!is_well(reply)) {
        shut(gate, reply, now);
        return;
    }
    gate->overdue = gate->under_way;
    gate->overdue_since = now;
}

void gate_heard(struct gate *gate, const struct synapse_reply *reply, instant now)
{
    if (gate->listening) {
        hear_in_silence(gate, reply, now);
        return;
    }
    if (gate->stand != GATE_ASKING)
        return; /* a call was answered meanwhile, which tells more */
    if (!is_well(reply)) {
        shut(gate, reply, now);
        return;
    }
    gate->stand = GATE_TRYING;
    gate->tried = false;
    gate->opens = now;
}

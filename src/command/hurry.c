#include "command/hurry.h"

static unsigned *count(struct hurry *hurry, const struct broker_delivery *delivery)
{
    return broker_delivery_priority(delivery) > 0 ? &hurry->urgent : &hurry->bulk;
}

void hurry_came(struct hurry *hurry, const struct broker_delivery *delivery)
{
    (*count(hurry, delivery))++;
    hurry_look(hurry);
}

void hurry_gone(struct hurry *hurry, const struct broker_delivery *delivery)
{
    (*count(hurry, delivery))--;
    hurry_look(hurry);
}

void hurry_stop(struct hurry *hurry)
{
    hurry->stops = true;
    hurry_look(hurry);
}

/* Half of the time is over after which everything is given back. */
static bool is_late(const struct hurry *hurry)
{
    int64_t hold = (int64_t)reload_config(hurry->reload)->rabbitmq.hold_seconds * 1000;

    return broker_oldest(hurry->reload->broker) < instant_now() - hold / 2;
}

void hurry_look(const struct hurry *hurry)
{
    bool rests = hurry->bulk > 0 && hurry->urgent == 0 && !hurry->stops && !is_late(hurry);

    engine_set_rest(hurry->reload->engine, rests ? reload_config(hurry->reload)->sync.bulk_rest : 0);
}

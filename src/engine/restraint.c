#include "engine/restraint.h"

void restraint_init(struct restraint *restraint)
{
    *restraint = (struct restraint){.paid_till = INSTANT_PAST};
}

void restraint_failed(struct restraint *restraint, unsigned requests, instant now)
{
    instant saved_till = now - (int64_t)RESTRAINT_AT_ONCE * RESTRAINT_PRICE;

    restraint->paid_till =
        instant_max(restraint->paid_till, saved_till) + (int64_t)requests * RESTRAINT_PRICE;
}

void restraint_succeeded(struct restraint *restraint)
{
    if (restraint->paid_till != INSTANT_PAST)
        restraint->paid_till -= RESTRAINT_PRICE;
}

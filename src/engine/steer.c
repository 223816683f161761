/* What can be changed while the engine runs. */
#include "engine/driver.h"

void engine_set_concurrency(struct engine *engine, unsigned concurrency)
{
    pace_set_most(&engine->outlet.pace, concurrency);
    loop_timer_set(&engine->soon, instant_now()); /* there may be free slots now */
}

void engine_set_mas(struct engine *engine, bool mas)
{
    engine->config.rules.mas = mas;
}

void engine_set_rest(struct engine *engine, unsigned factor)
{
    if (factor == engine->outlet.rest.factor)
        return;
    rest_set_factor(&engine->outlet.rest, factor);
    loop_timer_set(&engine->soon, instant_now()); /* a rest may be over */
}

void engine_set_removals_per_hour(struct engine *engine, unsigned most)
{
    brake_set_most(&engine->brake, most);
}

/* What can be said of the engine as a whole, to people and to monitors: nothing in here changes what it does.
 */
#include "engine/driver.h"

void engine_say_held(struct engine *engine, const char *trouble)
{
    held_look(&engine->held, engine->messages, trouble ? trouble : outlet_trouble(&engine->outlet),
              instant_now());
}

bool engine_is_stuck(const struct engine *engine)
{
    return outlet_is_stuck(&engine->outlet);
}

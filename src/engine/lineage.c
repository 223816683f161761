#include "engine/lineage.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void lineage_deinit(struct lineage *lineage)
{
    for (size_t i = 0; i < lineage->count; i++)
        free(lineage->rooms[i]);
    free(lineage->rooms);
    free(lineage->next);
    *lineage = (struct lineage){.count = 0};
}

static struct action step(struct plan *plan, enum synapse_kind kind, const char *room, const char *alias)
{
    const struct synapse_call call = {.kind = kind, .room = room, .alias = alias};

    return plan_step(plan, &call);
}

/* NULL: the line is known to its end. */
static const char *next_of(const struct lineage *lineage, const char *predecessor)
{
    return lineage->begun ? lineage->next : predecessor;
}

bool lineage_is_over(const struct lineage *lineage, const char *predecessor)
{
    return !next_of(lineage, predecessor) && lineage->count == 0;
}

struct action lineage_next(struct plan *plan, const struct lineage *lineage, const char *alias,
                           const char *predecessor)
{
    const char *next = next_of(lineage, predecessor);
    const char *oldest = lineage->count > 0 ? lineage->rooms[lineage->count - 1] : NULL;

    if (next)
        return step(plan, lineage->stateless ? SYNAPSE_READ_ROOM : SYNAPSE_READ_CREATION, next, alias);
    if (!oldest)
        return (struct action){.kind = ACTION_NONE};
    if (!lineage->deleting)
        return step(plan, SYNAPSE_DELETE_ROOM, oldest, alias);
    if (plan->now >= lineage->look_again)
        return step(plan, SYNAPSE_READ_DELETION, oldest, alias);
    plan_wait(plan, lineage->look_again);
    return plan_rest(plan);
}

/* Rooms may be said to have been upgraded in a circle. */
static bool is_known(const struct lineage *lineage, const char *room)
{
    for (size_t i = 0; i < lineage->count; i++)
        if (strcmp(lineage->rooms[i], room) == 0)
            return true;
    return false;
}

/* That room is ours, and the one before it is looked at next; `predecessor`: NULL: there is none. */
static void add(struct lineage *lineage, const char *room, const char *predecessor)
{
    bool is_last;

    if (!lineage->rooms)
        lineage->rooms = memory_new(LINEAGE_MOST, sizeof(char *));
    if (!is_known(lineage, room))
        lineage->rooms[lineage->count++] = text_copy(room);
    is_last = !predecessor || is_known(lineage, predecessor) || lineage->count == LINEAGE_MOST;
    free(lineage->next);
    lineage->next = is_last ? NULL : text_copy(predecessor);
    lineage->stateless = false;
}

static void end(struct lineage *lineage)
{
    free(lineage->next);
    lineage->next = NULL;
    lineage->stateless = false;
}

static bool is_ours(const struct room_state *creation, const char *alias, const struct engine_rules *rules)
{
    return rules_is_ours(rules, creation->creator) && !creation->made_to_welcome &&
           (!creation->made_for_alias || text_equal(creation->made_for_alias, alias));
}

static void learn_creation(struct lineage *lineage, const char *room, const struct synapse_call *call,
                           const struct room_state *creation, const struct engine_rules *rules)
{
    if (creation->creator && is_ours(creation, call->alias, rules)) {
        add(lineage, call->room, text_equal(creation->predecessor, room) ? NULL : creation->predecessor);
    } else if (creation->creator) {
        end(lineage);
    } else {
        free(lineage->next);
        lineage->next = text_copy(call->room);
        lineage->stateless = true;
    }
}

bool lineage_learn(struct lineage *lineage, const char *room, const struct news *news)
{
    const struct synapse_call *call = news->call;
    const struct synapse_reply *reply = news->reply;
    bool absent = news_of_absence(news), over;

    lineage->begun = true;
    if (call->kind == SYNAPSE_READ_CREATION && !absent) {
        learn_creation(lineage, room, call, reply->state, news->rules);
    } else if (call->kind == SYNAPSE_READ_ROOM && !absent &&
               rules_is_ours(news->rules, reply->room.creator)) {
        add(lineage, call->room, NULL);
    } else if (call->kind == SYNAPSE_DELETE_ROOM) {
        lineage->deleting = true;
        lineage->deleting_since = news->now;
        lineage->look_again = plan_first_look(0, news->now);
    } else if (call->kind == SYNAPSE_READ_DELETION) {
        over = !news_of_deletion(news, lineage->deleting_since);
        lineage->look_again = plan_next_look(lineage->deleting_since, news->now);
        if (over)
            lineage_deinit(lineage); /* all are asked again, since only they know */
        return !over;
    } else {
        end(lineage);
    }
    return true;
}

#include "engine/assumed.h"

#include "base/memory.h"
#include "engine/assumed_reads.h"

#include <stdlib.h>
#include <utlist.h>

/* A call that is to be answered. */
struct assumed_call {
    struct assumed *assumed;
    struct assumed_call *prev, *next;
    struct synapse_call call; /* of which only what follows outlives the sending */
    char *user, *room, *alias;
    void (*done)(void *context, struct synapse_reply *reply);
    void *context;
    struct synapse_reply reply; /* once it is known */
};

struct assumed {
    struct engine_homeserver real;
    struct assumed_world world;
    struct assumed_call *asked; /* of the real homeserver */
    struct assumed_call *answered;
    struct loop_timer timer; /* to say so */
};

/* ---- calls ---- */

static struct assumed_call *new_call(struct assumed *assumed, const struct synapse_call *call,
                                     void (*done)(void *context, struct synapse_reply *reply), void *context)
{
    struct assumed_call *copy = NEW(struct assumed_call);

    *copy = (struct assumed_call){.assumed = assumed,
                                  .user = text_copy(call->user),
                                  .room = text_copy(call->room),
                                  .alias = text_copy(call->alias),
                                  .done = done,
                                  .context = context};
    copy->call = (struct synapse_call){
        .kind = call->kind, .user = copy->user, .room = copy->room, .alias = copy->alias, .bare = call->bare};
    return copy;
}

static void free_call(struct assumed_call *call)
{
    synapse_reply_deinit(&call->reply);
    free(call->user);
    free(call->room);
    free(call->alias);
    free(call);
}

static void say_answers(void *context)
{
    struct assumed *assumed = context;
    struct assumed_call *list = assumed->answered, *call;

    assumed->answered = NULL; /* what is answered now may bring further ones */
    while ((call = list)) {
        DL_DELETE(list, call);
        call->done(call->context, &call->reply);
        free_call(call);
    }
}

/* From the loop, for that is what engines are used to. */
static void answer_later(struct assumed_call *call)
{
    DL_APPEND(call->assumed->answered, call);
    loop_timer_set(&call->assumed->timer, instant_now());
}

/* ---- what is asked of the real homeserver ---- */

static void ask(struct assumed_call *call, const struct synapse_call *question,
                void (*heard)(void *context, struct synapse_reply *reply))
{
    struct assumed *assumed = call->assumed;

    DL_APPEND(assumed->asked, call);
    assumed->real.send(assumed->real.homeserver, question, heard, call);
}

static void heard(void *context, struct synapse_reply *reply)
{
    struct assumed_call *call = context;

    DL_DELETE(call->assumed->asked, call);
    assumed_amend(&call->assumed->world, &call->call, reply);
    call->done(call->context, reply);
    free_call(call);
}

/* Makes what createRoom would have answered of what was answered about the alias of a welcome room: the
   engine has not looked, since createRoom itself would tell. */
static void make_welcome_room(struct assumed_call *call, struct synapse_reply *reply)
{
    bool is_free = reply->outcome == SYNAPSE_ABSENT;

    if (!is_free && reply->outcome != SYNAPSE_OK)
        return; /* why it is not known is told as it is */
    synapse_reply_deinit(reply);
    reply->outcome = SYNAPSE_TAKEN;
    if (is_free)
        assumed_write(&call->assumed->world, &call->call, reply);
}

static void heard_of_alias(void *context, struct synapse_reply *reply)
{
    struct assumed_call *call = context;
    struct synapse_call look_up = {.kind = SYNAPSE_RESOLVE_ALIAS, .user = call->user, .alias = call->alias};

    DL_DELETE(call->assumed->asked, call);
    assumed_amend(&call->assumed->world, &look_up, reply);
    make_welcome_room(call, reply);
    call->done(call->context, reply);
    free_call(call);
}

static void ask_for_alias(struct assumed_call *call)
{
    struct synapse_call look_up = {.kind = SYNAPSE_RESOLVE_ALIAS, .user = call->user, .alias = call->alias};

    if (!assumed_read(&call->assumed->world, &look_up, &call->reply)) {
        ask(call, &look_up, heard_of_alias);
        return;
    }
    make_welcome_room(call, &call->reply);
    answer_later(call);
}

/* ---- from the engine ---- */

static void send_call(void *homeserver, const struct synapse_call *call,
                      void (*done)(void *context, struct synapse_reply *reply), void *context)
{
    struct assumed *assumed = homeserver;
    struct assumed_call *own = new_call(assumed, call, done, context);
    struct synapse_call question = *call;

    if (call->kind == SYNAPSE_CREATE_WELCOME_ROOM) {
        ask_for_alias(own);
    } else if (synapse_kind_writes(call->kind)) {
        assumed_write(&assumed->world, call, &own->reply);
        answer_later(own);
    } else if (assumed_read(&assumed->world, call, &own->reply)) {
        answer_later(own);
    } else {
        question.kind = assumed_question(&assumed->world, call);
        ask(own, &question, heard);
    }
}

static void doubt(void *homeserver, int64_t retry_after)
{
    struct assumed *assumed = homeserver;

    assumed->real.doubt(assumed->real.homeserver, retry_after);
}

struct engine_homeserver assumed_homeserver(struct assumed *assumed)
{
    return (struct engine_homeserver){.homeserver = assumed, .send = send_call, .doubt = doubt};
}

struct assumed *assumed_new(const struct engine_homeserver *real, const struct engine_rules *rules,
                            struct loop *loop)
{
    struct assumed *assumed = NEW(struct assumed);

    assumed->real = *real;
    assumed->world.rules = *rules;
    loop_timer_init(&assumed->timer, loop, say_answers, assumed);
    return assumed;
}

static void free_all(struct assumed_call *list)
{
    struct assumed_call *call, *next;

    DL_FOREACH_SAFE (list, call, next)
        free_call(call);
}

void assumed_free(struct assumed *assumed)
{
    if (!assumed)
        return;
    loop_timer_stop(&assumed->timer);
    free_all(assumed->asked);
    free_all(assumed->answered);
    assumed_world_deinit(&assumed->world);
    free(assumed);
}

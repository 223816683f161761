#include "engine/simulation/stage.h"

#include "base/memory.h"
#include "engine/simulation/watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_BODY = 1 << 16, LONGEST_RUN = 3600000 /* ms */ };

struct request *stage_request(const struct stage *stage, const struct letter *letter)
{
    const struct request_rules rules = {.server_name = stage->world->rules.server_name,
                                        .sync_user = stage->world->rules.sync_user,
                                        .largest_body = LONGEST_BODY};
    struct request_complaint complaint;
    struct request *request = request_parse(letter->text, strlen(letter->text), &rules, &complaint);

    if (!request)
        world_accuse(stage->world, "no request: %s: %s", letter->text, complaint.detail.text);
    return request;
}

/* ---- the homeserver ---- */

static void free_transit(struct transit *transit)
{
    free(transit->welcome);
    free(transit->password);
    free(transit->position);
    free(transit->room);
    free(transit->subject);
    synapse_reply_deinit(&transit->reply);
}

static void carry_out_transit(struct stage *stage, struct transit *transit)
{
    if (transit->carried_out || stage->crashed)
        return;
    if (stage->crash_in == 1) {
        stage->crashed = true;
        loop_stop(stage->loop);
        homeserver_answer_so(&stage->homeserver, &transit->call, stage->crash_fate, &transit->reply);
    } else {
        homeserver_answer(&stage->homeserver, &transit->call, &transit->reply);
    }
    stage->crash_in -= stage->crash_in > 0;
    transit->carried_out = true;
}

static void schedule_answer(struct stage *stage)
{
    if (stage->transit_count > 0 && !loop_timer_is_set(&stage->answers))
        loop_timer_set(&stage->answers, instant_now() + chance_below(30));
}

static void stage_send(void *context, const struct synapse_call *call,
                       void (*done)(void *context, struct synapse_reply *reply), void *done_context)
{
    struct stage *stage = context;
    struct transit *transit;

    watch_call(stage, call);
    stage->calls++;
    if (stage->transit_count == STAGE_MOST_CALLS)
        abort();
    transit = &stage->transits[stage->transit_count++];
    *transit = (struct transit){.call = *call, .done = done, .context = done_context};
    transit->call.welcome = transit->welcome = text_copy(call->welcome);
    transit->call.password = transit->password = text_copy(call->password);
    transit->call.position = transit->position = text_copy(call->position);
    transit->call.room = transit->room = text_copy(call->room);
    transit->subject = text_copy(watch_subject(call));
    transit->sent = instant_now();
    if (chance_percent(50))
        carry_out_transit(stage, transit);
    if (stage->most_calls < stage->transit_count)
        stage->most_calls = (unsigned)stage->transit_count;
    schedule_answer(stage);
}

static void stage_doubt(void *context, int64_t retry_after)
{
    struct stage *stage = context;

    stage->away = true;
    loop_timer_set(&stage->pulse, instant_now() + (retry_after > 0 ? retry_after : 0) + chance_below(500));
}

static void pulse_due(void *context)
{
    struct stage *stage = context;
    struct synapse_sign sign = {.kind = SYNAPSE_BACK, .retry_after = -1};

    stage->away = homeserver_is_away(&stage->homeserver);
    if (stage->away) {
        sign.kind = SYNAPSE_AWAY;
        loop_timer_set(&stage->pulse, instant_now() + chance_below(2000));
    }
    engine_told(stage->engine, &sign);
}

/* Sooner than the pulse tells. */
static void hear_life(struct stage *stage, const struct synapse_reply *reply)
{
    if (reply->outcome == SYNAPSE_UNREACHABLE)
        return;
    stage->away = false;
    if (loop_timer_is_set(&stage->pulse))
        loop_timer_set(&stage->pulse, instant_now());
}

static void set_session(struct stage *stage, bool ready)
{
    stage->ready = ready;
    engine_set_ready(stage->engine, ready);
}

static void session_due(void *context)
{
    set_session(context, true);
}

static void answers_due(void *context)
{
    struct stage *stage = context;
    size_t which = chance_below((unsigned)stage->transit_count);
    struct transit transit;

    carry_out_transit(stage, &stage->transits[which]);
    if (stage->crashed)
        return;
    transit = stage->transits[which];
    stage->transits[which] = stage->transits[--stage->transit_count];
    if (transit.reply.outcome == SYNAPSE_LIMITED)
        stage->closed_until = instant_max(stage->closed_until, instant_now() + transit.reply.retry_after);
    if (transit.reply.outcome == SYNAPSE_SHUT_OUT) {
        set_session(stage, false);
        loop_timer_set(&stage->session, instant_now() + chance_below(5000));
    }
    watch_answer(stage, &transit.call, &transit.reply);
    watch_rest(stage, &transit);
    hear_life(stage, &transit.reply);
    transit.done(transit.context, &transit.reply);
    free_transit(&transit);
    schedule_answer(stage);
}

/* ---- the queue ---- */

void stage_acknowledge(struct stage *stage, struct letter *letter)
{
    struct engine_message *message = letter->message;

    letter->message = NULL;
    letter->gone = true;
    stage->gone++;
    world_note(stage->world, "acknowledged: %zu", (size_t)(letter - stage->letters));
    engine_leave(stage->engine, message);
    if (stage->gone == stage->letter_count)
        loop_stop(stage->loop);
}

static void deliver(struct stage *stage, struct letter *letter)
{
    struct request *request = stage_request(stage, letter);

    if (!request)
        return;
    letter->ended = false;
    letter->deliveries++;
    letter->delivered_at = instant_now();
    world_note(stage->world, "delivered: %zu %s", (size_t)(letter - stage->letters), letter->text);
    letter->message = engine_submit(stage->engine, request, letter);
}

void stage_lose_connection(struct stage *stage)
{
    world_note(stage->world, "connection lost");
    stage->lease_since = instant_now();
    for (size_t i = 0; i < stage->delivered; i++) {
        struct engine_message *message = stage->letters[i].message;

        stage->letters[i].message = NULL;
        if (message)
            engine_leave(stage->engine, message);
    }
    for (size_t i = 0; i < stage->delivered; i++)
        if (!stage->letters[i].gone)
            deliver(stage, &stage->letters[i]);
}

static void stage_ended(void *context, struct engine_message *message, const struct engine_verdict *verdict)
{
    struct stage *stage = context;
    struct letter *letter = engine_owner(message);

    if (letter->ended)
        world_accuse(stage->world, "a message ends twice");
    letter->ended = true;
    letter->ended_at = instant_now();
    letter->rejected = verdict->rejected;
    letter->code = verdict->code;
    letter->requests = verdict->requests;
    (void)snprintf(letter->detail, sizeof(letter->detail), "%s", verdict->detail);
    (void)snprintf(letter->warnings, sizeof(letter->warnings), "%s", verdict->warnings);
    world_note(stage->world, "ended: %zu %s %s", (size_t)(letter - stage->letters),
               verdict->rejected ? request_code_name(verdict->code) : "done", verdict->detail);
    if (stage->losses > 0 && chance_percent(5)) {
        stage->losses--;
        stage_lose_connection(stage); /* the acknowledgement found it broken */
    } else if (stage->acks_at_once || chance_percent(50)) {
        stage_acknowledge(stage, letter);
    }
}

static void stage_changed(void *context, struct engine_message *message, const struct engine_deed *deed)
{
    struct stage *stage = context;

    if (stage->changed)
        stage->changed(stage, message, deed);
}

static instant lease_since(void *context)
{
    const struct stage *stage = context;

    return stage->out_of_touch ? INSTANT_NEVER : stage->lease_since;
}

static const char *lease_doubt(void *context)
{
    const struct stage *stage = context;

    return stage->out_of_touch ? "out of touch" : NULL;
}

static void acknowledge_some(struct stage *stage)
{
    for (size_t i = 0; i < stage->delivered; i++)
        if (stage->letters[i].message && stage->letters[i].ended && chance_percent(50))
            stage_acknowledge(stage, &stage->letters[i]);
}

void stage_set_rest(struct stage *stage, unsigned factor)
{
    stage->rest = factor;
    if (factor == 0)
        stage->rests_until = INSTANT_PAST;
    engine_set_rest(stage->engine, factor);
}

static void queue_due(void *context)
{
    struct stage *stage = context;

    acknowledge_some(stage);
    while (stage->all_at_once && stage->delivered < stage->letter_count)
        deliver(stage, &stage->letters[stage->delivered++]);
    if (stage->delivered < stage->letter_count)
        deliver(stage, &stage->letters[stage->delivered++]);
    if (stage->losses > 0 && chance_percent(10)) {
        stage->losses--;
        stage_lose_connection(stage);
    }
    if (stage->hurries && chance_percent(30))
        stage_set_rest(stage, chance_percent(50) ? chance_below(11) : 0);
    for (; stage->deeds > 0 && chance_percent(60); stage->deeds--)
        others_act(stage->world);
    if (stage->gone < stage->letter_count)
        loop_timer_set(&stage->queue, instant_now() + chance_below(chance_percent(80) ? 10 : 1000));
}

void stage_post(struct stage *stage, const char *format, ...)
{
    struct buffer text;
    va_list arguments;
    char body[4096];

    va_start(arguments, format);
    (void)vsnprintf(body, sizeof(body), format, arguments);
    va_end(arguments);
    buffer_init(&text, sizeof(body));
    for (char *c = body; *c; c++) /* ' is easier to write than " */
        (void)buffer_append_text(&text, *c == '\'' ? "\"" : (char[]){*c, '\0'});
    stage->letters[stage->letter_count++] = (struct letter){.stage = stage, .text = buffer_take(&text)};
}

/* ---- the whole ---- */

static void deadline_due(void *context)
{
    struct stage *stage = context;

    stage->stuck = true;
    loop_stop(stage->loop);
}

static void start_daemon(struct stage *stage)
{
    const struct engine_config config = {.rules = stage->world->rules,
                                         .concurrency = stage->concurrency,
                                         .paces = stage->paces,
                                         .mirrors = stage->mirrors,
                                         .most_memory = stage->most_memory,
                                         .removals_per_hour = stage->removals_per_hour,
                                         .ended = stage_ended,
                                         .changed = stage_changed,
                                         .lease_since = lease_since,
                                         .lease_doubt = lease_doubt,
                                         .context = stage};
    const struct engine_homeserver homeserver = {
        .homeserver = stage, .send = stage_send, .doubt = stage_doubt};

    struct engine_homeserver between;

    stage->lease_since = instant_now();
    if (stage->assumes)
        stage->assumed = assumed_new(&homeserver, &stage->world->rules, stage->loop);
    between = stage->assumes ? assumed_homeserver(stage->assumed) : homeserver;
    stage->engine = engine_new(&config, &between, stage->loop);
}

void stage_init(struct stage *stage, struct world *world, unsigned concurrency)
{
    struct error error;

    *stage = (struct stage){.world = world,
                            .homeserver = {.world = world},
                            .concurrency = concurrency,
                            .rests_until = INSTANT_PAST};
    stage->loop = loop_new(&error);
    if (!stage->loop)
        abort();
    world->lenient = true;
    start_daemon(stage);
    loop_timer_init(&stage->answers, stage->loop, answers_due, stage);
    loop_timer_init(&stage->queue, stage->loop, queue_due, stage);
    loop_timer_init(&stage->session, stage->loop, session_due, stage);
    loop_timer_init(&stage->pulse, stage->loop, pulse_due, stage);
    loop_timer_init(&stage->deadline, stage->loop, deadline_due, stage);
}

static void kill_daemon(struct stage *stage)
{
    engine_free(stage->engine);
    stage->rest = 0;
    stage->rests_until = stage->closed_until = INSTANT_PAST; /* a new one has not heard of it */
    loop_timer_stop(&stage->answers);
    loop_timer_stop(&stage->queue);
    loop_timer_stop(&stage->session);
    loop_timer_stop(&stage->pulse);
    loop_timer_stop(&stage->deadline);
    for (size_t i = 0; i < stage->transit_count; i++)
        free_transit(&stage->transits[i]);
    stage->transit_count = 0;
    assumed_free(stage->assumed);
    stage->assumed = NULL;
}

void stage_use_mirror(struct stage *stage, size_t most_memory)
{
    kill_daemon(stage);
    stage->mirrors = true;
    stage->most_memory = most_memory;
    start_daemon(stage);
}

void stage_use_pace(struct stage *stage)
{
    kill_daemon(stage);
    stage->paces = true;
    start_daemon(stage);
}

void stage_use_brake(struct stage *stage, unsigned removals_per_hour)
{
    kill_daemon(stage);
    stage->removals_per_hour = removals_per_hour;
    start_daemon(stage);
}

void stage_only_assume(struct stage *stage)
{
    kill_daemon(stage);
    stage->assumes = true;
    stage->world->rules.resolve_first = true; /* as assumed_new() asks for */
    start_daemon(stage);
}

void stage_deinit(struct stage *stage)
{
    kill_daemon(stage);
    loop_free(stage->loop);
    for (size_t i = 0; i < stage->letter_count; i++)
        free(stage->letters[i].text);
}

void stage_restart(struct stage *stage)
{
    kill_daemon(stage);
    world_note(stage->world, "killed and started anew");
    stage->ready = stage->crashed = stage->away = false;
    start_daemon(stage);
    for (size_t i = 0; i < stage->delivered; i++)
        if (!stage->letters[i].gone)
            deliver(stage, &stage->letters[i]);
}

static void start(struct stage *stage, int64_t limit)
{
    stage->stuck = false;
    if (stage->gone == stage->letter_count)
        return;
    loop_timer_set(&stage->deadline, instant_now() + limit);
    loop_timer_set(&stage->queue, instant_now());
    if (!stage->ready && !loop_timer_is_set(&stage->session))
        set_session(stage, true);
    loop_run(stage->loop);
    loop_timer_stop(&stage->deadline);
}

bool stage_run(struct stage *stage, int64_t limit)
{
    start(stage, limit);
    if (stage->stuck)
        world_accuse(stage->world, "there is no end");
    return !stage->stuck;
}

void stage_run_for(struct stage *stage, int64_t milliseconds)
{
    start(stage, milliseconds);
}

bool stage_run_and_crash(struct stage *stage, unsigned crash_in, enum fate crash_fate)
{
    stage->crash_in = crash_in;
    stage->crash_fate = crash_fate;
    start(stage, LONGEST_RUN);
    stage->crash_in = 0;
    return stage->crashed;
}

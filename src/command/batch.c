#include "command/batch.h"

#include "base/log.h"
#include "base/memory.h"
#include "command/progress.h"
#include "command/requests_file.h"
#include "command/setup.h"
#include "engine/assumed.h"
#include "loop/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
    LOOK = 200,                  /* ms between looks at how things are */
    HELD_LOOK = 1000,            /* ms between looks at what is held */
    PATIENCE = 10 * 1000,        /* ms for the homeserver to be there at the beginning */
    MOST_BYTES = 4 * 1024 * 1024 /* of the requests under way; they weigh more in memory */
};

struct batch {
    const struct config *config;
    const struct command_options *options;
    const struct batch_manner *manner;
    char *sync_user;
    struct request_rules rules;
    struct requests_file file;
    struct request_split split; /* what of the file is still to come */
    struct account account;
    struct progress progress;

    struct loop *loop;
    struct signals signals;
    struct http *http;
    struct synapse *synapse;
    struct assumed *assumed; /* NULL: writes are written */
    struct engine *engine;
    struct loop_timer feed, look;

    size_t count, given; /* requests in all, and so many of the first are with the engine, or were */
    size_t bytes;        /* of those that are under way */
    instant began, looked_at;
    bool was_ready;
    instant drain_end;   /* INSTANT_NEVER: not draining */
    struct error reason; /* why it ends early; "" for none */
};

/* ---- the end ---- */

static void end(struct batch *batch)
{
    loop_stop(batch->loop);
}

static void end_early(struct batch *batch, const char *why)
{
    const char *trouble = synapse_trouble(batch->synapse);

    if (!batch->reason.text[0])
        (void)error_set(&batch->reason, trouble ? "%s: %s" : "%s", why, trouble);
    end(batch);
}

static size_t under_way(const struct batch *batch)
{
    return batch->given - batch->account.ended;
}

/* ---- requests ---- */

static bool has_room(const struct batch *batch, size_t size)
{
    if (batch->manner->foresees || under_way(batch) == 0)
        return true;
    return under_way(batch) < batch->config->rabbitmq.prefetch && batch->bytes + size <= MOST_BYTES;
}

static void give(struct batch *batch, struct request *request, const struct request_part *part)
{
    struct account_entry *entry = account_open(&batch->account, requests_file_place(part), request);

    entry->size = part->size;
    batch->given++;
    batch->bytes += part->size;
    (void)engine_submit(batch->engine, request, entry);
}

/* What does not fit is left in the file. */
static void feed(void *context)
{
    struct batch *batch = context;

    while (batch->given < batch->count && batch->drain_end == INSTANT_NEVER) {
        struct request_split before = batch->split;
        struct request_part part;
        struct request *request = requests_file_next(&batch->split, &batch->rules, &part);

        if (!request)
            return;
        if (!has_room(batch, part.size)) {
            request_free(request);
            batch->split = before;
            return;
        }
        give(batch, request, &part);
    }
}

static void changed(void *context, struct engine_message *message, const struct engine_deed *deed)
{
    (void)context;
    account_note(engine_owner(message), deed);
}

/* Where it is told at once, it is not told again. */
static void tell(struct batch *batch, struct account_entry *entry)
{
    const struct batch_manner *manner = batch->manner;

    if (!manner->is_told)
        return;
    if (manner->is_told(entry, batch->options)) {
        progress_clear(&batch->progress);
        manner->tell(entry, batch->options);
    }
    account_forget(entry);
}

static void ended(void *context, struct engine_message *message, const struct engine_verdict *verdict)
{
    struct batch *batch = context;
    struct account_entry *entry = engine_owner(message);

    account_close(&batch->account, entry, verdict);
    batch->progress.ended = batch->account.ended;
    batch->progress.rejected = batch->account.rejected;
    tell(batch, entry);
    progress_show(&batch->progress);
    batch->bytes -= entry->size;
    engine_leave(batch->engine, message);
    if (batch->account.ended == batch->count)
        end(batch);
    else
        loop_timer_set(&batch->feed, instant_now());
}

/* ---- how things are ---- */

static void look_at_drain(struct batch *batch, instant now)
{
    if (under_way(batch) == 0 || now >= batch->drain_end || engine_is_stuck(batch->engine))
        end(batch);
}

/* A message may be held by several kinds of calls. */
static void look_at_held(struct batch *batch)
{
    struct engine_figures figures;
    size_t held = 0;

    engine_look(batch->engine, synapse_trouble(batch->synapse), &figures);
    for (size_t i = 0; i < ENGINE_HELD; i++)
        held += figures.held[i].messages;
    batch->progress.held = held < under_way(batch) ? held : under_way(batch);
}

static void look(void *context)
{
    struct batch *batch = context;
    instant now = instant_now();

    loop_timer_set(&batch->look, now + LOOK);
    if (now - batch->looked_at >= HELD_LOOK) {
        batch->looked_at = now;
        look_at_held(batch);
    }
    progress_show(&batch->progress);
    if (synapse_is_refused(batch->synapse))
        end_early(batch, "the homeserver refuses");
    else if (!batch->was_ready && now - batch->began > PATIENCE)
        end_early(batch, "the homeserver is not there");
    else if (batch->drain_end != INSTANT_NEVER)
        look_at_drain(batch, now);
}

static void session_changed(void *context, bool ready)
{
    struct batch *batch = context;

    if (ready && !batch->was_ready)
        batch->progress.since = instant_now();
    batch->was_ready = batch->was_ready || ready;
    engine_set_mas(batch->engine, synapse_has_mas(batch->synapse));
    engine_set_ready(batch->engine, ready);
}

static void told(void *context, const struct synapse_sign *sign)
{
    struct batch *batch = context;

    engine_told(batch->engine, sign);
}

/* Others come, too: of a window that changes its size, say. */
static bool asks_for_the_end(int number)
{
    return number == SIGTERM || number == SIGINT || number == SIGQUIT || number == SIGHUP;
}

static void signalled(void *context, int number)
{
    struct batch *batch = context;

    if (!asks_for_the_end(number))
        return;
    (void)error_set(&batch->reason, "signal %d (%s)", number, strsignal(number));
    if (batch->manner->foresees || batch->drain_end != INSTANT_NEVER) {
        end(batch);
        return;
    }
    batch->drain_end = instant_now() + (int64_t)batch->config->sync.drain_seconds * 1000;
    look_at_drain(batch, instant_now());
}

/* The last door of a plan: nothing else than the log-in has to go out here. */
static bool may_write(void *context, const char *path, instant begun)
{
    struct batch *batch = context;

    (void)begun;
    if (!batch->manner->foresees || text_equal(path, SYNAPSE_LOGIN_PATH) ||
        text_equal(path, SYNAPSE_MAS_TOKEN_PATH))
        return true;
    end_early(batch, "a fault of this program: a plan was about to write");
    return false;
}

/* ---- the parts ---- */

static void send_call(void *context, const struct synapse_call *call,
                      void (*done)(void *context, struct synapse_reply *reply), void *done_context)
{
    struct batch *batch = context;

    synapse_send(batch->synapse, call, done, done_context);
}

static void doubt(void *context, int64_t retry_after)
{
    struct batch *batch = context;

    synapse_doubt(batch->synapse, retry_after);
}

static void make_engine(struct batch *batch)
{
    struct engine_config config = setup_engine(batch->config, batch->sync_user);
    struct engine_homeserver homeserver = {.homeserver = batch, .send = send_call, .doubt = doubt};

    config.ended = ended;
    config.changed = changed;
    config.context = batch;
    if (batch->manner->foresees) {
        config.rules.resolve_first = true;
        config.mirrors = false; /* all is read after all have come */
        batch->assumed = assumed_new(&homeserver, &config.rules, batch->loop);
        homeserver = assumed_homeserver(batch->assumed);
    }
    batch->engine = engine_new(&config, &homeserver, batch->loop);
}

static bool start(struct batch *batch, struct error *error)
{
    struct http_config http = setup_http(batch->config);

    batch->loop = loop_new(error);
    if (!batch->loop)
        return false;
    loop_timer_init(&batch->feed, batch->loop, feed, batch);
    loop_timer_init(&batch->look, batch->loop, look, batch);
    if (!signals_start(&batch->signals, batch->loop, signalled, batch, error))
        return false;
    http.may_write = may_write;
    http.context = batch;
    batch->http = http_new(&http, batch->loop, error);
    if (!batch->http)
        return error_within(error, "MATRIX_MESSENGER__URI");
    make_engine(batch);
    batch->synapse =
        setup_synapse(batch->config, batch->sync_user,
                      &(struct synapse_handlers){.changed = session_changed, .told = told, .context = batch},
                      &http, batch->http, batch->loop);
    if (batch->manner->foresees)
        synapse_only_read(batch->synapse);
    return true;
}

static void stop(struct batch *batch)
{
    synapse_free(batch->synapse);
    engine_free(batch->engine);
    assumed_free(batch->assumed);
    http_free(batch->http);
    if (batch->loop) {
        loop_timer_stop(&batch->feed);
        loop_timer_stop(&batch->look);
        signals_stop(&batch->signals);
    }
    loop_free(batch->loop);
}

static void work(struct batch *batch)
{
    batch->split = request_split_begin(batch->file.bytes, batch->file.size);
    batch->began = batch->looked_at = instant_now();
    progress_begin(&batch->progress, batch->manner->foresees ? "planned" : "ended", batch->count);
    log_call_before(progress_clear, &batch->progress);
    feed(batch);
    look(batch);
    if (batch->count > 0)
        loop_run(batch->loop);
    progress_clear(&batch->progress);
    log_call_before(NULL, NULL);
}

/* ---- the whole ---- */

static int say(const char *what, const struct error *error, int status)
{
    fprintf(stderr, "synapse-sync: %s%s\n", what, error->text);
    return status;
}

static int conclude(struct batch *batch)
{
    size_t left = batch->count - batch->account.ended;

    if (!batch->manner->foresees || left == 0)
        batch->manner->over(&batch->account, left, batch->options);
    if (left == 0)
        batch->reason.text[0] = '\0'; /* there was nothing to end early */
    if (fflush(stdout) != 0 || ferror(stdout))
        (void)error_set(&batch->reason, "standard output: %s", strerror(errno));
    if (batch->reason.text[0])
        return say(batch->manner->foresees ? "there is no plan: " : "stopped: ", &batch->reason,
                   EXIT_FAILURE);
    return batch->account.rejected > 0 || left > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct batch *batch, struct error *error)
{
    if (!requests_file_check(&batch->file, &batch->rules, stderr, &batch->count))
        return EXIT_FAILURE;
    if (!start(batch, error))
        return say("", error, EX_CONFIG); /* for it is a setting that cannot be used */
    work(batch);
    return conclude(batch);
}

int batch_run(const struct config *config, const struct command_options *options,
              const struct batch_manner *manner)
{
    struct batch batch = {.config = config,
                          .options = options,
                          .manner = manner,
                          .account = {.foresees = manner->foresees},
                          .drain_end = INSTANT_NEVER};
    struct error error;
    int status;

    setup_quiet(config);
    if (!requests_file_read(&batch.file, options->argument_count > 0 ? options->arguments[0] : NULL, &error))
        return say("", &error, EXIT_FAILURE);
    batch.sync_user = setup_sync_user(config);
    batch.rules = setup_requests(config, batch.sync_user);
    status = run(&batch, &error);
    stop(&batch);
    account_deinit(&batch.account);
    requests_file_deinit(&batch.file);
    free(batch.sync_user);
    return status;
}

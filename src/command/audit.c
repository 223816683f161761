/*
 * audit: what an operator should know of the rooms and users that the sync made. Asks one thing after the
 * other, so that the homeserver's processor stays with those who chat; and only reads.
 *
 *     the pages of all rooms -> for each room of ours: its state, and where its alias leads
 *     the records            -> the pages of all users
 */
#include "base/memory.h"
#include "command/audit_findings.h"
#include "command/command.h"
#include "command/question.h"
#include "command/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

struct auditor {
    struct question_desk *desk;
    struct engine_rules rules;
    struct audit_findings *findings;
    bool shows_progress;
    int64_t seen, total; /* rooms; of these */
};

static void show_progress(const struct auditor *auditor)
{
    if (auditor->shows_progress)
        fprintf(stderr, "\r%lld of %lld rooms looked at ", (long long)auditor->seen,
                (long long)auditor->total);
}

static void end_progress(const struct auditor *auditor)
{
    if (auditor->shows_progress)
        fputs("\r\033[K", stderr);
}

/* ---- a room ---- */

/* Where its alias leads. */
static bool resolve(struct auditor *auditor, const char *alias, char **ret_room, struct error *error)
{
    struct synapse_reply reply;
    const struct synapse_call call = {.kind = SYNAPSE_RESOLVE_ALIAS, .alias = alias};

    if (!question_ask(auditor->desk, &call, &reply, error))
        return false;
    *ret_room = reply.outcome == SYNAPSE_OK ? TAKE(reply.text) : NULL;
    synapse_reply_deinit(&reply);
    return true;
}

/* Which aliases lead to a room of which nothing else is left. */
static bool find_alias(struct auditor *auditor, const char *room, char **ret_alias, struct error *error)
{
    struct synapse_reply reply;
    const struct synapse_call call = {.kind = SYNAPSE_READ_ALIASES, .room = room};

    if (!question_ask(auditor->desk, &call, &reply, error))
        return false;
    *ret_alias = reply.aliases ? text_copy(reply.aliases[0]) : NULL;
    synapse_reply_deinit(&reply);
    return true;
}

static bool judge(struct auditor *auditor, const struct listed_room *room, const struct room_state *state,
                  struct error *error)
{
    struct audit audit = audit_room(room, state, &auditor->rules, (int64_t)time(NULL) * 1000);
    CLEANUP(freep) char *alias = NULL;
    CLEANUP(freep) char *leads_to = NULL;

    if (!audit.alias && (audit.dead || audit.half_made)) {
        if (!find_alias(auditor, room->id, &alias, error))
            return false;
        audit.alias = alias;
    }
    if (audit.alias && !resolve(auditor, audit.alias, &leads_to, error))
        return false;
    audit_findings_add(auditor->findings, room, &audit, state ? state->predecessor : NULL, leads_to);
    return true;
}

static bool look_at(struct auditor *auditor, const struct listed_room *room, struct error *error)
{
    const struct synapse_call call = {.kind = SYNAPSE_READ_STATE, .room = room->id};
    struct synapse_reply reply;
    bool well;

    if (!rules_is_ours(&auditor->rules, room->creator)) {
        audit_findings_add_foreign(auditor->findings, room);
        return true;
    }
    if (!question_ask(auditor->desk, &call, &reply, error))
        return false;
    if (reply.outcome == SYNAPSE_OK)
        well = judge(auditor, room, reply.state, error);
    else
        well = reply.outcome == SYNAPSE_ABSENT || error_set(error, "%s", reply.problem.text); /* it is gone */
    synapse_reply_deinit(&reply);
    return well;
}

/* ---- pages ---- */

typedef bool page_reader(struct auditor *auditor, const struct listing *listing, struct error *error);

static bool go_through_pages(struct auditor *auditor, enum synapse_kind kind, page_reader *reader,
                             struct error *error)
{
    CLEANUP(freep) char *position = text_copy("0");

    while (position) {
        const struct synapse_call call = {.kind = kind, .position = position};
        struct synapse_reply reply;
        char *next = NULL;
        bool well;

        if (!question_ask(auditor->desk, &call, &reply, error))
            return false;
        if (!reply.listing) {
            *error = reply.problem;
            synapse_reply_deinit(&reply);
            return false;
        }
        well = reader(auditor, reply.listing, error);
        next = TAKE(reply.listing->next);
        synapse_reply_deinit(&reply);
        if (!well) {
            free(next);
            return false;
        }
        free(position);
        position = next;
    }
    return true;
}

static bool read_rooms(struct auditor *auditor, const struct listing *listing, struct error *error)
{
    auditor->total = listing->total;
    for (size_t i = 0; i < listing->room_count; i++) {
        if (!look_at(auditor, &listing->rooms[i], error))
            return false;
        auditor->seen++;
        show_progress(auditor);
    }
    return true;
}

/* ---- users ---- */

static bool read_users(struct auditor *auditor, const struct listing *listing, struct error *error)
{
    (void)error;
    for (size_t i = 0; i < listing->user_count; i++)
        audit_findings_add_user(auditor->findings, &listing->users[i]);
    return true;
}

static bool look_at_users(struct auditor *auditor, struct error *error)
{
    const struct synapse_call call = {.kind = SYNAPSE_READ_RECORDS};
    struct synapse_reply reply;

    if (!question_ask(auditor->desk, &call, &reply, error))
        return false;
    if (!reply.records) {
        *error = reply.problem;
        synapse_reply_deinit(&reply);
        return false;
    }
    audit_findings_set_records(auditor->findings, TAKE(reply.records));
    synapse_reply_deinit(&reply);
    return go_through_pages(auditor, SYNAPSE_LIST_USERS, read_users, error);
}

/* ---- the command ---- */

static int print(struct auditor *auditor, const struct command_options *options)
{
    bool well;

    audit_findings_finish(auditor->findings);
    if (options->json)
        well = audit_findings_print_json(auditor->findings, question_count(auditor->desk), stdout);
    else
        well = audit_findings_print(auditor->findings, question_count(auditor->desk), stdout);
    if (!well || fflush(stdout) != 0) {
        fprintf(stderr, "synapse-sync: standard output: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    return audit_findings_want_a_person(auditor->findings) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct auditor *auditor, const struct command_options *options)
{
    struct error error;
    bool well =
        go_through_pages(auditor, SYNAPSE_LIST_ROOMS, read_rooms, &error) && look_at_users(auditor, &error);

    end_progress(auditor);
    if (well)
        return print(auditor, options);
    fprintf(stderr, "synapse-sync: %s\n", error.text);
    return EXIT_FAILURE;
}

int command_audit(const struct config *config, const struct command_options *options)
{
    CLEANUP(freep) char *sync_user = setup_sync_user(config);
    struct auditor auditor = {
        .rules = setup_engine(config, sync_user).rules,
        .shows_progress = isatty(STDERR_FILENO) != 0,
    };
    struct error error;
    int status;

    auditor.desk = question_open(config, sync_user, &error);
    if (!auditor.desk) {
        fprintf(stderr, "synapse-sync: %s\n", error.text);
        return EXIT_FAILURE;
    }
    auditor.findings = audit_findings_new();
    status = run(&auditor, options);
    audit_findings_free(auditor.findings);
    question_close(auditor.desk);
    return status;
}

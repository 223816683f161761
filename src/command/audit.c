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

/* What is refused is not seen, which is not the same as not being there. */
static bool is_seen(enum synapse_outcome outcome)
{
    return outcome == SYNAPSE_OK || outcome == SYNAPSE_ABSENT;
}

/* Where its alias leads. */
static bool resolve(struct auditor *auditor, const char *alias, struct audit_alias *ret_alias,
                    struct error *error)
{
    struct synapse_reply reply;
    const struct synapse_call call = {.kind = SYNAPSE_RESOLVE_ALIAS, .alias = alias};

    if (!question_ask(auditor->desk, &call, &reply, error))
        return false;
    ret_alias->leads_to = reply.outcome == SYNAPSE_OK ? TAKE(reply.text) : NULL;
    ret_alias->unseen = !is_seen(reply.outcome);
    synapse_reply_deinit(&reply);
    return true;
}

/* Which alias leads to a room of which nothing else is left. */
static bool find_alias(struct auditor *auditor, const char *room, struct audit_alias *ret_alias,
                       struct error *error)
{
    struct synapse_reply reply;
    const struct synapse_call call = {.kind = SYNAPSE_READ_ALIASES, .room = room};

    if (!question_ask(auditor->desk, &call, &reply, error))
        return false;
    ret_alias->found = reply.aliases ? text_copy(reply.aliases[0]) : NULL;
    ret_alias->unseen = !is_seen(reply.outcome);
    synapse_reply_deinit(&reply);
    return true;
}

/* Only ours are looked up: for another's, such as somebody with power may choose as the main one, the
   homeserver would ask that server, and wait for it. */
static bool is_of_our_server(const struct auditor *auditor, const char *alias)
{
    const char *colon = strchr(alias, ':');

    return colon && strcmp(colon + 1, auditor->rules.server_name) == 0;
}

static bool look_at_alias(struct auditor *auditor, const struct listed_room *room, struct audit *audit,
                          struct audit_alias *ret_alias, struct error *error)
{
    if (!audit->alias && (audit->dead || audit->half_made)) {
        if (!find_alias(auditor, room->id, ret_alias, error))
            return false;
        audit->alias = ret_alias->found;
    }
    return !audit->alias || !is_of_our_server(auditor, audit->alias) ||
           resolve(auditor, audit->alias, ret_alias, error);
}

static bool judge(struct auditor *auditor, const struct listed_room *room, const struct room_state *state,
                  struct error *error)
{
    struct audit audit = audit_room(room, state, &auditor->rules, (int64_t)time(NULL) * 1000);
    struct audit_alias alias = {.found = NULL};
    bool well = look_at_alias(auditor, room, &audit, &alias, error);

    if (well)
        audit_findings_add(auditor->findings, room, &audit, state ? state->predecessor : NULL, &alias);
    free(alias.found);
    free(alias.leads_to);
    return well;
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

enum { MOST_PAGES = 4000 }; /* of 500 each */

/* What comes in pages. */
struct page_kind {
    enum synapse_kind call;
    const char *name;
    bool (*read)(struct auditor *auditor, const struct listing *listing, struct error *error);
};

/* Each page tells where the next one begins, and a homeserver that is out of its mind could go on telling for
   ever. */
static bool has_end(const struct listing *listing, const char *position, unsigned pages, struct error *error)
{
    if (!listing->next)
        return true;
    if (strcmp(listing->next, position) == 0)
        return error_set(error, "its next page is itself");
    if (listing->room_count + listing->user_count == 0)
        return error_set(error, "an empty page is not its last");
    return pages < MOST_PAGES || error_set(error, "it has more than %d pages", MOST_PAGES);
}

/* `position`: of the page, then of the next one; NULL: there is none. */
static bool read_page(struct auditor *auditor, const struct page_kind *kind, unsigned pages, char **position,
                      struct error *error)
{
    const struct synapse_call call = {.kind = kind->call, .position = *position};
    struct synapse_reply reply;
    bool well;

    if (!question_ask(auditor->desk, &call, &reply, error))
        return false;
    if (!reply.listing) {
        *error = reply.problem;
        synapse_reply_deinit(&reply);
        return false;
    }
    well = kind->read(auditor, reply.listing, error);
    if (well && !has_end(reply.listing, *position, pages, error))
        well = error_within(error, "the homeserver's list of all %s does not end", kind->name);
    free(*position);
    *position = TAKE(reply.listing->next);
    synapse_reply_deinit(&reply);
    return well;
}

static bool go_through_pages(struct auditor *auditor, const struct page_kind *kind, struct error *error)
{
    CLEANUP(freep) char *position = text_copy("0");

    for (unsigned pages = 1; position; pages++)
        if (!read_page(auditor, kind, pages, &position, error))
            return false;
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

static const struct page_kind all_rooms = {SYNAPSE_LIST_ROOMS, "rooms", read_rooms};

/* ---- users ---- */

static bool read_users(struct auditor *auditor, const struct listing *listing, struct error *error)
{
    (void)error;
    for (size_t i = 0; i < listing->user_count; i++)
        audit_findings_add_user(auditor->findings, &listing->users[i]);
    return true;
}

static const struct page_kind all_users = {SYNAPSE_LIST_USERS, "users", read_users};

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
    return go_through_pages(auditor, &all_users, error);
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
    bool well = go_through_pages(auditor, &all_rooms, &error) && look_at_users(auditor, &error);

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

    setup_quiet(config);
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

#ifndef SYNC_COMMAND_ACCOUNT_H
#define SYNC_COMMAND_ACCOUNT_H

#include "engine/engine.h"

/*
 * The account of a batch of requests: what was, or would be, changed for each, and how it ended. In words for
 * people: command/account_words.h; for machines: command/account_json.h.
 */
struct account_deed {
    enum engine_change change;
    char *user, *room, *before, *name; /* as in struct engine_deed */
    const char *setting;
    int64_t level;
};

/* One request. */
struct account_entry {
    char *place; /* where it stands in its file */
    char *subject;
    const char *method;
    struct account_deed *deeds;
    size_t deed_count;
    size_t size; /* bytes of the request */
    bool ended, rejected;
    const char *code; /* when rejected */
    char *detail, *warnings;
    unsigned requests;
};

struct account {
    bool foresees; /* what would be changed; else it was */
    struct account_entry **entries;
    size_t entry_count;
    /* Of those that have ended: */
    size_t ended, rejected, unchanged;
    size_t changes[ENGINE_CHANGES];
};

void account_deinit(struct account *account);

/* Opens an entry, which takes the place. */
struct account_entry *account_open(struct account *account, char *place, const struct request *request);
void account_note(struct account_entry *entry, const struct engine_deed *deed);
void account_close(struct account *account, struct account_entry *entry,
                   const struct engine_verdict *verdict);
/* It is not to be told any more: frees most of it. */
void account_forget(struct account_entry *entry);
/* Whether there is anything to be said of it: a change, a warning, a rejection. */
bool account_is_telling(const struct account_entry *entry);

#endif

#include "command/account.h"

#include "base/memory.h"

#include <stdlib.h>

static void free_deeds(struct account_entry *entry)
{
    for (size_t i = 0; i < entry->deed_count; i++) {
        struct account_deed *deed = &entry->deeds[i];

        free(deed->user);
        free(deed->room);
        free(deed->before);
        free(deed->name);
    }
    free(TAKE(entry->deeds));
    entry->deed_count = 0;
}

static void free_entry(struct account_entry *entry)
{
    free_deeds(entry);
    free(entry->place);
    free(entry->subject);
    free(entry->detail);
    free(entry->warnings);
    free(entry);
}

void account_deinit(struct account *account)
{
    for (size_t i = 0; i < account->entry_count; i++)
        free_entry(account->entries[i]);
    free(account->entries);
    *account = (struct account){.entries = NULL};
}

/* ---- lists that grow ---- */

/* Whether there is no room for one more: lists have room for as many as a power of two. */
static bool is_full(size_t count)
{
    return (count & (count - 1)) == 0;
}

static size_t grown(size_t count)
{
    return count > 0 ? 2 * count : 1;
}

struct account_entry *account_open(struct account *account, char *place, const struct request *request)
{
    struct account_entry *entry = NEW(struct account_entry);
    const char *user = request->user.id;

    if (is_full(account->entry_count))
        account->entries =
            memory_resize(account->entries, grown(account->entry_count), sizeof(struct account_entry *));
    account->entries[account->entry_count++] = entry;
    entry->place = place;
    entry->method = request_method_name(request->method);
    entry->subject = text_copy(user ? user : request->rooms[0].alias);
    return entry;
}

void account_note(struct account_entry *entry, const struct engine_deed *deed)
{
    if (is_full(entry->deed_count))
        entry->deeds = memory_resize(entry->deeds, grown(entry->deed_count), sizeof(struct account_deed));
    entry->deeds[entry->deed_count++] = (struct account_deed){
        .change = deed->change,
        .user = text_copy(deed->user),
        .room = text_copy(deed->room),
        .before = text_copy(deed->before),
        .name = text_copy(deed->name),
        .setting = deed->setting,
        .level = deed->level,
    };
}

void account_close(struct account *account, struct account_entry *entry, const struct engine_verdict *verdict)
{
    entry->ended = true;
    entry->rejected = verdict->rejected;
    entry->code = verdict->rejected ? request_code_name(verdict->code) : NULL;
    entry->detail = text_copy(verdict->detail);
    entry->warnings = text_copy(verdict->warnings);
    entry->requests = verdict->requests;
    account->ended++;
    account->rejected += entry->rejected;
    account->unchanged += entry->deed_count == 0 && !entry->rejected;
    for (int i = 0; i < ENGINE_CHANGES; i++)
        account->changes[i] += verdict->changes[i];
}

void account_forget(struct account_entry *entry)
{
    free_deeds(entry);
    free(TAKE(entry->detail));
    free(TAKE(entry->warnings));
}

bool account_is_telling(const struct account_entry *entry)
{
    return entry->deed_count > 0 || entry->rejected || (entry->warnings && *entry->warnings);
}

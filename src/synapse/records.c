#include "synapse/records.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    char *localpart;
    bool email, set;
    UT_hash_handle hh;
};

struct records {
    struct entry *open;
};

struct records *records_new(void)
{
    return NEW(struct records);
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks what it deletes */

static void forget(struct records *records, struct entry *entry)
{
    HASH_DEL(records->open, entry);
    free(entry->localpart);
    free(entry);
}

void records_free(struct records *records)
{
    struct entry *entry, *following;

    if (!records)
        return;
    HASH_ITER (hh, records->open, entry, following)
        forget(records, entry);
    free(records);
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

/* `@local:server` -> `local:server`, of which so many bytes are the local part. */
static const char *localpart_of(const char *user, size_t *ret_length)
{
    *ret_length = strcspn(user + 1, ":");
    return user + 1;
}

static struct entry *find(const struct records *records, const char *user)
{
    struct entry *entry = NULL;
    size_t length;
    const char *localpart = localpart_of(user, &length);

    HASH_FIND(hh, records->open, localpart, length, entry);
    return entry;
}

static struct entry *add(struct records *records, const char *user)
{
    struct entry *entry = NEW(struct entry);
    size_t length;
    const char *localpart = localpart_of(user, &length);

    entry->localpart = text_copy_bytes(localpart, length);
    HASH_ADD_KEYPTR(hh, records->open, entry->localpart, length, entry);
    return entry;
}

void records_set(struct records *records, const char *user, struct synapse_record record)
{
    struct entry *entry = find(records, user);

    if (!record.open) {
        if (entry)
            forget(records, entry);
        return;
    }
    if (!entry)
        entry = add(records, user);
    entry->email = record.email;
    entry->set = record.set;
}

struct synapse_record records_get(const struct records *records, const char *user)
{
    const struct entry *entry = find(records, user);

    return (struct synapse_record){
        .open = entry != NULL, .email = entry && entry->email, .set = entry && entry->set};
}

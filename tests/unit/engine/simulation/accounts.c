/*
 * The Matrix Authentication Service (MAS), simulated: accounts, and what the homeserver gets to know of them.
 * A creation is told to the homeserver before it is certain; a deactivation afterwards, and now and then not.
 */
#include "engine/simulation/deed.h"

#include "base/memory.h"

#include <string.h>

static char *id_of(const struct world *world, const struct world_user *user)
{
    return text_format("ACCOUNT-%zu", (size_t)(user - world->users));
}

static void tell_account(const struct deed *deed)
{
    const struct world_user *user = deed->user;

    deed->reply->text = id_of(deed->world, user);
    deed->reply->user.name = text_copy_bytes(user->id + 1, strcspn(user->id + 1, ":"));
    deed->reply->user.admin = user->account.admin;
    deed->reply->user.deactivated = user->account.gone;
}

static void read_account(const struct deed *deed)
{
    if (deed->user->account.here)
        tell_account(deed);
    else
        deed_finds_nothing(deed);
}

static void create_account(const struct deed *deed)
{
    struct world_user *user = deed->user;

    if (user->account.here || (user->here && !deed->call->adopts)) {
        deed_answer(deed->reply, SYNAPSE_TAKEN, "MAS");
        return;
    }
    if (deed->call->adopts && (!user->here || user->puppet ||
                               (world_protects(deed->world, user) && !world_awaits_name(deed->world, user))))
        world_accuse(deed->world, "%s is adopted", user->id);
    if (!user->here && !user->found_absent)
        world_accuse(deed->world, "%s is created without a look", user->id);
    if (!user->here) {
        deed_is_seen_late(deed);
        user->ours = true;
        world_make_user(deed->world, user, chance_percent(70) ? deed->call->name : NULL, NULL);
    }
    if (deed->cut)
        return;
    user->account.here = deed->reply->created = true;
    user->account.admin = user->account.gone = false;
    tell_account(deed);
}

static void set_password(const struct deed *deed)
{
    if (!deed->user->ours && !deed->user->ambiguous)
        world_accuse(deed->world, "%s is given a password", deed->user->id);
    text_set(&deed->user->password, deed->call->password);
}

static const struct world_user *owner_of(const struct deed *deed)
{
    for (size_t i = 0; i < deed->world->user_count; i++) {
        const struct world_user *user = &deed->world->users[i];

        if (user->account.here && text_equal(user->email, deed->call->email))
            return user;
    }
    return NULL;
}

static void read_owner(const struct deed *deed)
{
    const struct world_user *owner = owner_of(deed);

    deed->reply->text = owner ? id_of(deed->world, owner) : NULL;
}

static void add_address(const struct deed *deed)
{
    if (owner_of(deed)) {
        deed_answer(deed->reply, SYNAPSE_TAKEN, "MAS");
        return;
    }
    if ((!deed->user->ours && !deed->user->ambiguous) ||
        (deed->user->email && instant_now() >= deed->user->account.address_shows_at))
        world_accuse(deed->world, "%s is given an address", deed->user->id);
    text_set(&deed->user->email, deed->call->email);
    deed->user->account.address_shows_at = instant_now() + chance_below(20000);
}

static void reactivate(const struct deed *deed)
{
    if (!deed->world->rules.reactivate || world_protects(deed->world, deed->user))
        world_accuse(deed->world, "%s is reactivated", deed->user->id);
    deed_is_seen_late(deed);
    deed->user->account.gone = deed->user->deactivated = false;
    deed->user->account.retires_at = INSTANT_NEVER;
}

static void deactivate(const struct deed *deed)
{
    struct world_user *user = deed->user;

    if (world_protects(deed->world, user))
        world_accuse(deed->world, "%s is removed, who is protected", user->id);
    if (deed->call->erase != deed->world->rules.erase)
        world_accuse(deed->world, "%s: erase is not as configured", user->id);
    user->account.gone = true;
    user->account.erase = deed->call->erase;
    user->account.retires_at = chance_percent(10) ? INSTANT_NEVER : instant_now() + chance_below(3000);
    text_set(&user->email, NULL);
}

static void tell_until(struct world *world, instant limit)
{
    for (size_t i = 0; i < world->user_count; i++) {
        struct world_user *user = &world->users[i];

        if (!user->account.gone || user->account.retires_at > limit)
            continue;
        user->account.retires_at = INSTANT_NEVER;
        if (user->here && !user->deactivated)
            world_deactivate(world, user, user->account.erase);
    }
}

void accounts_settle(struct world *world)
{
    if (world->rules.mas)
        tell_until(world, INSTANT_NEVER - 1);
}

static bool is_past_mas(const struct deed *deed)
{
    enum synapse_kind kind = deed->call->kind;

    return kind == SYNAPSE_CREATE_USER || kind == SYNAPSE_ADD_EMAIL || kind == SYNAPSE_REACTIVATE_USER ||
           kind == SYNAPSE_READ_EMAIL_OWNER ||
           (kind == SYNAPSE_DEACTIVATE_USER && deed->user && deed->user->account.here);
}

static void (*const deeds[SYNAPSE_KINDS])(const struct deed *deed) = {
    [SYNAPSE_READ_ACCOUNT] = read_account,     [SYNAPSE_CREATE_ACCOUNT] = create_account,
    [SYNAPSE_SET_PASSWORD] = set_password,     [SYNAPSE_READ_ADDRESS_OWNER] = read_owner,
    [SYNAPSE_ADD_ADDRESS] = add_address,       [SYNAPSE_REACTIVATE_ACCOUNT] = reactivate,
    [SYNAPSE_DEACTIVATE_ACCOUNT] = deactivate,
};

/* Calls about an account name the one that they mean. */
static void judge_account(const struct deed *deed)
{
    CLEANUP(freep) char *id = deed->user ? id_of(deed->world, deed->user) : NULL;

    if (deed->call->account && !text_equal(deed->call->account, id))
        world_accuse(deed->world, "%s: that is not the account of %s", synapse_kind_name(deed->call->kind),
                     deed->call->user);
}

bool deed_at_mas(const struct deed *deed)
{
    if (deed->world->rules.mas)
        tell_until(deed->world, instant_now());
    if (deed->world->rules.mas && is_past_mas(deed))
        world_accuse(deed->world, "%s past MAS", synapse_kind_name(deed->call->kind));
    if (!deeds[deed->call->kind])
        return false;
    judge_account(deed);
    deeds[deed->call->kind](deed);
    return true;
}

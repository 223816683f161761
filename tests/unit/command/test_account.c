/* What is told of a batch, in words for people and as JSON. */
#include "base/memory.h"
#include "command/account_json.h"
#include "command/account_words.h"
#include "command/progress.h"
#include "support/evil.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define ROOM "#course_7b:s"

static const unsigned no_changes[ENGINE_CHANGES];

/* What `print` writes. */
struct paper {
    char *text;
    size_t size;
    FILE *stream;
};

static FILE *begin(struct paper *paper)
{
    *paper = (struct paper){.text = NULL};
    paper->stream = open_memstream(&paper->text, &paper->size);
    assert_non_null(paper->stream);
    return paper->stream;
}

static void check(struct paper *paper, const char *expected)
{
    (void)fclose(paper->stream);
    assert_string_equal(paper->text, expected);
    free(paper->text);
}

static struct account_entry *open_entry(struct account *account, enum request_method method, char *subject)
{
    struct request_room room = {.alias = subject};
    const struct request request = {
        .method = method,
        .user = {.id = subject[0] == '@' ? subject : NULL},
        .rooms = &room,
        .room_count = 1,
    };

    return account_open(account, text_copy("line 7"), &request);
}

static void close_entry(struct account *account, struct account_entry *entry, const char *detail)
{
    unsigned changes[ENGINE_CHANGES] = {0};
    const struct engine_verdict verdict = {
        .rejected = detail != NULL,
        .code = REQUEST_ALIAS_CONFLICT,
        .detail = detail ? detail : "",
        .warnings = "",
        .changes = changes,
    };

    for (size_t i = 0; i < entry->deed_count; i++)
        changes[entry->deeds[i].change]++;
    account_close(account, entry, &verdict);
}

static struct account_entry *a_room(struct account *account)
{
    char alias[] = ROOM;
    struct account_entry *entry = open_entry(account, REQUEST_ADD_ROOM, alias);

    account_note(entry,
                 &(struct engine_deed){.change = CHANGE_RAISED, .user = "@a:s", .room = ROOM, .level = 50});
    account_note(entry, &(struct engine_deed){.change = CHANGE_JOINED, .user = "@a:s", .room = ROOM});
    account_note(entry, &(struct engine_deed){.change = CHANGE_CREATED_ROOMS, .room = ROOM, .name = "M\n7b"});
    account_note(entry, &(struct engine_deed){.change = CHANGE_JOINED, .user = "@b:s", .room = ROOM});
    account_note(entry, &(struct engine_deed){.change = CHANGE_CREATED_USERS, .user = "@b:s"});
    account_note(entry, &(struct engine_deed){
                            .change = CHANGE_RENAMED, .user = "@a:s", .before = "Old", .name = "New"});
    account_note(entry, &(struct engine_deed){
                            .change = CHANGE_SET, .room = ROOM, .setting = "join rule", .name = "invite"});
    return entry;
}

/* In an order that can be read, whatever the order of events; what is hidden is shown. */
static void test_a_plan(void **state)
{
    struct account account = {.foresees = true};
    struct account_entry *entry = a_room(&account);
    struct paper paper;

    (void)state;
    close_entry(&account, entry, "somebody else's");
    account_print_plan(entry, begin(&paper));
    check(&paper, "line 7: addRoom " ROOM "\n"
                  "    create user @b:s\n"
                  "    create room " ROOM " \"M\\u000a7b\"\n"
                  "    join @a:s, @b:s to " ROOM "\n"
                  "    raise @a:s in " ROOM " to level 50\n"
                  "    rename user @a:s, now \"Old\", to \"New\"\n"
                  "    set the join rule of " ROOM " to \"invite\"\n"
                  "    REJECT alias-conflict: somebody else's\n");
    account_print_sum(&account, 0, begin(&paper));
    check(&paper,
          "Plan: 1 user to create, 1 room to create, 2 memberships to add, 1 power level to raise, 1 name to "
          "change, 1 room setting to set. 1 request, 1 would be rejected.\n");
    account_deinit(&account);
}

static void test_words_of_others_stay_in_their_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < evil_count(); i++) {
        const char *evil = evil_text(i);
        struct account account = {.foresees = true};
        CLEANUP(freep) char *subject = text_format("@%s", evil);
        struct account_entry *entry = open_entry(&account, REQUEST_ADD_USER, subject);
        struct paper paper;

        for (int change = 0; change < ENGINE_CHANGES; change++)
            account_note(entry, &(struct engine_deed){.change = (enum engine_change)change,
                                                      .user = evil,
                                                      .room = evil,
                                                      .before = evil,
                                                      .setting = "name",
                                                      .name = evil});
        account_close(&account, entry,
                      &(struct engine_verdict){.rejected = true,
                                               .code = REQUEST_ALIAS_CONFLICT,
                                               .detail = evil,
                                               .warnings = evil,
                                               .changes = (unsigned[ENGINE_CHANGES]){1}});
        account_print_plan(entry, begin(&paper));
        (void)fclose(paper.stream);
        assert_shown_in_lines(paper.text, ENGINE_CHANGES + 2 + (*evil != '\0'));
        free(paper.text);
        account_print_end(entry, begin(&paper));
        (void)fclose(paper.stream);
        assert_shown_in_lines(paper.text, 1);
        free(paper.text);
        account_print_entry_json(entry, begin(&paper));
        (void)fclose(paper.stream);
        for (const char *byte = paper.text; byte[1]; byte++)
            assert_in_range((unsigned char)*byte, ' ', 0x7f);
        free(paper.text);
        account_deinit(&account);
    }
}

/* The same of several users in one room is one line, of so many names. */
static void test_what_goes_together_in_a_plan(void **state)
{
    struct account account = {.foresees = true};
    char alias[] = ROOM;
    struct account_entry *entry = open_entry(&account, REQUEST_ADD_ROOM, alias);
    struct paper paper;

    (void)state;
    account_note(entry, &(struct engine_deed){.change = CHANGE_JOINED, .user = "@z:s", .room = "#other:s"});
    for (int i = 0; i < 14; i++) {
        CLEANUP(freep) char *user = text_format("@%d:s", i);

        account_note(entry, &(struct engine_deed){.change = CHANGE_JOINED, .user = user, .room = ROOM});
    }
    account_note(entry,
                 &(struct engine_deed){.change = CHANGE_RAISED, .user = "@0:s", .room = ROOM, .level = 50});
    account_note(entry,
                 &(struct engine_deed){.change = CHANGE_RAISED, .user = "@1:s", .room = ROOM, .level = 100});
    account_close(
        &account, entry,
        &(struct engine_verdict){.detail = "", .warnings = "@y:s is banned", .changes = no_changes});
    account_print_plan(entry, begin(&paper));
    check(&paper,
          "line 7: addRoom " ROOM "\n"
          "    join @z:s to #other:s\n"
          "    join @0:s, @1:s, @2:s, @3:s, @4:s, @5:s, @6:s, @7:s, @8:s, @9:s, @10:s, @11:s and 2 more"
          " to " ROOM "\n"
          "    raise @0:s in " ROOM " to level 50\n"
          "    raise @1:s in " ROOM " to level 100\n"
          "    leave: @y:s is banned\n");
    account_deinit(&account);
}

/* Lines stand in the order of what was done first, and so do the users in them, however rooms are called. */
static void test_the_order_of_what_goes_together(void **state)
{
    static const struct engine_deed deeds[] = {
        {.change = CHANGE_JOINED, .user = "@c:s", .room = "#z:s"},
        {.change = CHANGE_CREATED_USERS, .user = "@z:s"},
        {.change = CHANGE_JOINED, .user = "@b:s", .room = "#a:s"},
        {.change = CHANGE_CREATED_USERS, .user = "@a:s"},
        {.change = CHANGE_JOINED, .user = "@a:s", .room = "#z:s"},
        {.change = CHANGE_JOINED, .user = "@a:s", .room = "#a:s"},
    };
    struct account account = {.foresees = true};
    char alias[] = ROOM;
    struct account_entry *entry = open_entry(&account, REQUEST_ADD_ROOM, alias);
    struct paper paper;

    (void)state;
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
        account_note(entry, &deeds[i]);
    close_entry(&account, entry, NULL);
    account_print_plan(entry, begin(&paper));
    check(&paper, "line 7: addRoom " ROOM "\n"
                  "    create user @z:s\n"
                  "    create user @a:s\n"
                  "    join @c:s, @a:s to #z:s\n"
                  "    join @b:s, @a:s to #a:s\n");
    account_deinit(&account);
}

static void test_an_end_after_a_part(void **state)
{
    struct account account = {.foresees = false};
    char id[] = "@a:s";
    struct account_entry *entry = open_entry(&account, REQUEST_ADD_USER, id);
    struct paper paper;

    (void)state;
    account_note(entry, &(struct engine_deed){.change = CHANGE_CREATED_USERS, .user = "@a:s"});
    close_entry(&account, entry, "not so");
    account_print_end(entry, begin(&paper));
    check(&paper, "line 7: addUser @a:s: rejected: alias-conflict: not so; 1 user created\n");
    account_deinit(&account);
}

static void test_an_end(void **state)
{
    struct account account = {.foresees = false};
    struct account_entry *room = a_room(&account), *user;
    char id[] = "@a:s";
    struct paper paper;

    (void)state;
    close_entry(&account, room, NULL);
    account_print_end(room, begin(&paper));
    check(&paper, "line 7: addRoom " ROOM
                  ": done: 1 user created, 1 room created, 2 memberships added, 1 power level "
                  "raised, 1 name changed, 1 room setting set\n");
    user = open_entry(&account, REQUEST_ADD_USER, id);
    close_entry(&account, user, "not so");
    account_print_end(user, begin(&paper));
    check(&paper, "line 7: addUser @a:s: rejected: alias-conflict: not so\n");
    user = open_entry(&account, REQUEST_REMOVE_USER, id);
    account_close(&account, user,
                  &(struct engine_verdict){.detail = "", .warnings = "it stays", .changes = no_changes});
    account_print_end(user, begin(&paper));
    check(&paper, "line 7: removeUser @a:s: done: nothing changed; left: it stays\n");
    account_print_sum(&account, 2, begin(&paper));
    check(
        &paper,
        "Stopped: 1 user created, 1 room created, 2 memberships added, 1 power level raised, 1 name changed, "
        "1 room setting set. 3 requests, 1 of them without a change, 1 rejected, 2 left to do.\n");
    account_deinit(&account);
}

static void test_json(void **state)
{
    struct account account = {.foresees = true};
    char id[] = "@a:s";
    struct account_entry *entry = open_entry(&account, REQUEST_ADD_USER, id);
    struct paper paper;

    (void)state;
    account_note(entry, &(struct engine_deed){.change = CHANGE_WELCOMED, .user = "@a:s"});
    account_note(entry,
                 &(struct engine_deed){.change = CHANGE_RAISED, .user = "@a:s", .room = ROOM, .level = 50});
    close_entry(&account, entry, NULL);
    account_print_json(&account, 0, true, begin(&paper));
    check(
        &paper,
        "{\"requests\":[{\"place\":\"line "
        "7\",\"method\":\"addUser\",\"subject\":\"@a:s\",\"outcome\":\"done\","
        "\"changes\":{\"welcomed\":[{\"user\":\"@a:s\"}],\"raised\":[{\"user\":\"@a:s\",\"room\":\"" ROOM
        "\",\"level\":50}]}}],\"totals\":{\"done\":1,\"rejected\":0,\"unchanged\":0,\"left\":0,\"changes\":{"
        "\"created_users\":0,\"created_rooms\":0,\"joined\":0,\"raised\":1,\"renamed\":0,\"welcomed\":1,"
        "\"reactivated\":0,\"set\":0,\"removed_users\":0,\"removed_rooms\":0}}}\n");
    account_deinit(&account);
}

static void test_json_of_each_outcome(void **state)
{
    struct account account = {.foresees = false};
    char id[] = "@a:s";
    struct account_entry *entry = open_entry(&account, REQUEST_ADD_USER, id);
    struct paper paper;

    (void)state;
    account_print_entry_json(entry, begin(&paper));
    check(&paper, "{\"place\":\"line 7\",\"method\":\"addUser\",\"subject\":\"@a:s\",\"outcome\":\"left\","
                  "\"changes\":{}}\n");
    account_note(entry, &(struct engine_deed){
                            .change = CHANGE_RENAMED, .user = "@a:s", .before = "Old", .name = "New"});
    account_close(&account, entry,
                  &(struct engine_verdict){.rejected = true,
                                           .code = REQUEST_ALIAS_CONFLICT,
                                           .detail = "why",
                                           .warnings = "and",
                                           .changes = no_changes});
    account_print_entry_json(entry, begin(&paper));
    check(&paper,
          "{\"place\":\"line 7\",\"method\":\"addUser\",\"subject\":\"@a:s\",\"outcome\":\"rejected\","
          "\"code\":\"alias-conflict\",\"detail\":\"why\",\"warnings\":\"and\",\"changes\":{\"renamed\":"
          "[{\"user\":\"@a:s\",\"before\":\"Old\",\"name\":\"New\"}]}}\n");
    account_deinit(&account);
}

static void test_progress(void **state)
{
    struct progress progress = {.doing = "ended", .count = 100, .since = 1000};

    (void)state;
    for (int i = 0; i < 2; i++) {
        CLEANUP(freep) char *bar = progress_text(&progress, 11000, 78);

        assert_string_equal(
            bar, i == 0 ? "[                                    ] 0 of 100 ended, 0 rejected, 0 held, 0/s"
                        : "[############            ] 50 of 100 ended, 2 rejected, 1 held, 5/s, 10 s left");
        assert_int_equal(strlen(bar), 78);
        progress.ended = 50;
        progress.rejected = 2;
        progress.held = 1;
    }
}

static void test_a_long_time_is_told_in_minutes(void **state)
{
    struct progress progress = {.doing = "ended", .count = 1000, .ended = 10, .since = 1000};
    CLEANUP(freep) char *text = progress_text(&progress, 2000, 65);

    (void)state;
    assert_string_equal(text, "10 of 1000 ended, 0 rejected, 0 held, 10/s, 2 min left");
}

static void test_a_narrow_terminal_gets_no_bar(void **state)
{
    struct progress progress = {.doing = "ended", .count = 100, .since = 1000};
    CLEANUP(freep) char *text = progress_text(&progress, 11000, 30);

    (void)state;
    assert_string_equal(text, "0 of 100 ended, 0 rejected, 0 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan),
        cmocka_unit_test(test_words_of_others_stay_in_their_lines),
        cmocka_unit_test(test_what_goes_together_in_a_plan),
        cmocka_unit_test(test_the_order_of_what_goes_together),
        cmocka_unit_test(test_an_end),
        cmocka_unit_test(test_an_end_after_a_part),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_of_each_outcome),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_a_long_time_is_told_in_minutes),
        cmocka_unit_test(test_a_narrow_terminal_gets_no_bar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

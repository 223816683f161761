/* Lines and their fronts: which places may be worked on together. */

#include "base/memory.h"
#include "engine/order.h"
#include "engine/wants.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static struct request *parse(const char *text)
{
    const struct request_rules rules = {.server_name = "s", .sync_user = "@sync:s", .largest_body = 4096};
    CLEANUP(freep) char *copy = text_copy(text);
    struct request_complaint complaint;
    struct request *request;

    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    request = request_parse(copy, strlen(copy), &rules, &complaint);
    assert_non_null(request);
    return request;
}

static struct engine_message *enter(struct subjects *subjects, const char *text, instant now)
{
    return order_enter(subjects, parse(text), NULL, now);
}

static void drop(void *context, struct subject *subject)
{
    struct subjects *subjects = context;

    if (!subject->line)
        subjects_rest(subjects, subject);
}

static void leave(struct subjects *subjects, struct engine_message *message)
{
    order_leave(message, drop, subjects);
}

static struct subject *subject_of(const struct subjects *subjects, const char *key)
{
    struct subject *subject = subjects_find(subjects, key);

    assert_non_null(subject);
    return subject;
}

/* One letter for each place in the line: F is in front, - is behind. */
static char *front_of(const struct subjects *subjects, const char *key)
{
    const struct subject *subject = subjects_find(subjects, key);
    char *line = memory_new(16, 1);
    size_t length = 0;

    for (const struct place *place = subject ? subject->line : NULL; place; place = place->next)
        line[length++] = place->in_front ? 'F' : '-';
    return line;
}

static void assert_line(const struct subjects *subjects, const char *key, const char *expected)
{
    CLEANUP(freep) char *line = front_of(subjects, key);

    assert_string_equal(line, expected);
}

#define ADD(more) "{'method': 'addUser', 'user': {'id': '@a:s'" more "}}"
#define REMOVE "{'method': 'removeUser', 'user': {'id': '@a:s'}}"
#define MEMBER "{'method': 'addRoom', 'room': {'id': 'r', 'name': 'R'}, 'members': [{'id': '@a:s'}]}"
#define MAKE(name, more) "{'method': 'addRoom', 'room': {'id': 'r', 'name': '" name "'" more "}}"
#define DELETE "{'method': 'removeRoom', 'room': {'id': 'r'}}"

static const struct {
    const char *key, *front;
    const char *texts[6];
} lines[] = {
    {"@a:s", "F", {REMOVE}},
    {"@a:s", "FF", {MEMBER, MEMBER}},
    {"@a:s", "FFF", {MEMBER, ADD(""), MEMBER}},
    {"@a:s", "FF", {ADD(""), MEMBER}},
    {"@a:s", "F-", {ADD(""), ADD("")}},
    {"@a:s", "FF--", {ADD(""), MEMBER, ADD(""), MEMBER}},
    {"@a:s", "FF", {ADD(", 'email': 'a@b.c'"), MEMBER}},
    {"@a:s", "F-", {MEMBER, ADD(", 'email': 'a@b.c'")}},
    {"@a:s", "F-", {MEMBER, ADD(", 'password': 'p'")}},
    {"@a:s", "F-", {REMOVE, ADD("")}},
    {"@a:s", "F-", {REMOVE, REMOVE}},
    {"@a:s", "F--", {ADD(""), REMOVE, MEMBER}},
    {"@a:s", "FF--", {MEMBER, MEMBER, REMOVE, MEMBER}},
    {"#room_r:s", "FF", {MAKE("R", ""), MAKE("R", "")}},
    {"#room_r:s", "FF", {MAKE("R", ""), MEMBER}},
    {"#room_r:s", "F-", {MAKE("R", ""), MAKE("Q", "")}},
    {"#room_r:s", "F-", {MAKE("R", ""), MAKE("R", ", 'description': 'd'")}},
    {"#room_r:s", "F-", {MAKE("R", ""), MAKE("R", ", 'bidirectional': true")}},
    {"#room_r:s", "F--", {MAKE("R", ""), MAKE("Q", ""), MAKE("R", "")}},
    {"#room_r:s", "F-", {DELETE, MAKE("R", "")}},
    {"#room_r:s", "F-", {DELETE, DELETE}},
    {"#room_r:s", "FF--", {MAKE("R", ""), MAKE("R", ""), DELETE, MAKE("R", "")}},
};

static void test_fronts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct subjects subjects = {0};
        struct engine_message *messages[6];
        size_t count = 0;

        for (; lines[i].texts[count]; count++)
            messages[count] = enter(&subjects, lines[i].texts[count], (instant)count);
        assert_line(&subjects, lines[i].key, lines[i].front);
        while (count > 0)
            leave(&subjects, messages[--count]);
        assert_null(subjects.active);
        subjects_deinit(&subjects);
    }
}

/* The line of those messages, but one who never came, or who came and left. */
static char *front_without(const char *key, const char *const texts[6], size_t one, bool came)
{
    struct subjects subjects = {0};
    struct engine_message *messages[6] = {NULL};
    char *front;

    for (size_t i = 0; i < 6 && texts[i]; i++)
        if (came || i != one)
            messages[i] = enter(&subjects, texts[i], (instant)i);
    if (came)
        leave(&subjects, TAKE(messages[one]));
    front = front_of(&subjects, key);
    for (size_t i = 0; i < 6; i++)
        if (messages[i])
            leave(&subjects, messages[i]);
    subjects_deinit(&subjects);
    return front;
}

static void test_who_leaves_might_never_have_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        for (size_t one = 0; one < 6 && lines[i].texts[one]; one++) {
            CLEANUP(freep) char *left = front_without(lines[i].key, lines[i].texts, one, true);
            CLEANUP(freep) char *never_there = front_without(lines[i].key, lines[i].texts, one, false);

            assert_string_equal(left, never_there);
        }
}

/* Whoever leaves makes way, wherever it stood. */
static void test_leaving(void **state)
{
    struct subjects subjects = {0};
    struct engine_message *add = enter(&subjects, ADD(""), 1), *remove = enter(&subjects, REMOVE, 2);
    struct engine_message *member = enter(&subjects, MEMBER, 3), *last = enter(&subjects, ADD(""), 4);

    (void)state;
    assert_line(&subjects, "@a:s", "F---");
    leave(&subjects, add);
    assert_line(&subjects, "@a:s", "F--");
    leave(&subjects, remove);
    assert_line(&subjects, "@a:s", "FF");
    leave(&subjects, last);
    assert_line(&subjects, "@a:s", "F");
    leave(&subjects, member);
    assert_null(subjects.active);
    subjects_deinit(&subjects);
}

/* Two messages stand in the same order in every line they share. */
static void test_all_lines_have_one_order(void **state)
{
    static const char *const texts[] = {
        "{'method': 'addRoom', 'room': {'id': 'r', 'name': 'R'}, 'members': [{'id': '@b:s'}, {'id': "
        "'@a:s'}]}",
        "{'method': 'addUser', 'user': {'id': '@a:s'}, 'rooms': [{'id': 'q', 'name': 'Q'}, {'id': 'r', "
        "'name': 'R'}]}",
        "{'method': 'addUser', 'user': {'id': '@b:s'}, 'rooms': [{'id': 'r', 'name': 'R'}, {'id': 'q', "
        "'name': 'Q'}]}",
        REMOVE,
        DELETE,
    };
    enum { COUNT = sizeof(texts) / sizeof(texts[0]) };
    struct subjects subjects = {0};
    struct engine_message *messages[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        messages[i] = enter(&subjects, texts[i], (instant)i);
    for (struct subject *subject = subjects.active; subject; subject = subject->hh.next)
        for (const struct place *place = subject->line; place->next; place = place->next)
            assert_true(place->message->arrived < place->next->message->arrived);
    for (size_t i = 0; i < COUNT; i++)
        leave(&subjects, messages[i]);
    subjects_deinit(&subjects);
}

/* ---- what is wanted ---- */

static struct user_wanted all_of(struct subjects *subjects, const char *const *texts)
{
    for (instant now = 1; *texts; texts++, now++)
        (void)enter(subjects, *texts, now);
    return wants_of_user(&(const struct mirror){.on = false}, subject_of(subjects, "@a:s"));
}

static void leave_all(struct subjects *subjects)
{
    while (subjects->active)
        leave(subjects, subjects->active->line->message);
    subjects_deinit(subjects);
}

#define NAMED(name)                                                                                          \
    "{'method': 'addRoom', 'room': {'id': 'r', 'name': 'R'}, 'members': [{'id': '@a:s', 'name': '" name "'}" \
    "]}"

/* The name of a creation is that which the first message would have given; an addUser renames after that. */
static void test_names(void **state)
{
    static const struct {
        const char *name; /* NULL: none */
        bool renamed;
        const char *texts[4];
    } cases[] = {
        {"M", false, {NAMED("M"), MEMBER}},
        {NULL, false, {MEMBER, NAMED("M")}},
        {"M", false, {NAMED("M"), NAMED("N")}},
        {"M", false, {NAMED("M"), ADD("")}},
        {"A", true, {NAMED("M"), ADD(", 'name': 'A'")}},
        {NULL, false, {ADD(""), NAMED("M")}},
        {"A", true, {ADD(", 'name': 'A'"), NAMED("M")}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct subjects subjects = {0};
        struct user_wanted wanted = all_of(&subjects, cases[i].texts);

        assert_true(text_equal(wanted.name, cases[i].name));
        assert_int_equal(wanted.renamed, cases[i].renamed);
        leave_all(&subjects);
    }
}

/* Who wants last is not served with what was read before. */
static void test_the_last_one_decides_how_old_knowledge_may_be(void **state)
{
    struct subjects subjects = {0};
    const char *texts[] = {MEMBER, ADD(""), MEMBER, NULL};
    struct user_wanted wanted = all_of(&subjects, texts);

    (void)state;
    assert_int_equal(wanted.since, 3);
    assert_true(wanted.added);
    leave_all(&subjects);
}

/* What one message has failed at for long stays known until it has ended, whoever comes and goes. But who
 * comes to the front only then has failed at nothing. */
static void test_who_leaves_takes_along_no_failure_of_another(void **state)
{
    const struct synapse_call call = {.kind = SYNAPSE_READ_STATE};
    struct synapse_reply reply = {.outcome = SYNAPSE_FAILED};
    struct subjects subjects = {0};
    struct engine_message *first = enter(&subjects, MEMBER, 1), *second = enter(&subjects, MEMBER, 2);
    struct subject *room = subject_of(&subjects, "#room_r:s");

    (void)state;
    for (instant now = 5; now < 15 * 60 * 1000; now += 10000)
        obstacle_fail(&room->room.obstacles, &call, &reply, true, now);
    assert_true(plan_is_barred(&room->room.obstacles, call.kind));
    leave(&subjects, second);
    assert_true(plan_is_barred(&room->room.obstacles, call.kind));
    (void)enter(&subjects, DELETE, 3);
    leave(&subjects, first);
    assert_line(&subjects, "#room_r:s", "F");
    assert_false(plan_is_barred(&room->room.obstacles, call.kind));
    leave_all(&subjects);
}

static void test_welcome_alias(void **state)
{
    struct subjects subjects = {0};
    struct engine_message *message =
        enter(&subjects, "{'method': 'addUser', 'user': {'id': '@a:s'}, 'welcome': {'text': 'x'}}", 1);

    (void)state;
    assert_string_equal(message->welcome_alias, "#sync_a:s");
    leave_all(&subjects);
}

/* ---- room ids ---- */

static void test_room_ids_are_remembered(void **state)
{
    struct subjects subjects = {.most_weight = 1 << 20};
    struct engine_message *message = enter(&subjects, MAKE("R", ""), 1);

    (void)state;
    subject_of(&subjects, "#room_r:s")->room.presence = PRESENCE_HERE;
    subject_of(&subjects, "#room_r:s")->room.id = text_copy("!1:s");
    leave(&subjects, message);
    message = enter(&subjects, MAKE("R", ""), 2);
    assert_string_equal(subject_of(&subjects, "#room_r:s")->room.id, "!1:s");
    subject_of(&subjects, "#room_r:s")->room.deleting = true; /* not what one should come back to */
    leave(&subjects, message);
    message = enter(&subjects, MAKE("R", ""), 3);
    assert_null(subject_of(&subjects, "#room_r:s")->room.id);
    leave(&subjects, message);
    subjects_deinit(&subjects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fronts),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_who_leaves_might_never_have_come),
        cmocka_unit_test(test_all_lines_have_one_order),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_last_one_decides_how_old_knowledge_may_be),
        cmocka_unit_test(test_who_leaves_takes_along_no_failure_of_another),
        cmocka_unit_test(test_welcome_alias),
        cmocka_unit_test(test_room_ids_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

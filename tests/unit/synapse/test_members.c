#include "support/test.h"
#include "synapse/members.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* The id of the user with that number. */
static const char *name(char *id, size_t size, size_t number)
{
    (void)snprintf(id, size, "@user%zu:matrix.example.school", number);
    return id;
}

static enum membership get(const struct members *members, size_t number)
{
    char id[64];

    return members_get(members, name(id, sizeof(id), number));
}

static enum membership set(struct members **members, size_t number, enum membership membership)
{
    char id[64];

    return members_set(members, name(id, sizeof(id), number), membership);
}

static void knows_nobody_at_first(void **state)
{
    (void)state;
    assert_int_equal(members_get(NULL, "@a:h"), MEMBERSHIP_NONE);
    assert_int_equal(members_weight(NULL), 0);
    members_free(NULL);
}

/* Every membership may follow every other, and the last one is told; that takes no further room. */
static void tells_what_was_before(void **state)
{
    struct members *members = NULL;
    enum membership before = MEMBERSHIP_NONE;

    (void)state;
    for (int first = MEMBERSHIP_NONE; first <= MEMBERSHIP_KNOCK; first++)
        for (int second = MEMBERSHIP_NONE; second <= MEMBERSHIP_KNOCK; second++) {
            assert_int_equal(members_set(&members, "@a:h", (enum membership)first), before);
            assert_int_equal(members_set(&members, "@a:h", (enum membership)second), first);
            assert_int_equal(members_get(members, "@a:h"), second);
            assert_int_equal(members_get(members, "@b:h"), MEMBERSHIP_NONE);
            before = (enum membership)second;
        }
    assert_int_equal(members_set(&members, "@b:h", MEMBERSHIP_JOIN), MEMBERSHIP_NONE);
    assert_true(members_weight(members) <= 100);
    members_free(members);
}

/* At every size of the table, all of them are as they should be, and those who are not there are not. */
static void keeps_many(void **state)
{
    enum { MANY = 3000, LOOK_EVERY = 7 };
    struct members *members = NULL;

    (void)state;
    for (size_t count = 0; count < MANY; count++) {
        assert_int_equal(set(&members, count, (enum membership)(1 + count % MEMBERSHIP_KNOCK)),
                         MEMBERSHIP_NONE);
        for (size_t i = 0; count % LOOK_EVERY == 0 && i <= count; i++)
            assert_int_equal(get(members, i), 1 + i % MEMBERSHIP_KNOCK);
        assert_int_equal(get(members, count + 1), MEMBERSHIP_NONE);
    }
    members_free(members);
}

/* It takes no room to note that of somebody nothing is known. */
static void keeps_nothing_of_strangers(void **state)
{
    enum { MANY = 10000 };
    struct members *members = NULL;
    size_t weight;

    (void)state;
    assert_int_equal(set(&members, 0, MEMBERSHIP_JOIN), MEMBERSHIP_NONE);
    weight = members_weight(members);
    for (size_t i = 1; i < MANY; i++)
        assert_int_equal(set(&members, i, MEMBERSHIP_NONE), MEMBERSHIP_NONE);
    assert_int_equal(members_weight(members), weight);
    members_free(members);
}

/* Skips the test where malloc is that of a sanitizer, which takes more than it says. */
static void skip_unless_glibc(void)
{
    void *probe = malloc(1);
    size_t usable = malloc_usable_size(probe);

    free(probe);
    if (usable == 1)
        skip();
}

/* The sizes that the header states, of what malloc has really given. */
static void is_as_small_as_it_says(void **state)
{
    enum { MANY = 8000, SOME = 1000, WORD = sizeof(size_t) };
    struct members *members = NULL;
    double sum = 0;

    (void)state;
    skip_unless_glibc();
    (void)set(&members, 0, MEMBERSHIP_JOIN);
    assert_true(malloc_usable_size(members) + WORD <= 100);
    for (size_t count = 2; count <= MANY; count++) {
        double each;

        (void)set(&members, count - 1, MEMBERSHIP_JOIN);
        each = (double)(malloc_usable_size(members) + WORD) / (double)count;
        sum += count > SOME ? each : 0;
        if (count > SOME && (each < 9 || each > 13.8))
            fail_msg("%.1f bytes for each of %zu members", each, count);
    }
    assert_true(sum / (MANY - SOME) > 10.5 && sum / (MANY - SOME) < 11.8);
    members_free(members);
}

/* What is told is what malloc has given, except for what it rounds up in large blocks. */
static void knows_its_weight(void **state)
{
    enum { MANY = 5000, WORD = sizeof(size_t) };
    struct members *members = NULL;

    (void)state;
    skip_unless_glibc();
    for (size_t i = 0; i < MANY; i++) {
        size_t taken;

        (void)set(&members, i, MEMBERSHIP_JOIN);
        taken = malloc_usable_size(members) + WORD;
        assert_true(members_weight(members) <= taken && members_weight(members) * 11 >= taken * 10);
    }
    members_free(members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_nobody_at_first),
        cmocka_unit_test(tells_what_was_before),
        cmocka_unit_test(keeps_many),
        cmocka_unit_test(keeps_nothing_of_strangers),
        cmocka_unit_test(is_as_small_as_it_says),
        cmocka_unit_test(knows_its_weight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

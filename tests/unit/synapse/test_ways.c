/* The ways to the Matrix Authentication Service, wherever the homeserver says it is. */
#include "synapse/ways.h"

#include "base/memory.h"
#include "support/test.h"

#include <dirent.h>
#include <stdlib.h>

enum { MANY = 50 };

static const struct http_config terms = {
    .user_agent = "test", .connections = 2, .largest_reply = 1000, .connect_limit = 5000};

struct place {
    struct loop *loop;
    struct ways ways;
};

static void begin(struct place *place)
{
    struct error error;

    place->loop = loop_new(&error);
    assert_non_null(place->loop);
    ways_init(&place->ways, &terms, place->loop);
}

static void end(struct place *place)
{
    ways_deinit(&place->ways);
    loop_free(place->loop);
}

/* Nobody listens at any of them. */
static struct http *lead_to(struct place *place, unsigned number)
{
    CLEANUP(freep) char *base = text_format("http://127.0.0.1:%u", number);
    struct error error;
    struct http *http = ways_to(&place->ways, base, &error);

    assert_non_null(http);
    assert_ptr_equal(http, ways_latest(&place->ways));
    return http;
}

static unsigned descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

static void test_ever_other_addresses_take_no_more_than_one(void **state)
{
    struct place place;
    unsigned of_one;

    (void)state;
    begin(&place);
    (void)lead_to(&place, 1);
    of_one = descriptors();
    for (unsigned i = 2; i < MANY; i++)
        (void)lead_to(&place, i);
    assert_int_equal(descriptors(), of_one);
    end(&place);
}

static void never(void *context, const struct http_reply *reply)
{
    (void)context;
    (void)reply;
    fail();
}

static void test_a_call_under_way_goes_on_where_it_was_sent(void **state)
{
    const struct http_request request = {.method = HTTP_GET, .path = "/"};
    struct place place;
    struct http *first;

    (void)state;
    begin(&place);
    first = lead_to(&place, 1);
    (void)http_send(first, &request, never, NULL);
    assert_ptr_not_equal(lead_to(&place, 2), first);
    assert_ptr_not_equal(lead_to(&place, 3), first);
    assert_ptr_equal(lead_to(&place, 1), first);
    assert_false(http_is_idle(first));
    end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ever_other_addresses_take_no_more_than_one),
        cmocka_unit_test(test_a_call_under_way_goes_on_where_it_was_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

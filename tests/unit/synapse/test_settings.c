#include "support/test.h"
#include "synapse/settings.h"

#include <string.h>

/* A setting that is forgotten in the table is a row of zeros. */
static void knows_every_setting(void **state)
{
    (void)state;
    for (int i = 0; i < ROOM_SETTINGS; i++) {
        const struct setting_form *form = setting_form((enum room_setting)i);

        assert_non_null(form->type);
        assert_int_equal(strncmp(form->type, "m.room.", strlen("m.room.")), 0);
        assert_non_null(form->key);
        assert_string_equal(room_setting_words((enum room_setting)i), form->words);
        for (int other = 0; other < i; other++)
            assert_string_not_equal(form->type, setting_form((enum room_setting)other)->type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_every_setting)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/dump.h"
#include "support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own: what is forbidden remains so. */
static void makes_no_dump(void **state)
{
    pid_t child = fork();
    int status = 0;

    (void)state;
    if (child == 0) {
        struct rlimit limit = {1, 1};

        dump_forbid();
        if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0 ||
            prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
            _exit(1);
        (void)signal(SIGABRT, SIG_DFL);
        abort();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_false(WCOREDUMP(status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(makes_no_dump)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the daemon can still read, with a configuration of many files; each in a process of its own. */
#include "command/confine.h"
#include "config/workspace.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifdef SYNC_INSTRUMENTED
enum { IS_WATCHED = true };
#else
enum { IS_WATCHED = false };
#endif

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static bool reads(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

/* Beside the working directory of the tests, here/. */
static void put_files(const char *folder)
{
    static const char *const files[] = {"here/.env",      "here/config/default.yaml",
                                        "yaml/ours.yaml", "secrets/matrix",
                                        "secrets/later",  "real/key",
                                        "real/next",      "authorities/ca.pem",
                                        "trust/ca.pem",   "pictures/later.png",
                                        "strange/file"};
    static const char *const folders[] = {"here", "here/config", "yaml",  "secrets",  "links",
                                          "real", "authorities", "trust", "pictures", "strange"};

    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        assert_int_equal(mkdir(folders[i], 0700), 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        write_file(files[i], strstr(files[i], "secrets") ? "sesame" : "");
        assert_int_equal(chmod(files[i], 0600), 0);
    }
    write_file("yaml/ours.yaml", "SYNC:\n  ERASE: false\n");
    assert_int_equal(symlink("../real/key", "links/key"), 0);
    assert_int_equal(chdir("here"), 0);
}

static struct config *load_all(const char *folder)
{
    CLEANUP(freep) char *authorities = text_format("%s/authorities/ca.pem", folder);
    CLEANUP(freep) char *trust = text_format("/missing:%s/trust", folder);

    set("MATRIX_MESSENGER__URI", "http://localhost:8008");
    set("MATRIX_MESSENGER__SERVERNAME", "school");
    set("MATRIX_MESSENGER__SECRET_FILE", "../secrets/matrix");
    set("MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH", "../pictures/missing.png");
    set("HTTP__CA_FILE", authorities);
    set("RABBITMQ_CERTIFICATE_FILE", "../links/key");
    set("RABBITMQ_KEY_FILE", "../links/key");
    set("SSL_CERT_DIR", trust);
    return load_from(&(struct config_sources){.yaml_file = "../yaml/ours.yaml"});
}

/* 0: all as it should be; else the number of the line. */
static int look_around(void)
{
    static const char *const readable[] = {
        ".env",
        "config/default.yaml",
        "../yaml/ours.yaml",
        "../secrets/matrix",
        "../secrets/later",
        "../real/next",
        "../authorities/ca.pem",
        "../trust/ca.pem",
        "../pictures/later.png",
        "/etc/hosts",
        "/usr/bin",
        "/proc/self/stat",
        "/dev/urandom",
    };

    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
        if (!reads(readable[i])) {
            (void)fprintf(stdout, "%s: %s\n", readable[i], strerror(errno));
            return __LINE__ % 100;
        }
    if (reads("../strange/file") || reads("..") || reads("/"))
        return __LINE__ % 100;
    return open("made", O_WRONLY | O_CREAT, 0600) >= 0 ? __LINE__ % 100 : 0;
}

static int look_from_the_root(void)
{
    return reads("/") || reads("/tmp") ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* What is seen by a process that is confined in the folder. */
static void assert_sees(const struct workspace *workspace, const char *folder, int (*look)(void))
{
    struct config *config;
    pid_t child;
    int status = 0;

    if (IS_WATCHED || !has_landlock())
        skip();
    put_files(workspace->folder);
    config = load_all(workspace->folder);
    child = fork();
    if (child == 0) {
        if (chdir(folder) < 0)
            _exit(EXIT_FAILURE);
        confine(config);
        _exit(look());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    config_free(config);
}

static void test_it_reads_what_the_configuration_names(void **state)
{
    assert_sees(*state, ".", look_around);
}

/* The working directory of a service is often the root: that is not to be all that there is. */
static void test_the_root_is_not_everything(void **state)
{
    assert_sees(*state, "/", look_from_the_root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_reads_what_the_configuration_names, workspace_setup,
                                        workspace_teardown),
        cmocka_unit_test_setup_teardown(test_the_root_is_not_everything, workspace_setup, workspace_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

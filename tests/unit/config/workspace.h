#ifndef TEST_CONFIG_WORKSPACE_H
#define TEST_CONFIG_WORKSPACE_H

#include "base/log.h"
#include "base/memory.h"
#include "config/config.h"
#include "support/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A place of their own for tests of the configuration: an empty working directory, an empty environment, and
 * a file that takes what is logged.
 */
struct workspace {
    char folder[64];
    int old_folder, old_stderr;
};

/* Fixtures for cmocka_unit_test_setup_teardown(). */
static inline int workspace_setup(void **state)
{
    struct workspace *workspace = NEW(struct workspace);

    (void)snprintf(workspace->folder, sizeof(workspace->folder), "/tmp/sync-config-XXXXXX");
    assert_non_null(mkdtemp(workspace->folder));
    workspace->old_folder = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(chdir(workspace->folder), 0);
    assert_int_equal(clearenv(), 0);
    (void)fflush(stderr);
    workspace->old_stderr = dup(STDERR_FILENO);
    *state = workspace;
    return 0;
}

static inline int workspace_remove_one(const char *path, const struct stat *status, int type,
                                       struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int workspace_teardown(void **state)
{
    struct workspace *workspace = *state;

    assert_int_equal(fchdir(workspace->old_folder), 0);
    (void)dup2(workspace->old_stderr, STDERR_FILENO);
    (void)close(workspace->old_stderr);
    (void)close(workspace->old_folder);
    (void)nftw(workspace->folder, workspace_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(workspace);
    return 0;
}

static inline void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void write_file(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

static inline void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

/* The least that a configuration needs, in the environment. */
static inline void set_required(void)
{
    set("MATRIX_MESSENGER__URI", "http://localhost:8008");
    set("MATRIX_MESSENGER__SERVERNAME", "example.org");
    set("MATRIX_MESSENGER__SECRET", "environment-secret");
}

/* From here on the log goes to the file "log" in the working directory. */
static inline void capture_log(void)
{
    int fd = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    (void)close(fd);
}

/* What was logged; valid until the next call. */
static inline const char *logged(void)
{
    static char text[65536];
    FILE *file = fopen("log", "rb");

    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static inline struct config *load_from(const struct config_sources *sources)
{
    struct error error = {"no error"};
    struct config *config = config_load(sources, &error);

    if (!config)
        fail_msg("refused: %s", error.text);
    return config;
}

static inline struct config *load(void)
{
    return load_from(&(struct config_sources){0});
}

static inline void assert_refused_from(const struct config_sources *sources, const char *expected)
{
    struct error error = {"no error"};
    CLEANUP(config_freep) struct config *config = config_load(sources, &error);

    assert_null(config);
    assert_string_equal(error.text, expected);
}

static inline void assert_refused(const char *expected)
{
    assert_refused_from(&(struct config_sources){0}, expected);
}

#endif

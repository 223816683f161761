/*
 * Files with secrets, as X_FILE names them and as systemd leaves them in a folder of credentials: they hold
 * any bytes, and a secret in their midst. It is taken as it stands there, without the end of its line, or
 * refused; and no complaint, and nothing that is shown of the settings, tells it.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Reaches: config/config.c config/file.c config/sources.c config/exposure.c */

#define SECRET "hunter2-7f3a9c"

enum { LARGEST_SECRET = 65536 };

/* Each file that there may be is read into a block of its largest size. */
const struct fuzz_bound fuzz_bound = {.memory = 1500, .blocks = 10, .steps = 5000};

static int fd;
static char folder[] = "/tmp/fuzz-credentials-XXXXXX", place[64];

static void clean_up(void)
{
    char path[sizeof(folder) + 32];

    (void)snprintf(path, sizeof(path), "%s/MATRIX_MESSENGER__SECRET", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* The file is in memory; a link in the folder leads to it. */
static void prepare(void)
{
    char path[sizeof(folder) + 32];

    must(clearenv() == 0); /* which is looked at, too */
    fd = memfd_create("secret", MFD_CLOEXEC);
    must(fd >= 0 && mkdtemp(folder));
    (void)snprintf(place, sizeof(place), "/proc/self/fd/%d", fd);
    (void)snprintf(path, sizeof(path), "%s/MATRIX_MESSENGER__SECRET", folder);
    must(symlink(place, path) == 0);
    (void)atexit(clean_up);
}

static void check_hidden(const char *text)
{
    must(!text || !strstr(text, SECRET));
}

static void mistake(void *context, const char *text)
{
    (void)context;
    check_hidden(text);
}

static void doubt(void *context, const char *where, const char *name, const char *text)
{
    (void)context;
    check_hidden(where);
    check_hidden(name);
    check_hidden(text);
}

/* What the file says. */
static char *content_of(const struct fuzz_rest *rest, size_t at, size_t *ret_size)
{
    size_t length = strlen(SECRET), before = at < rest->size ? at : rest->size;
    char *bytes = memory_new(rest->size + length + 1, 1);

    memcpy(bytes, rest->data, before);
    memcpy(bytes + before, SECRET, length);
    memcpy(bytes + before + length, rest->data + before, rest->size - before);
    *ret_size = rest->size + length;
    return bytes;
}

/* What must have been taken; NULL: it must be refused. */
static char *expected(const char *bytes, size_t size)
{
    if (size > LARGEST_SECRET || strlen(bytes) < size)
        return NULL;
    if (size > 0 && bytes[size - 1] == '\n')
        size--;
    if (size > 0 && bytes[size - 1] == '\r')
        size--;
    return text_copy_bytes(bytes, size);
}

static void check_shown(const struct config *config)
{
    for (unsigned i = 0; i < config->entry_count; i++) {
        check_hidden(config->entries[i].value);
        check_hidden(config->entries[i].source);
    }
    check_hidden(config->files);
}

static void load(uint8_t how, const char *wanted)
{
    static const char *const names[] = {"MATRIX_MESSENGER__SYNC_USER_PASSWORD_FILE",
                                        "MATRIX_MESSENGER__SYNC_USER_TOKEN_FILE", "RABBITMQ_URI_FILE",
                                        "HTTP__PROXY_FILE"};
    CLEANUP(freep) char *file = text_format("%s=%s", names[how % 4], place);
    const char *const overrides[] = {"MATRIX_MESSENGER__URI=http://h", "MATRIX_MESSENGER__SERVERNAME=h",
                                     how & 4 ? "LOG__LEVEL=info" : file, NULL};
    const struct config_listener listener = {.mistake = mistake, .doubt = doubt};
    struct error error = {""};
    CLEANUP(config_freep)
    struct config *config = config_load(
        &(struct config_sources){.yaml_file = "/dev/null", .overrides = overrides, .listener = &listener},
        &error);

    check_hidden(error.text);
    must(!config == (error.text[0] != '\0'));
    if (!config)
        return;
    check_shown(config);
    must(wanted != NULL);
    must(!config->matrix.secret || text_equal(config->matrix.secret, wanted));
    must(!config->matrix.sync_user_password || text_equal(config->matrix.sync_user_password, wanted));
    must(!config->matrix.sync_user_token || text_equal(config->matrix.sync_user_token, wanted));
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    uint8_t how = fuzz_byte(&rest), at = fuzz_byte(&rest);
    size_t length;
    CLEANUP(freep) char *bytes = content_of(&rest, at, &length);
    CLEANUP(freep) char *wanted = expected(bytes, length);

    if (fd == 0)
        prepare();
    must(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, length, 0) == (ssize_t)length);
    if (how & 8)
        (void)setenv("CREDENTIALS_DIRECTORY", folder, 1);
    else
        (void)unsetenv("CREDENTIALS_DIRECTORY");
    load(how, wanted);
}

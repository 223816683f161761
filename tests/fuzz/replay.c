/*
 * Tries the inputs of files and folders, one after the other: for builds without libFuzzer, so that other
 * compilers, other sanitizers and valgrind see them, too. Each stands in a block of its own size. The file
 * that was tried last is the last one that was named.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST_PATH = 4096, LARGEST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *path)
{
    perror(path);
    exit(1);
}

static void try_file(const char *path)
{
    FILE *file = fopen(path, "re");
    uint8_t *bytes = malloc(LARGEST), *input;
    size_t size;

    if (!file || !bytes)
        fail(path);
    size = fread(bytes, 1, LARGEST, file);
    (void)fclose(file);
    input = malloc(size > 0 ? size : 1);
    if (!input)
        fail(path);
    memcpy(input, bytes, size);
    free(bytes);
    (void)printf("%s\n", path);
    (void)fflush(stdout);
    (void)LLVMFuzzerTestOneInput(input, size);
    free(input);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* In the order of their names. */
static int try_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_visible, alphasort);
    char path[LONGEST_PATH];

    if (count < 0)
        fail(folder);
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        try_file(path);
        free(entries[i]);
    }
    free((void *)entries);
    return count;
}

int main(int count, char **paths)
{
    struct stat status;
    int tried = 0;

    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < count; i++) {
        if (stat(paths[i], &status) < 0)
            fail(paths[i]);
        if (S_ISDIR(status.st_mode))
            tried += try_folder(paths[i]);
        else
            try_file(paths[i]);
    }
    (void)printf("%d inputs of folders\n", tried);
    return 0;
}

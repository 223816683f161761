#include "command/requests_file.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST_FILE = 256 * 1024 * 1024, /* bytes */
    MOST_COMPLAINTS = 20,             /* that are printed */
};

/* ---- reading ---- */

static bool read_all(FILE *stream, struct buffer *bytes, struct error *error)
{
    char piece[64 * 1024];
    size_t size;

    while ((size = fread(piece, 1, sizeof(piece), stream)) > 0)
        if (!buffer_append(bytes, piece, size))
            return error_set(error, "larger than %d MiB", LARGEST_FILE >> 20);
    explicit_bzero(piece, sizeof(piece));
    return !ferror(stream) || error_set(error, "%s", strerror(errno));
}

static bool read_stream(struct requests_file *file, FILE *stream, struct error *error)
{
    struct buffer bytes;
    bool read;

    buffer_init_secret(&bytes, LARGEST_FILE);
    read = read_all(stream, &bytes, error);
    if (read) {
        file->size = bytes.size;
        file->bytes = buffer_take(&bytes);
    }
    buffer_deinit(&bytes);
    return read || error_within(error, "%s", file->name);
}

bool requests_file_read(struct requests_file *file, const char *name, struct error *error)
{
    bool is_file = name && strcmp(name, "-") != 0, read;
    FILE *stream = is_file ? fopen(name, "re") : stdin;

    file->name = is_file ? name : "standard input";
    if (!stream)
        return error_set(error, "%s: %s", name, strerror(errno));
    read = read_stream(file, stream, error);
    if (is_file)
        (void)fclose(stream);
    return read;
}

void requests_file_deinit(struct requests_file *file)
{
    memory_free_secret(file->bytes);
    *file = (struct requests_file){.name = NULL};
}

/* ---- requests ---- */

char *requests_file_place(const struct request_part *part)
{
    if (part->is_in_array)
        return text_format("[%zu], line %zu", part->number, part->origin.lines + 1);
    return text_format("line %zu", part->origin.lines + 1);
}

static struct request *make_request(const struct request_part *part, const struct request_rules *rules,
                                    struct request_complaint *complaint)
{
    struct request_rules own = *rules;

    own.origin = part->origin;
    return request_parse(part->bytes, part->size, &own, complaint);
}

struct request *requests_file_next(struct request_split *split, const struct request_rules *rules,
                                   struct request_part *ret_part)
{
    struct request_complaint complaint;

    if (request_split_next(split, ret_part, &complaint) != REQUEST_SPLIT_PART)
        return NULL;
    return make_request(ret_part, rules, &complaint);
}

/* ---- checking ---- */

static void print_complaint(const struct requests_file *file, const struct request_part *part,
                            const struct request_complaint *complaint, FILE *stream)
{
    CLEANUP(freep) char *place = requests_file_place(part);

    (void)fprintf(stream, "synapse-sync: %s: %s: %s: %s\n", file->name, place,
                  request_code_name(complaint->code), complaint->detail.text);
}

bool requests_file_check(const struct requests_file *file, const struct request_rules *rules,
                         FILE *complaints, size_t *ret_count)
{
    struct request_split split = request_split_begin(file->bytes ? file->bytes : "", file->size);
    struct request_complaint complaint;
    struct request_part part;
    enum request_split_result result;
    size_t count = 0, broken = 0;

    while ((result = request_split_next(&split, &part, &complaint)) != REQUEST_SPLIT_END) {
        CLEANUP(request_freep) struct request *request = NULL;

        if (result == REQUEST_SPLIT_PART)
            request = make_request(&part, rules, &complaint);
        count += request != NULL;
        if (!request && broken++ < MOST_COMPLAINTS)
            print_complaint(file, &part, &complaint, complaints);
    }
    if (broken > MOST_COMPLAINTS)
        (void)fprintf(complaints, "synapse-sync: %s: and %zu more\n", file->name, broken - MOST_COMPLAINTS);
    *ret_count = count;
    return broken == 0;
}

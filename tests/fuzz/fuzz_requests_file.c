/*
 * Any bytes as a file of requests, for `plan` and `apply`: what was found sound when the file was checked is
 * there again when it is worked on, neither more nor less. And a request weighs in memory no more than is
 * reckoned before it is decoded, in the daemon as well.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "command/intake.h"
#include "command/requests_file.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: command/requests_file.c request/split.c */

enum { SLACK = 1024 /* bytes: of a request of whatever size */ };

/* It is parsed twice, and each mistake has its line. */
const struct fuzz_bound fuzz_bound = {.memory = 500, .blocks = 40, .steps = 2000};

static const struct request_rules rules = {
    .server_name = "example.org", .sync_user = "@sync:example.org", .largest_body = 4096};

static size_t work_on(const struct requests_file *file)
{
    struct request_split split = request_split_begin(file->bytes, file->size);
    struct request_part part;
    size_t count = 0;

    for (;;) {
        size_t before = fuzz_held();
        CLEANUP(request_freep) struct request *request = requests_file_next(&split, &rules, &part);
        CLEANUP(freep) char *place = NULL;

        if (!request)
            return count;
        must(fuzz_held() - before <= intake_weigh(part.bytes, part.size) + SLACK);
        place = requests_file_place(&part);
        must(strstr(place, "line ") != NULL);
        count++;
    }
}

static size_t lines_in(const char *text)
{
    size_t lines = 0;

    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct requests_file file = {
        .name = "f", .bytes = text_copy_bytes((const char *)data, size), .size = size};
    char *complaints = NULL;
    size_t length, count = 0;
    FILE *stream = open_memstream(&complaints, &length);
    bool sound = requests_file_check(&file, &rules, stream, &count);

    must(fclose(stream) == 0);
    must(sound == (*complaints == '\0') && lines_in(complaints) <= 21);
    if (sound)
        must(work_on(&file) == count);
    free(complaints);
    requests_file_deinit(&file);
}

/*
 * Tells of requests what the daemon would say of them, for contract.py. Standard input holds one after the
 * other, each behind a line with its number of bytes. Of each a line comes back: "ok", or the code and the
 * detail of the complaint.
 */
#include "base/memory.h"
#include "request/request.h"

#include <stdio.h>
#include <stdlib.h>

enum { LARGEST_BODY = 1 << 20 };

static void judge(const char *bytes, size_t size)
{
    const struct request_rules rules = {
        .server_name = "example.org", .sync_user = "@sync:example.org", .largest_body = LARGEST_BODY};
    struct request_complaint complaint = {0};
    CLEANUP(request_freep) struct request *request = request_parse(bytes, size, &rules, &complaint);

    if (request)
        puts("ok");
    else
        printf("%s: %s\n", request_code_name(complaint.code), complaint.detail.text);
}

int main(void)
{
    size_t size;

    while (scanf("%zu", &size) == 1 && getchar() == '\n' && size <= 2 * (size_t)LARGEST_BODY) {
        CLEANUP(freep) char *bytes = memory_new(size + 1, 1);

        if (fread(bytes, 1, size, stdin) != size)
            return EXIT_FAILURE;
        judge(bytes, size);
    }
    return feof(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}

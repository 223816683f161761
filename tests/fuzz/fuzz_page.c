/*
 * Any words of homeserver, broker and producer on the page of the monitor: they make no tag and no attribute,
 * and what is hidden in them is shown.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"
#include "monitor/page.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: monitor/page.c monitor/html.c monitor/history.c monitor/chart.c */

enum { WORDS = 6, LARGEST_PAGE = 1 << 20 };

const struct fuzz_bound fuzz_bound = {.memory = 500, .blocks = 5, .steps = 1000};

static char *write_page(const char *const words[WORDS])
{
    struct history history = {0};
    const struct monitor_state state = {
        .peers = {{.name = "broker", .where = words[0], .trouble = words[1]},
                  {.name = "homeserver", .where = words[0], .is_ready = true}},
        .held = {{.messages = 1, .call = "read-user", .reason = words[2]}},
        .held_count = 1,
    };
    struct buffer page;

    buffer_init(&page, LARGEST_PAGE);
    history_add(&history,
                &(struct monitor_message){.method = "addUser", .subject = words[3], .changes = words[4]}, 0);
    history_add(&history,
                &(struct monitor_message){
                    .method = "addUser", .subject = words[3], .code = "invalid-message", .detail = words[5]},
                0);
    page_write(&page, &(struct page){.state = &state, .history = &history, .version = "1", .nonce = "n"});
    must(!page.overflowed);
    history_deinit(&history);
    return buffer_take(&page);
}

static size_t count(const char *text, char byte)
{
    size_t found = 0;

    for (; *text; text++)
        found += *text == byte;
    return found;
}

static void check_visible(const char *text)
{
    uint32_t code = 0;

    for (size_t size; *text; text += size) {
        size = text_read(text, &code);
        must(size > 0 && (code == '\n' || !visible_is_hidden(code)));
    }
}

static void compare(const char *page, const char *harmless)
{
    static const char marks[] = "<>\"'\n";

    for (const char *mark = marks; *mark; mark++)
        must(count(page, *mark) == count(harmless, *mark));
    check_visible(page);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    const char *harmless[WORDS];
    char *words[WORDS], *page, *other;

    for (int i = 0; i < WORDS; i++) { /* none of them empty, or something would be left out */
        CLEANUP(freep) char *text = fuzz_text(&rest);

        words[i] = text_format("x%s", text);
        harmless[i] = "x";
    }
    page = write_page((const char *const *)words);
    other = write_page(harmless);
    compare(page, other);
    free(page);
    free(other);
    for (int i = 0; i < WORDS; i++)
        free(words[i]);
}

/*
 * libgumbo parses HTML by the rules that browsers follow, so the plain text says what those see who are shown
 * the HTML, be it as broken as it may. Two things have to be kept from it:
 *
 * - There are texts for which these rules copy all open elements again and again: 64 KiB become gigabytes.
 * Others make it look through all that is open at each tag. So it gets one piece of memory and no more, which
 * bounds both, and what does not fit is given up: libgumbo cannot be told that there is no memory left, hence
 * the jump. All that it has then is in that piece.
 * - Its own way to free a tree calls itself at each level, deeper than the stack is. So nothing is freed but
 * the piece of memory as a whole, and the tree is walked without a stack.
 */
#include "synapse/html.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <gumbo.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

enum {
    LARGEST = 65536,      /* bytes: Synapse takes no larger event (api/constants.py, MAX_PDU_SIZE) */
    MEMORY = 1536 * 1024, /* bytes: ordinary texts of that size take half of it */
    ALIGNMENT = 16,
    DEEPEST = 8,           /* list that is indented further than those around it */
    MOST_BYTES_FOR_ONE = 5 /* of text for one of HTML: `<li>x` at the deepest level */
};

/* ---- parsing ---- */

struct piece {
    char *bytes;
    size_t used;
    jmp_buf full;
};

static void *take_memory(void *context, size_t size)
{
    struct piece *piece = context;
    size_t room = MEMORY - piece->used;
    void *block = piece->bytes + piece->used;

    if (size > room - ALIGNMENT)
        longjmp(piece->full, 1);
    piece->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return block;
}

static void leave_memory(void *context, void *block)
{
    (void)context;
    (void)block;
}

/* The root of the tree; NULL: it does not fit into the piece. */
static const GumboNode *parse(struct piece *piece, const char *html)
{
    GumboOptions options = kGumboDefaultOptions;

    options.allocator = take_memory;
    options.deallocator = leave_memory;
    options.userdata = piece;
    options.max_errors = 0;
    options.fragment_context = GUMBO_TAG_DIV; /* as what stands in a page, not as a whole one */
    if (setjmp(piece->full) != 0)
        return NULL;
    return gumbo_parse_with_options(&options, html, strlen(html))->root;
}

/* ---- writing ---- */

/* What tags mean here; the others mean nothing. */
enum { BLOCK = 1, LIST = 2, ITEM = 4, CELL = 8, PREFORMATTED = 16, BREAK = 32, HIDDEN = 64 };

static const unsigned char meanings[GUMBO_TAG_LAST] = {
    [GUMBO_TAG_ADDRESS] = BLOCK,
    [GUMBO_TAG_ARTICLE] = BLOCK,
    [GUMBO_TAG_ASIDE] = BLOCK,
    [GUMBO_TAG_BLOCKQUOTE] = BLOCK,
    [GUMBO_TAG_CAPTION] = BLOCK,
    [GUMBO_TAG_CENTER] = BLOCK,
    [GUMBO_TAG_DD] = BLOCK,
    [GUMBO_TAG_DETAILS] = BLOCK,
    [GUMBO_TAG_DIV] = BLOCK,
    [GUMBO_TAG_DL] = BLOCK,
    [GUMBO_TAG_DT] = BLOCK,
    [GUMBO_TAG_FIELDSET] = BLOCK,
    [GUMBO_TAG_FIGCAPTION] = BLOCK,
    [GUMBO_TAG_FIGURE] = BLOCK,
    [GUMBO_TAG_FOOTER] = BLOCK,
    [GUMBO_TAG_FORM] = BLOCK,
    [GUMBO_TAG_H1] = BLOCK,
    [GUMBO_TAG_H2] = BLOCK,
    [GUMBO_TAG_H3] = BLOCK,
    [GUMBO_TAG_H4] = BLOCK,
    [GUMBO_TAG_H5] = BLOCK,
    [GUMBO_TAG_H6] = BLOCK,
    [GUMBO_TAG_HEADER] = BLOCK,
    [GUMBO_TAG_HGROUP] = BLOCK,
    [GUMBO_TAG_HR] = BLOCK,
    [GUMBO_TAG_LEGEND] = BLOCK,
    [GUMBO_TAG_MAIN] = BLOCK,
    [GUMBO_TAG_NAV] = BLOCK,
    [GUMBO_TAG_OPTION] = BLOCK,
    [GUMBO_TAG_P] = BLOCK,
    [GUMBO_TAG_SECTION] = BLOCK,
    [GUMBO_TAG_SUMMARY] = BLOCK,
    [GUMBO_TAG_TABLE] = BLOCK,
    [GUMBO_TAG_TR] = BLOCK,
    [GUMBO_TAG_DIR] = BLOCK | LIST,
    [GUMBO_TAG_MENU] = BLOCK | LIST,
    [GUMBO_TAG_OL] = BLOCK | LIST,
    [GUMBO_TAG_UL] = BLOCK | LIST,
    [GUMBO_TAG_LI] = BLOCK | ITEM,
    [GUMBO_TAG_TD] = CELL,
    [GUMBO_TAG_TH] = CELL,
    [GUMBO_TAG_LISTING] = BLOCK | PREFORMATTED,
    [GUMBO_TAG_PLAINTEXT] = BLOCK | PREFORMATTED,
    [GUMBO_TAG_PRE] = BLOCK | PREFORMATTED,
    [GUMBO_TAG_XMP] = BLOCK | PREFORMATTED,
    [GUMBO_TAG_BR] = BREAK,
    [GUMBO_TAG_IFRAME] = HIDDEN,
    [GUMBO_TAG_NOEMBED] = HIDDEN,
    [GUMBO_TAG_NOFRAMES] = HIDDEN,
    [GUMBO_TAG_SCRIPT] = HIDDEN,
    [GUMBO_TAG_STYLE] = HIDDEN,
    [GUMBO_TAG_TEMPLATE] = HIDDEN,
    [GUMBO_TAG_TITLE] = HIDDEN,
};

/* What is to come before the next character is only remembered, so there is none at the end. */
struct writer {
    struct buffer text;
    unsigned breaks;   /* by tags */
    unsigned newlines; /* by characters */
    bool blank;
    bool item;                    /* the "- " of a list item */
    unsigned lists, preformatted; /* elements that are open */
};

static void put_breaks(struct writer *writer)
{
    unsigned breaks = writer->breaks > writer->newlines ? writer->breaks : writer->newlines;

    for (unsigned i = 0; i < breaks; i++)
        (void)buffer_append_char(&writer->text, '\n');
    if (breaks == 0 && writer->blank)
        (void)buffer_append_char(&writer->text, ' ');
}

static void put_item(struct writer *writer)
{
    for (unsigned i = 1; i < writer->lists && i < DEEPEST; i++)
        (void)buffer_append_text(&writer->text, "  ");
    (void)buffer_append_text(&writer->text, "- ");
}

static void put(struct writer *writer, char byte)
{
    if (writer->text.size > 0)
        put_breaks(writer);
    if (writer->item)
        put_item(writer);
    writer->breaks = writer->newlines = 0;
    writer->blank = writer->item = false;
    (void)buffer_append_char(&writer->text, byte);
}

static void put_folded(struct writer *writer, char byte)
{
    if (byte == '\n')
        writer->newlines += writer->breaks == 0;
    else if (strchr(" \t\f\r", byte))
        writer->blank = true;
    else
        put(writer, byte);
}

static void put_text(struct writer *writer, const char *text)
{
    for (; *text; text++) {
        if (writer->preformatted == 0)
            put_folded(writer, *text);
        else if (*text == '\n')
            writer->breaks++;
        else
            put(writer, *text);
    }
}

static void break_line(struct writer *writer)
{
    if (writer->breaks == 0)
        writer->breaks = 1;
}

static unsigned meaning_of(const GumboNode *node)
{
    return node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE
               ? meanings[node->v.element.tag]
               : 0;
}

static void enter(struct writer *writer, const GumboNode *node)
{
    unsigned meaning = meaning_of(node);

    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
        node->type == GUMBO_NODE_CDATA)
        put_text(writer, node->v.text.text);
    if (meaning & BLOCK)
        break_line(writer);
    writer->lists += (meaning & LIST) != 0;
    writer->preformatted += (meaning & PREFORMATTED) != 0;
    writer->breaks += (meaning & BREAK) != 0;
    writer->blank = writer->blank || (meaning & CELL);
    writer->item = writer->item || (meaning & ITEM);
}

static void leave(struct writer *writer, const GumboNode *node)
{
    unsigned meaning = meaning_of(node);

    if (meaning & BLOCK)
        break_line(writer);
    writer->lists -= (meaning & LIST) != 0;
    writer->preformatted -= (meaning & PREFORMATTED) != 0;
    writer->item = writer->item && !(meaning & ITEM); /* there was nothing in it */
}

/* ---- the walk ---- */

static const GumboNode *first_child(const GumboNode *node)
{
    if (node->type != GUMBO_NODE_ELEMENT || meaning_of(node) & HIDDEN || node->v.element.children.length == 0)
        return NULL;
    return node->v.element.children.data[0];
}

static const GumboNode *next_sibling(const GumboNode *node)
{
    const GumboVector *siblings = &node->parent->v.element.children;
    size_t next = node->index_within_parent + 1;

    return next < siblings->length ? siblings->data[next] : NULL;
}

/* What comes behind the node, with all that ends before it left. */
static const GumboNode *go_on(struct writer *writer, const GumboNode *node, const GumboNode *root)
{
    const GumboNode *next = first_child(node);

    while (!next && node != root) {
        leave(writer, node);
        next = next_sibling(node);
        node = node->parent;
    }
    return next;
}

static char *text_of(const GumboNode *root, size_t size)
{
    struct writer writer = {0};

    buffer_init_secret(&writer.text, MOST_BYTES_FOR_ONE * size);
    for (const GumboNode *node = root; node; node = go_on(&writer, node, root))
        enter(&writer, node);
    return buffer_take(&writer.text);
}

char *html_to_text(const char *html)
{
    struct piece piece = {0};
    const GumboNode *root;
    char *text;

    if (!strpbrk(html, "<&") || strlen(html) > LARGEST)
        return text_copy(html);
    piece.bytes = memory_new(MEMORY, 1);
    root = parse(&piece, html);
    text = root ? text_of(root, strlen(html)) : text_copy(html);
    memory_free_secret(piece.bytes);
    return text;
}

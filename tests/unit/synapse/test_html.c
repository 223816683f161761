/* What a reader sees of HTML. */
#include "base/cleanup.h"
#include "base/memory.h"
#include "support/test.h"
#include "synapse/html.h"

#include <stdio.h>
#include <string.h>

static void expect(const char *html, const char *expected)
{
    CLEANUP(freep) char *text = html_to_text(html);

    assert_string_equal(text, expected);
}

/* ---- what tags mean ---- */

static void tags_are_removed(void **state)
{
    (void)state;
    expect("<b>bold</b> and <i class='x'>italic</i>", "bold and italic");
    expect("see <a href=\"https://example.org/?a=1&amp;b=2\">here</a>!", "see here!");
    expect("<h1>\xc3\x9c</h1>", "\xc3\x9c");
    expect("<!DOCTYPE html><?xml version='1.0'?>x", "x");
    expect("<html><head><title>t</title></head><body>x</body></html>", "x");
    expect("<b\n>x</b\t>", "x");
    expect("<img src=x alt=y>", "");
}

static void breaks_and_blocks_end_the_line(void **state)
{
    (void)state;
    expect("one<br>two<br/>three", "one\ntwo\nthree");
    expect("one<br><br>two", "one\n\ntwo");
    expect("<p>one</p><p>two<br/>three<br>four</p>", "one\ntwo\nthree\nfour");
    expect("<div><div><p>one</p></div></div><p></p><div></div><div>two</div>", "one\ntwo");
    expect("one<hr>two", "one\ntwo");
    expect("<h1>one</h1>two<blockquote>three</blockquote>four", "one\ntwo\nthree\nfour");
    expect("one<p>two<br></p>three", "one\ntwo\nthree");
    expect("<br><p><br>one</p><br><br>", "one");
    expect("<table><tr><td>a</td><td>b</td></tr><tr><th>c<td>d</table>", "a b\nc d");
    expect("<dl><dt>a<dd>b</dl>", "a\nb");
    expect("one<span>two</span>three", "onetwothree");
}

static void list_items_begin_with_a_dash(void **state)
{
    (void)state;
    expect("<ul><li>a</li><li>b</li></ul>", "- a\n- b");
    expect("<p>x</p><ul>\n <li>a</li>\n <li><p>b</p><p>c</p></li>\n</ul>\ny", "x\n- a\n- b\nc\ny");
    expect("<ol><li>a<li>b</ol>", "- a\n- b");
    expect("<ul><li>a<ul><li>b<ol><li>c</ol></ul><li>d</ul>", "- a\n  - b\n    - c\n- d");
    expect("<ul><li></li><li><br></li></ul>x", "x");
    expect("<li>a", "- a");
}

static void what_nobody_sees_is_left_out(void **state)
{
    (void)state;
    expect("a<script>b()</script>c<style>d{}</style>e<title>f</title>g", "aceg");
    expect("a<template>b<p>c</p></template>d<noembed>e</noembed>f<iframe>g</iframe>h", "adfh");
    expect("a<!-- <b> > -- -->b", "ab");
    expect("a<!---->b<!-->c<!--->d", "abcd");
    expect("a<!-- one -->b<!-- two -->c", "abc");
    expect("a<!-- never ends <b>c</b>", "a");
}

static void quoted_values_may_hold_a_greater_than(void **state)
{
    (void)state;
    expect("<a title=\"a > b\">x</a>", "x");
    expect("<a title='a > b'>x</a>", "x");
    expect("<a title = \"'>\" id='\">'>x</a>", "x");
    expect("<a it's>x</a> it's", "x it's");
    expect("<a title=x\">y\"</a>", "y\"");
}

/* As browsers see it, which take "</3" for the beginning of a comment. */
static void what_is_no_tag_stays(void **state)
{
    (void)state;
    expect("3 < 4 and 5 > 4", "3 < 4 and 5 > 4");
    expect("a<>b", "a<>b");
    expect("I <3 you", "I <3 you");
    expect("x <- y <= z << 1", "x <- y <= z << 1");
    expect("<", "<");
    expect("</", "</");
    expect("a </3 b> c", "a c");
    expect("a <b <i>x</i>", "a x");
    expect("<b>x</b> <unfinished", "x");
}

/* ---- white space ---- */

static void plain_text_stays(void **state)
{
    static const char *const texts[] = {"", "plain", " a  b\t\n\n c\r\n", "\n", "5 > 4", "\xc2\xa0"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect(texts[i], texts[i]);
}

static void newlines_stay(void **state)
{
    (void)state;
    expect("Hi\n<b>you</b>\n\nBye\\t\\\n &#92;n \\", "Hi\nyou\n\nBye\\t\\\n\\n \\");
    expect("AT&amp;T\n\n\nx \n y", "AT&T\n\n\nx\ny");
    expect("a\n\n<p>b</p>c", "a\n\nb\nc");
}

static void beside_a_break_newlines_are_none(void **state)
{
    (void)state;
    expect("<p>one</p>\n\n\n<p>two</p>\n", "one\ntwo");
    expect("one<br>\ntwo\n<br>\nthree", "one\ntwo\nthree");
    expect("\n <div>\n  <p>\n   one\n  </p>\n </div>\n", "one");
}

static void other_white_space_folds(void **state)
{
    (void)state;
    expect("<b>a</b>  b\t \fc", "a b c");
    expect(" <b> a </b> ", "a");
    expect("a <br> b", "a\nb");
    expect("<p>a </p> <p> b</p>", "a\nb");
    expect("a&nbsp; &nbsp;b", "a\xc2\xa0 \xc2\xa0"
                              "b");
}

static void preformatted_text_keeps_it(void **state)
{
    (void)state;
    expect("<pre>\n  a\n\n   b  c\n</pre>d  e", "  a\n\n   b  c\nd e");
    expect("x<pre>a\tb</pre>", "x\na\tb");
    expect("<pre>a<br>b</pre>", "a\nb");
}

/* ---- entities ---- */

static void entities_are_decoded(void **state)
{
    (void)state;
    expect("&lt;b&gt; &amp;amp; &quot;&apos;", "<b> &amp; \"'");
    expect("a&nbsp;b", "a\xc2\xa0"
                       "b");
    expect("Sch&ouml;n &ndash; gro&szlig;&hellip; 3&euro; &rarr; &check; &NotEqualTilde;",
           "Sch\u00f6n \u2013 gro\u00df\u2026 3\u20ac \u2192 \u2713 \u2242\u0338");
    expect("&#65;&#x42;&#X63;&#8211;&#x1F600;", "ABc\u2013\U0001f600");
    /* Decoded once, and not looked at again. */
    expect("&amp;lt;b&amp;gt;", "&lt;b&gt;");
    expect("<b>&lt;/b&gt;</b>", "</b>");
    /* windows-1252, as editors of old wrote it */
    expect("&#128; &#150; &#132;a&#147; &#129;", "\u20ac \u2013 \u201ea\u201c \xc2\x81");
    expect("&#0;&#xd800;&#x110000;", "\ufffd\ufffd\ufffd");
    /* Some may do without their semicolon. */
    expect("&amp &AMP; &copy=2 &Ouml a", "& & \u00a9=2 \u00d6 a");
}

static void unknown_entities_stay(void **state)
{
    static const char *const texts[] = {"&",     "& x",    "&&",    "AT&T",     "a & b",  "&;", "&unknown;",
                                        "&#;",   "&#x;",   "&#xg;", "&hellip",  "&# 65;", "&#", "&# x41;",
                                        "&#-1;", "&am p;", "&#x",   "& amp; ;", "&#+1;"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect(texts[i], texts[i]);
}

/* ---- hostile ---- */

enum { MOST = 1 << 20, LONGEST_PIECE = 128 };

/* The pieces over and over, with a number in place of each %: first the one, then the other. */
static char *repeated(size_t size, const char *first, const char *second)
{
    char *text = memory_new(size + 1, 1);
    unsigned number = 0;

    for (size_t length = 0; length + LONGEST_PIECE < size;) {
        const char *piece = length < size / 2 ? first : second;

        for (; *piece; piece++)
            length += (size_t)snprintf(text + length, size - length, *piece == '%' ? "%u" : "%c",
                                       *piece == '%' ? number : (unsigned)*piece);
        number++;
    }
    return text;
}

/* What is in such a text does not matter; that it ends, within bounds that the caller's clock need not hold.
 */
static void broken_text_ends(void **state)
{
    static const char *const pieces[][2] = {
        {"<p><b id=%>", "<p><b id=%>"},
        {"<b id=%>", "<p>x</p>"},
        {"<div>", "</h1>"},
        {"<ul><li>", "</x>"},
        {"<a><div>", "</a>"},
        {"<table><b>", "x<td>"},
        {"<i><div>", "</i>"},
        {"<svg><b>", "<p>"},
        {"<!-- ", "<!-- "},
        {"<a x=\"", "<a x='"},
        {"&", "&#1"},
        {"<p a%=''", " b%"},
        {"<select><option>", "<table>"},
        {"<template>", "<td>"},
        {"<frameset>", "<x"},
        {"<ruby><rt>", "<math>"},
    };
    const size_t sizes[] = {1024, test_share(65536), test_share(MOST)};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
            CLEANUP(freep) char *html = repeated(sizes[j], pieces[i][0], pieces[i][1]);
            CLEANUP(freep) char *text = html_to_text(html);

            assert_in_range(strlen(text), 0, 5 * strlen(html));
        }
}

/* What no event can hold, and what would need more memory than it may. */
static void what_is_too_much_stays(void **state)
{
    CLEANUP(freep) char *large = repeated(MOST, "<b>x</b>", "<b>x</b>");
    CLEANUP(freep) char *tangled = repeated(65000, "<p><b id=%>x", "<p><b id=%>x");

    (void)state;
    expect(large, large);
    expect(tangled, tangled);
}

/* The largest that Synapse would take: a list, and what a word processor makes of each paragraph. */
static void ordinary_text_fits(void **state)
{
    static const char *const pieces[] = {
        "<li>one and <b>two</b></li>\n",
        "<p class=MsoNormal style=\"margin:0cm\"><span lang=DE style=\"font-size:11pt\">one</span></p>\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        CLEANUP(freep) char *html = repeated(40000, pieces[i], pieces[i]);
        CLEANUP(freep) char *text = html_to_text(html);

        assert_null(strchr(text, '<'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_removed),
        cmocka_unit_test(breaks_and_blocks_end_the_line),
        cmocka_unit_test(list_items_begin_with_a_dash),
        cmocka_unit_test(what_nobody_sees_is_left_out),
        cmocka_unit_test(quoted_values_may_hold_a_greater_than),
        cmocka_unit_test(what_is_no_tag_stays),
        cmocka_unit_test(plain_text_stays),
        cmocka_unit_test(newlines_stay),
        cmocka_unit_test(beside_a_break_newlines_are_none),
        cmocka_unit_test(other_white_space_folds),
        cmocka_unit_test(preformatted_text_keeps_it),
        cmocka_unit_test(entities_are_decoded),
        cmocka_unit_test(unknown_entities_stay),
        cmocka_unit_test(broken_text_ends),
        cmocka_unit_test(what_is_too_much_stays),
        cmocka_unit_test(ordinary_text_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

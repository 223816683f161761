#ifndef SYNC_REQUEST_SPLIT_H
#define SYNC_REQUEST_SPLIT_H

#include "request/request.h"

/*
 * Many requests in one run of bytes: a JSON array of them, or one per line (JSON Lines), or a single one.
 * Which of these it is, the content tells: what begins with a bracket is an array, all else is one value
 * behind the other. A value may go over several lines; and where one is broken, the next line begins anew, so
 * that one mistake does not hide the requests behind it.
 *
 * Only the borders of values are looked for, by brackets and strings. Whether a value is a request is for
 * request_parse() to say; what should not be behind a value is part of it, so that it is complained of there.
 */
struct request_split {
    const char *bytes; /* borrowed */
    size_t size;
    /* The caller leaves alone what follows. */
    size_t at;                    /* what is before it was looked at */
    struct request_origin origin; /* of `at` */
    size_t count;                 /* requests so far */
    bool is_array;
    bool by_line; /* a value without an end was met: from there on each line is one */
    bool is_over;
};

/* One of them, as bytes. */
struct request_part {
    const char *bytes;
    size_t size;
    size_t number;                /* in the array, from 0 on */
    bool is_in_array;             /* else the line is its place */
    struct request_origin origin; /* for struct request_rules */
};

enum request_split_result { REQUEST_SPLIT_PART, REQUEST_SPLIT_END, REQUEST_SPLIT_BROKEN };

/* The bytes may begin with a byte order mark. */
struct request_split request_split_begin(const char *bytes, size_t size);
/* The next part; or that there is none; or (with a complaint, and only once) that what is between the parts
   is not as it must be, which is the end too. `ret_part` is the place then. */
enum request_split_result request_split_next(struct request_split *split, struct request_part *ret_part,
                                             struct request_complaint *complaint) MUST_USE;

#endif

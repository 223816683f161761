#ifndef SYNC_REQUEST_COMPLAINT_H
#define SYNC_REQUEST_COMPLAINT_H

#include "request/request.h"

/*
 * Used inside of this module only. A complaint's detail goes into a header of the dead letter and into logs:
 * what is written here must be ours word for word, never a piece of the message.
 */

/* Writes the complaint; returns false, so that `return complaint_set(…)` reads well. */
bool complaint_set(struct request_complaint *complaint, enum request_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif

#ifndef SYNC_CONFIG_DOTENV_WRITE_H
#define SYNC_CONFIG_DOTENV_WRITE_H

#include "base/buffer.h"

/* Appends a line that dotenv_parse() reads as this assignment. False: there is no such line, for the value
   holds all kinds of quotes and a # or line breaks among them, or the buffer is full. */
bool dotenv_write(struct buffer *text, const char *name, const char *value) MUST_USE;

#endif

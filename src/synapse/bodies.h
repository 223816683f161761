#ifndef SYNC_SYNAPSE_BODIES_H
#define SYNC_SYNAPSE_BODIES_H

#include "synapse/call_table.h"

/* Bodies of requests, each of the form of call_form.body. */

char *body_create_user(const struct synapse_call *call, const struct call_terms *terms);
char *body_display_name(const struct synapse_call *call, const struct call_terms *terms);
char *body_email(const struct synapse_call *call, const struct call_terms *terms);
char *body_reactivate(const struct synapse_call *call, const struct call_terms *terms);
char *body_deactivate(const struct synapse_call *call, const struct call_terms *terms);
char *body_records(const struct synapse_call *call, const struct call_terms *terms);
char *body_create_room(const struct synapse_call *call, const struct call_terms *terms);
char *body_levels(const struct synapse_call *call, const struct call_terms *terms);
char *body_setting(const struct synapse_call *call, const struct call_terms *terms);
char *body_join_user(const struct synapse_call *call, const struct call_terms *terms);
char *body_regain_room(const struct synapse_call *call, const struct call_terms *terms);
char *body_mark(const struct synapse_call *call, const struct call_terms *terms);
char *body_empty(const struct synapse_call *call, const struct call_terms *terms);
char *body_delete_room(const struct synapse_call *call, const struct call_terms *terms);
char *body_create_welcome_room(const struct synapse_call *call, const struct call_terms *terms);
char *body_invite(const struct synapse_call *call, const struct call_terms *terms);
char *body_send_welcome(const struct synapse_call *call, const struct call_terms *terms);

/* The JSON value as text, and the value freed; NULL gives NULL. */
char *body_print(json_t *value);

#endif

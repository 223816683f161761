#ifndef SYNC_SYNAPSE_REPLIES_H
#define SYNC_SYNAPSE_REPLIES_H

#include "synapse/call_table.h"

/* Reading of 2xx replies, each of the form of call_form.read. */

bool reply_user(const json_t *body, struct synapse_reply *reply);
bool reply_user_id(const json_t *body, struct synapse_reply *reply);
bool reply_room_id(const json_t *body, struct synapse_reply *reply);
bool reply_joined_rooms(const json_t *body, struct synapse_reply *reply);
bool reply_records(const json_t *body, struct synapse_reply *reply);
bool reply_room(const json_t *body, struct synapse_reply *reply);
/* Of the rest; what reply_take_state() was given is in the state already. */
bool reply_state(const json_t *body, struct synapse_reply *reply);
bool reply_aliases(const json_t *body, struct synapse_reply *reply);
bool reply_levels(const json_t *body, struct synapse_reply *reply);
bool reply_deletion(const json_t *body, struct synapse_reply *reply);
bool reply_greeted(const json_t *body, struct synapse_reply *reply);
bool reply_joined(const json_t *body, struct synapse_reply *reply);
bool reply_room_list(const json_t *body, struct synapse_reply *reply);
bool reply_user_list(const json_t *body, struct synapse_reply *reply);
bool reply_changes(const json_t *body, struct synapse_reply *reply);

/* Readers of one event, each of the form of call_form.take. */
bool reply_take_state(void *reply, const char *event, size_t size, struct buffer *rest);
/* What is large is cut down to what matters of it. */
bool reply_take_change(void *reply, const char *event, size_t size, struct buffer *rest);

/* Of a user who was created, or who existed and was changed: whatever the reply says of them. */
bool reply_created_user(const json_t *body, struct synapse_reply *reply);

/* Of other writes: nothing is told but that it was Synapse who answered, and not something in front of it. */
bool reply_is_of_user(const json_t *body, struct synapse_reply *reply);
bool reply_is_of_event(const json_t *body, struct synapse_reply *reply);
bool reply_is_of_deactivation(const json_t *body, struct synapse_reply *reply);
bool reply_is_of_deletion(const json_t *body, struct synapse_reply *reply);

#endif

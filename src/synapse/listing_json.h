#ifndef SYNC_SYNAPSE_LISTING_JSON_H
#define SYNC_SYNAPSE_LISTING_JSON_H

#include "synapse/listing.h"

#include <jansson.h>

/* From the replies of GET /_synapse/admin/v1/rooms and GET /_synapse/admin/v2/users; NULL: they do not say
   what they must. What has no id is passed over. */
struct listing *listing_of_rooms(const json_t *body) MUST_USE;
struct listing *listing_of_users(const json_t *body) MUST_USE;

#endif

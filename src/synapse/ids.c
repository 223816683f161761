#include "synapse/ids.h"

#include "base/memory.h"
#include "base/reserved.h"
#include "base/text.h"
#include "synapse/call.h"

#include <openssl/evp.h>
#include <string.h>

enum { LONGEST_ALIAS = 255 /* bytes; Matrix specification, appendices, "Room Aliases" */ };

char *id_localpart(const char *user)
{
    return text_copy_bytes(user + 1, strcspn(user + 1, ":"));
}

char *id_digest(const char *text)
{
    enum { BYTES = 16 };
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    char *hex = memory_new(2 * (size_t)BYTES + 1, 1);

    (void)EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
    text_write_hex(hex, digest, BYTES);
    return hex;
}

char *id_welcome_transaction(const char *user)
{
    CLEANUP(freep) char *digits = id_digest(user);

    return text_format("welcome-%s", digits);
}

char *synapse_welcome_alias(const char *user)
{
    const char *server = user + strcspn(user, ":");
    CLEANUP(freep) char *localpart = id_localpart(user);
    CLEANUP(freep) char *alias = text_format(RESERVED_ALIAS "%s%s", localpart, server);
    CLEANUP(freep) char *digits = NULL;

    if (strlen(alias) <= LONGEST_ALIAS)
        return TAKE(alias);
    digits = id_digest(user);
    return text_format(RESERVED_ALIAS "%s%s", digits, server);
}

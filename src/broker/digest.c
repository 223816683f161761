/*
 * OpenSSL can only fail here for want of memory, or where SHA-256 was taken out of it; either ends the
 * process, as running out of memory does everywhere (base/memory.h).
 */
#include "broker/digest.h"

#include "base/memory.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
    EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
    struct digest *digest = NEW(struct digest);

    digest->context = EVP_MD_CTX_new();
    memory_must(digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1);
    return digest;
}

void digest_free(struct digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

void digest_add(struct digest *digest, const void *bytes, size_t size)
{
    memory_must(EVP_DigestUpdate(digest->context, bytes, size) == 1);
}

void digest_finish(struct digest *digest, char ret_text[DIGEST_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    memory_must(EVP_DigestFinal_ex(digest->context, hash, &size) == 1 && 2 * size + 1 == DIGEST_SIZE);
    text_write_hex(ret_text, hash, size);
}

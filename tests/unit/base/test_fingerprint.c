#include "base/fingerprint.h"
#include "support/test.h"

#include <endian.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

enum { LONGEST = 200 };

/* The same by OpenSSL, with the key of the test vectors and the rounds of SipHash-1-3. */
static uint64_t by_openssl(const unsigned char *bytes, size_t size)
{
    static unsigned char key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    unsigned rounds = 1, last_rounds = 3;
    size_t result_size = sizeof(uint64_t);
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &rounds),
                                 OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &last_rounds),
                                 OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &result_size),
                                 OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, sizeof(key)),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_SIPHASH, NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(algorithm);
    uint64_t result;

    assert_true(EVP_MAC_CTX_set_params(context, params));
    assert_true(EVP_MAC_init(context, NULL, 0, NULL));
    assert_true(EVP_MAC_update(context, bytes, size));
    assert_true(EVP_MAC_final(context, (unsigned char *)&result, &result_size, sizeof(result)));
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
    return le64toh(result);
}

/* The texts of the authors' test vectors: as many of the bytes 0, 1, 2, … as there are. */
static void is_siphash_1_3(void **state)
{
    unsigned char bytes[LONGEST];

    (void)state;
    for (size_t i = 0; i < LONGEST; i++)
        bytes[i] = (unsigned char)i;
    for (size_t size = 0; size <= LONGEST; size++)
        assert_true(fingerprint(bytes, size) == by_openssl(bytes, size));
}

static void stays_what_it_is(void **state)
{
    (void)state;
    assert_true(fingerprint("", 0) == 0xabac0158050fc4dc);
    assert_true(fingerprint("@ada:matrix.example.school", 26) == 0x1297b923ea72ed2e);
}

/* Wherever the text is in memory. */
static void does_not_depend_on_the_place(void **state)
{
    static const char text[] = "@ada.lovelace:matrix.example.school";
    char copy[sizeof(text) + 8];

    (void)state;
    for (size_t offset = 0; offset < 8; offset++) {
        memcpy(copy + offset, text, sizeof(text));
        assert_true(fingerprint(copy + offset, sizeof(text) - 1) == fingerprint(text, sizeof(text) - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_siphash_1_3),
        cmocka_unit_test(stays_what_it_is),
        cmocka_unit_test(does_not_depend_on_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

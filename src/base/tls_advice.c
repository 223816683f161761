#include "base/tls_advice.h"

#include <openssl/x509_vfy.h>

const char *tls_advice_on_certificate(long result)
{
    switch (result) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED: /* libcurl looks at the name first, and has no other result by then */
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "use a name in the URI that is in the certificate, or have one made for this name";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "name the authority that signed it in the setting CA_FILE, or have one of a known authority";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "have it renewed, or set the clock of this machine";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "set the clocks of both machines, or have it made anew";
    default:
        return "have it made anew";
    }
}

#ifndef SYNC_BASE_TLS_ADVICE_H
#define SYNC_BASE_TLS_ADVICE_H

/*
 * What a person can do about a secure connection that does not come about. For the end of a sentence that
 * says why, behind a semicolon. Settings are not named: they are others for each peer, and config/README.md
 * has them.
 */

/* X509_V_OK: a certificate that is accepted but for its name. */
enum { TLS_ADVICE_ON_NAME = 0 };

/* About a certificate that is not accepted, by the result of its verification (X509_V_…, openssl/x509_vfy.h).
   Static. */
const char *tls_advice_on_certificate(long result);

/* About a handshake that failed for another reason: there is no TLS, or none that is good enough, or our own
   certificate is not taken. */
#define TLS_ADVICE                                                                                           \
    "it must speak TLS there, 1.2 or later, and accept our certificate if it wants one; where it speaks "    \
    "none, use its port for TLS, or a URI without"

#endif

"""Object identifiers that certificates, requests and messages are made of, one table a subject."""

from __future__ import annotations

from host_tools.pki.keys import Hash

# -- hashes, keys, ciphers

HASHES = {
    Hash.SHA1: "1.3.14.3.2.26",
    Hash.SHA256: "2.16.840.1.101.3.4.2.1",
    Hash.SHA384: "2.16.840.1.101.3.4.2.2",
    Hash.SHA512: "2.16.840.1.101.3.4.2.3",
    Hash.SM3: "1.2.156.10197.1.401",
}
HASH_OF = {oid: hash_ for hash_, oid in HASHES.items()}

EC_PUBLIC_KEY = "1.2.840.10045.2.1"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
SM2_CURVE = "1.2.156.10197.1.301"
SM2_SIGN = "1.2.156.10197.1.301.1"
"""SM2-1, what GM/T 0010-2012 calls the signature in a SignerInfo."""
SM2_ENCRYPT = "1.2.156.10197.1.301.3"
"""SM2-3, what GM/T 0010-2012 calls the encryption in a RecipientInfo."""
SM2_WITH_SM3 = "1.2.156.10197.1.501"
SM4_ECB = "1.2.156.10197.1.104.1"
SM4_CBC = "1.2.156.10197.1.104.2"
SM4 = "1.2.156.10197.1.104"
AES_128_CBC = "2.16.840.1.101.3.4.1.2"
AES_192_CBC = "2.16.840.1.101.3.4.1.22"
AES_256_CBC = "2.16.840.1.101.3.4.1.42"
TDES_CBC = "1.2.840.113549.3.7"

# -- private keys under a passphrase (RFC 8018)

PBES2 = "1.2.840.113549.1.5.13"
PBKDF2 = "1.2.840.113549.1.5.12"
HMAC_SHA256 = "1.2.840.113549.2.9"

# -- extensions of certificates, lists and answers

NETSCAPE_CERT_TYPE = "2.16.840.1.113730.1.1"
TEST_POLICY = "2.16.840.1.101.3.2.1.48.1"
"""The first of the policies NIST keeps for tests: it promises nothing."""
ANY_POLICY = "2.5.29.32.0"
CRL_NUMBER = "2.5.29.20"
CRL_REASON = "2.5.29.21"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
SMART_CARD_LOGON = "1.3.6.1.4.1.311.20.2.2"
OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"
OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2"

# -- messages

PKCS7 = "1.2.840.113549.1.7"
GMT_0010 = "1.2.156.10197.6.1.4.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"

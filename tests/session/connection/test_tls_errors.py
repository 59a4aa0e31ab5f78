"""What is said of a certificate that is not accepted for a reason that is seldom one."""

import ssl

from confirma_async.session.connection.tls_errors import fault_of


def test_a_fault_that_is_not_listed_is_told_in_the_words_of_openssl():
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = 23, "certificate revoked"
    fault, remedy = fault_of(error)
    assert fault == "the certificate was not accepted (certificate revoked)"
    assert "SSL_CERT_FILE" in remedy
    assert fault_of(ssl.SSLError()) == ("the certificate was not accepted", remedy)

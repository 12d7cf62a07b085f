/* UTF-8, as far as strangers' bytes must be told apart from text (RFC 3629). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of the printable character at bytes: 1 to 4, or 0 when there is none (a control character,
 * C1 included, an over-long form, a surrogate, a cut or wrong sequence). Looks at no more than
 * length_bytes.
 */
size_t utf8_printable_length(const char *bytes, size_t length_bytes);

/* Are they all such characters? */
bool utf8_is_printable(const char *bytes, size_t length_bytes);

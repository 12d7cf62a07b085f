#include "util/utf8.h"

#include <stdint.h>

size_t utf8_printable_length(const char *bytes, size_t length_bytes)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)bytes;
	uint32_t code;
	size_t length;

	if (!length_bytes)
		return 0;
	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f;
	length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] < 0xc2 || at[0] > 0xf4 || length > length_bytes)
		return 0;
	code = at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return code < 0xa0 ? 0 : length;
}

bool utf8_is_printable(const char *bytes, size_t length_bytes)
{
	size_t step;

	for (size_t at = 0; at < length_bytes; at += step) {
		step = utf8_printable_length(bytes + at, length_bytes - at);
		if (!step)
			return false;
	}
	return true;
}

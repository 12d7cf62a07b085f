#include "util/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/macros.h"

static size_t digits_length(const char *string)
{
	return strspn(string, "0123456789");
}

int parse_count(const char *string, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	size_t length = digits_length(string);
	uint64_t value = 0;

	if (!length || string[length])
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)(string[i] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int parse_size(const char *string, uint64_t min_bytes, uint64_t max_bytes, uint64_t *ret_bytes)
{
	static const char units[] = "KMG";
	char digits[24] = "";
	size_t length = digits_length(string);
	const char *unit = string[length] ? strchr(units, string[length]) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	uint64_t count;
	int result;

	if (!length || length >= sizeof(digits) || string[length + (unit != NULL)])
		return length && length >= sizeof(digits) ? -ERANGE : -EINVAL;
	memcpy(digits, string, length);
	result = parse_count(digits, 0, max_bytes >> shift, &count);
	if (!result && count << shift < min_bytes)
		result = -ERANGE;
	if (!result)
		*ret_bytes = count << shift;
	return result;
}

/* Length of `digits[.digits]` or `.digits`; 0 when there is no digit at all. */
static size_t decimal_length(const char *string)
{
	size_t whole = digits_length(string), length = whole;

	if (string[length] != '.')
		return length;
	length += 1 + digits_length(string + whole + 1);
	return length > 1 ? length : 0;
}

int parse_duration_ms(const char *string, uint64_t min_ms, uint64_t max_ms, uint64_t *ret_ms)
{
	static const struct {
		const char *name;
		double factor_ms;
	} units[] = { { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	size_t length = decimal_length(string);
	double value_ms;

	if (!length)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(string + length, units[i].name) != 0)
			continue;
		value_ms = strtod(string, NULL) * units[i].factor_ms + 0.5; /* rounded below */
		if (!(value_ms >= (double)min_ms && value_ms - 1 < (double)max_ms))
			return -ERANGE;
		*ret_ms = (uint64_t)value_ms;
		return 0;
	}
	return -EINVAL;
}

int parse_bool(const char *string, bool *ret_value)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(string, words[i]) == 0) {
			*ret_value = i % 2;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_seconds_ms(const char *string, double min_seconds, double max_seconds, uint64_t *ret_ms)
{
	const char *start = string + strspn(string, " \t\r\n\v\f"), *at;
	size_t exponent;
	double seconds;

	start += *start == '+';
	at = start + decimal_length(start);
	if (at == start)
		return -EINVAL;
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		exponent = digits_length(at);
		if (!exponent || exponent > 3)
			return -EINVAL;
		at += exponent;
	}
	if (at[strspn(at, " \t\r\n\v\f")])
		return -EINVAL;
	seconds = strtod(start, NULL);
	if (!(seconds >= min_seconds && seconds <= max_seconds))
		return -ERANGE;
	*ret_ms = (uint64_t)(seconds * 1000 + 0.5);
	return 0;
}

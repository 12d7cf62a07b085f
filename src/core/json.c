/*
 * cJSON 1.7.15 is lenient where we must not be, so the text is looked through once before it is
 * handed over: depth, control characters, NUL bytes. What cJSON would do wrong and a refusal would
 * make worse is mended in the copy: it ends a string at `\u0000`, so that "operator.read\u0000x"
 * would be judged as "operator.read"; refusing the whole text instead would let one client hide
 * everybody's requests. The escape becomes U+FFFD, which matches nothing we know.
 */
#include "core/json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/macros.h"
#include "util/text.h"

enum { JSON_DEPTH_MAX = 32 };

static const double json_integer_max = 9007199254740992.0; /* 2^53: exact in a double up to here */

/* The byte after the string that begins at `at` (on its quote), NULL if it is no whole string. */
static char *string_end(char *at)
{
	for (at++; *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			return NULL; /* the NUL at the end of the text included */
		if (*at != '\\')
			continue;
		at++;
		if (strncmp(at, "u0000", 5) == 0)
			memcpy(at, "ufffd", 5);
		else if ((unsigned char)*at < 0x20)
			return NULL;
	}
	return at + 1;
}

/* Is the text fit for cJSON? Mends escaped NULs in it. */
static bool text_is_sound(char *text, size_t length_bytes)
{
	char *at = text, *end = text + length_bytes;
	int depth = 0;

	while (at && at < end) {
		if (*at == '"') {
			at = string_end(at);
			continue;
		}
		if ((unsigned char)*at < 0x20 && !strchr("\t\r\n", *at))
			return false;
		if (!*at)
			return false;
		depth += *at == '[' || *at == '{';
		depth -= *at == ']' || *at == '}';
		if (depth > JSON_DEPTH_MAX)
			return false;
		at++;
	}
	return at != NULL;
}

cJSON *json_parse(const char *text, size_t length_bytes)
{
	char *copy = malloc(length_bytes + 1);
	cJSON *value = NULL;

	if (!copy)
		return NULL;
	memcpy(copy, text, length_bytes);
	copy[length_bytes] = '\0';
	if (text_is_sound(copy, length_bytes))
		/* Only with the NUL inside the length does cJSON look for garbage behind the value.
		 */
		value = cJSON_ParseWithLengthOpts(copy, length_bytes + 1, NULL, true);
	free(copy);
	return value;
}

const cJSON *json_get(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *json_get_string(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(json_get(object, name));
}

bool json_get_integer(const cJSON *object, const char *name, int64_t *ret_value)
{
	const cJSON *item = json_get(object, name);

	if (!cJSON_IsNumber(item))
		return false;
	if (!(item->valuedouble >= -json_integer_max && item->valuedouble <= json_integer_max))
		return false;
	if (item->valuedouble != (double)(int64_t)item->valuedouble)
		return false;
	*ret_value = (int64_t)item->valuedouble; /* never valueint: it saturates at INT_MAX */
	return true;
}

bool json_get_bool(const cJSON *object, const char *name, bool *ret_value)
{
	const cJSON *item = json_get(object, name);

	if (!cJSON_IsBool(item))
		return false;
	*ret_value = cJSON_IsTrue(item);
	return true;
}

bool json_add_string(cJSON *object, const char *name, const char *value)
{
	return json_add_item(object, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

bool json_add_integer(cJSON *object, const char *name, int64_t value)
{
	char digits[24];

	/* cJSON takes numbers for equal that differ in the 16th digit. */
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	return json_add_item(object, name, cJSON_CreateRaw(digits));
}

bool json_add_nullable(cJSON *object, const char *name, int64_t value)
{
	return value < 0 ? json_add_string(object, name, NULL)
			 : json_add_integer(object, name, value);
}

bool json_add_bool(cJSON *object, const char *name, bool value)
{
	return json_add_item(object, name, cJSON_CreateBool(value));
}

bool json_add_time(cJSON *object, const char *name, int64_t epoch_ms)
{
	char buffer[32];
	struct text text;

	if (epoch_ms < 0)
		return json_add_string(object, name, NULL);
	text_init(&text, buffer, sizeof(buffer));
	text_add_time(&text, (uint64_t)epoch_ms);
	return json_add_string(object, name, buffer);
}

bool json_add_item(cJSON *object, const char *name, cJSON *item)
{
	if (item && cJSON_AddItemToObject(object, name, item))
		return true;
	cJSON_Delete(item);
	return false;
}

/* The number that `digits` digits at *at spell; *at moves behind it and one separator. */
static unsigned take_digits(const char **at, unsigned digits)
{
	unsigned value = 0;

	while (digits--)
		value = value * 10 + (unsigned)(*(*at)++ - '0');
	(*at)++;
	return value;
}

/* Days from 1970 to a day of the proleptic Gregorian calendar, years counted from 1 March. */
static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
	unsigned shifted_year = year - (month <= 2), shifted_month = (month + 9) % 12;

	return (int64_t)shifted_year * 365 + shifted_year / 4 - shifted_year / 100 +
	       shifted_year / 400 + (153 * shifted_month + 2) / 5 + day - 1 - 719468;
}

int64_t json_parse_time(const char *string)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	unsigned year, month, day, hour, minute, second;
	const char *at = string;
	char again[32];
	struct text text;
	int64_t ms;

	for (size_t i = 0; i < sizeof(shape); i++) {
		if (shape[i] == 'd' ? !isdigit((unsigned char)string[i]) : string[i] != shape[i])
			return -1;
	}
	year = take_digits(&at, 4);
	month = take_digits(&at, 2);
	day = take_digits(&at, 2);
	hour = take_digits(&at, 2);
	minute = take_digits(&at, 2);
	second = take_digits(&at, 2);
	if (year < 1970 || month < 1 || month > 12)
		return -1;
	ms = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
	ms = ms * 1000 + take_digits(&at, 3);
	/* The way back tells 30 February and 25 o'clock. */
	text_init(&text, again, sizeof(again));
	text_add_time(&text, (uint64_t)ms);
	return strcmp(again, string) == 0 ? ms : -1;
}

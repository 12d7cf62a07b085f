#include "core/redact_named.h"

#include <string.h>
#include <strings.h>

#include "core/redact.h"
#include "util/macros.h"

/* What a byte can be; one look-up, since each byte of output is asked. */
enum {
	BYTE_SIGN = 1,  /* a secret may follow */
	BYTE_BLANK = 2, /* isspace(3) */
	BYTE_QUOTE = 4,
	BYTE_WORD_END = 8, /* but for these two */
	BYTE_HOST = 16,    /* where user and password of a URL cannot go on, but for those */
};

static const unsigned char kinds[256] = {
	[' '] = BYTE_SIGN | BYTE_BLANK,
	['\t'] = BYTE_SIGN | BYTE_BLANK,
	['\n'] = BYTE_BLANK,
	['\v'] = BYTE_BLANK,
	['\f'] = BYTE_BLANK,
	['\r'] = BYTE_BLANK,
	['='] = BYTE_SIGN,
	[':'] = BYTE_SIGN,
	['"'] = BYTE_QUOTE,
	['\''] = BYTE_QUOTE,
	['`'] = BYTE_QUOTE,
	['&'] = BYTE_WORD_END,
	['/'] = BYTE_HOST,
	['?'] = BYTE_HOST,
	['#'] = BYTE_HOST,
};

static bool is(char byte, unsigned kind)
{
	return kinds[(unsigned char)byte] & kind;
}

static bool ends_with(const char *begin, const char *end, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(end - begin) >= length && strncasecmp(end - length, word, length) == 0;
}

/* Does the text up to end name a secret? By its last letter first, for speed: most text does not.
 */
static bool names_secret(const char *begin, const char *end)
{
	switch (end == begin ? '\0' : end[-1]) {
	case 'n':
	case 'N': return ends_with(begin, end, "token");
	case 'd':
	case 'D': return ends_with(begin, end, "password");
	case 't':
	case 'T': return ends_with(begin, end, "secret");
	case 'y':
	case 'Y': return ends_with(begin, end, "api_key") || ends_with(begin, end, "api-key");
	default: return false;
	}
}

static bool is_bearer(const char *begin, const char *end)
{
	return end > begin && (end[-1] == 'r' || end[-1] == 'R') && ends_with(begin, end, "bearer");
}

bool redact_is_secret_name(const char *name, size_t length_bytes)
{
	static const char *const endings[] = { "_TOKEN", "_KEY", "_SECRET", "_PASSWORD" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (length_bytes > strlen(endings[i]) &&
		    ends_with(name, name + length_bytes, endings[i]))
			return true;
	return false;
}

/* Up to white space, a quote with the backslashes before it, or the next parameter of a URL. */
static const char *word_end(const char *at, const char *end)
{
	const char *begin = at;

	while (at < end && !is(*at, BYTE_BLANK | BYTE_QUOTE | BYTE_WORD_END))
		at++;
	if (at < end && is(*at, BYTE_QUOTE))
		while (at > begin && at[-1] == '\\')
			at--;
	return at;
}

/* A value that may stand in quotes, which may be escaped themselves. */
static struct redact_span value_at(const char *at, const char *end)
{
	const char *quote = at < end && *at == '\\' ? at + 1 : at;
	bool is_escaped = quote != at;
	struct redact_span value;

	if (quote >= end || (*quote != '"' && *quote != '\''))
		return (struct redact_span){ at, word_end(at, end) };
	value.begin = value.end = quote + 1;
	while (value.end < end && *value.end != *quote)
		value.end += *value.end == '\\' && !is_escaped && value.end + 1 < end ? 2 : 1;
	if (is_escaped && value.end > value.begin && value.end < end)
		value.end--; /* the backslash before the closing quote */
	return value;
}

/* `"token": X` or `"token" : X`, at is the colon. A number or a word is masked as well. */
static bool find_member(
    const char *line, const char *at, const char *end, struct redact_span *ret_value)
{
	const char *name_end = at - 1;

	while (name_end > line && is(*name_end, BYTE_BLANK))
		name_end--;
	if (at == line || (*name_end != '"' && *name_end != '\''))
		return false;
	if (name_end > line && name_end[-1] == '\\')
		name_end--;
	if (!names_secret(line, name_end))
		return false;
	for (at++; at < end && is(*at, BYTE_BLANK);)
		at++;
	*ret_value = value_at(at, end);
	while (ret_value->end > ret_value->begin && strchr(",}]", ret_value->end[-1]) &&
	       ret_value->begin == at)
		ret_value->end--;
	return true;
}

/* `scheme://USER:PASSWORD@host`, at is the colon. */
static bool find_userinfo(const char *at, const char *end, struct redact_span *ret_value)
{
	const char *begin = at + 3, *c = begin, *last = NULL;

	if (end - at < 4 || at[1] != '/' || at[2] != '/')
		return false;
	for (; c < end && !is(*c, BYTE_BLANK | BYTE_QUOTE | BYTE_HOST); c++)
		if (*c == '@')
			last = c;
	*ret_value = (struct redact_span){ begin, last };
	return last != NULL;
}

/* The word behind `--…token` or `Bearer`, at is the first blank between them. */
static bool find_next_word(
    const char *line, const char *at, const char *end, struct redact_span *ret_value)
{
	bool is_option = names_secret(line, at);
	const char *word = at;

	if (!is_option && !is_bearer(line, at))
		return false;
	while (word > line && !is(word[-1], BYTE_BLANK | BYTE_QUOTE))
		word--;
	if (is_option && *word != '-')
		return false;
	while (at < end && is(*at, BYTE_BLANK))
		at++;
	*ret_value = value_at(at, end);
	return true;
}

bool redact_find_named(
    const char *line, const char *from, const char *end, struct redact_span *ret_value)
{
	for (const char *at = from; at < end; at++) {
		bool found = false;

		if (!is(*at, BYTE_SIGN))
			continue;
		if (*at == '=' && names_secret(line, at)) {
			*ret_value = value_at(at + 1, end);
			found = true;
		} else if (*at == ':') {
			found = find_member(line, at, end, ret_value) ||
				find_userinfo(at, end, ret_value);
		} else if (*at != '=') {
			found = find_next_word(line, at, end, ret_value);
		}
		if (found && ret_value->end > ret_value->begin && ret_value->begin >= from)
			return true;
	}
	return false;
}

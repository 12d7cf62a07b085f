#include "core/redact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/macros.h"

enum {
	SEARCH_BYTES = 512,
};

static const char mask[] = "***";

/* A part of the line. */
struct span {
	const char *begin;
	const char *end;
};

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

static bool redact_has(const struct redact *redact, const char *value)
{
	for (; redact; redact = redact->others)
		if (words_has(&redact->values, value))
			return true;
	return false;
}

/* The blanks around it may get lost on the way to where it is told. */
static int learn_line(struct redact *redact, const char *begin, const char *end)
{
	char *value;

	while (begin < end && is(*begin, BYTE_BLANK))
		begin++;
	while (begin < end && is(end[-1], BYTE_BLANK))
		end--;
	if (end - begin < REDACT_VALUE_BYTES)
		return 0;
	value = strndup(begin, (size_t)(end - begin));
	if (!value)
		return -ENOMEM;
	if (!redact_has(redact, value))
		return words_add(&redact->values, value);
	free(value);
	return 0;
}

int redact_learn(struct redact *redact, char *const *environment)
{
	int result = 0;

	redact_deinit(redact);
	for (; !result && *environment; environment++) {
		const char *equals = strchr(*environment, '='), *line, *end;

		if (!equals ||
		    !redact_is_secret_name(*environment, (size_t)(equals - *environment)))
			continue;
		for (line = equals + 1; !result && *line; line = *end ? end + 1 : end) {
			end = line + strcspn(line, "\n");
			result = learn_line(redact, line, end);
		}
	}
	return result;
}

void redact_deinit(struct redact *redact)
{
	words_deinit(&redact->values);
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
static struct span value_at(const char *at, const char *end)
{
	const char *quote = at < end && *at == '\\' ? at + 1 : at;
	bool is_escaped = quote != at;
	struct span value;

	if (quote >= end || (*quote != '"' && *quote != '\''))
		return (struct span){ at, word_end(at, end) };
	value.begin = value.end = quote + 1;
	while (value.end < end && *value.end != *quote)
		value.end += *value.end == '\\' && !is_escaped && value.end + 1 < end ? 2 : 1;
	if (is_escaped && value.end > value.begin && value.end < end)
		value.end--; /* the backslash before the closing quote */
	return value;
}

/* `"token": X` or `"token" : X`, at is the colon. A number or a word is masked as well. */
static bool find_member(const char *line, const char *at, const char *end, struct span *ret_value)
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
static bool find_userinfo(const char *at, const char *end, struct span *ret_value)
{
	const char *begin = at + 3, *c = begin, *last = NULL;

	if (end - at < 4 || at[1] != '/' || at[2] != '/')
		return false;
	for (; c < end && !is(*c, BYTE_BLANK | BYTE_QUOTE | BYTE_HOST); c++)
		if (*c == '@')
			last = c;
	*ret_value = (struct span){ begin, last };
	return last != NULL;
}

/* The word behind `--…token` or `Bearer`, at is the first blank between them. */
static bool find_next_word(
    const char *line, const char *at, const char *end, struct span *ret_value)
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

/* The first secret at or behind `from` that is known by what stands before it. */
static bool find_by_name(
    const char *line, const char *from, const char *end, struct span *ret_value)
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

/* Those that begin in the first SEARCH_BYTES; the longest of two that begin together. */
static struct span find_value_near(const struct redact *redact, const char *from, const char *end)
{
	struct span best = { end, end };

	for (; redact; redact = redact->others) {
		for (size_t i = 0; i < redact->values.count; i++) {
			const char *value = redact->values.items[i], *at;
			size_t length = strlen(value), left = (size_t)(end - from);

			if (left > SEARCH_BYTES + length - 1)
				left = SEARCH_BYTES + length - 1;
			at = memmem(from, left, value, length);
			if (at && (at < best.begin || (at == best.begin && at + length > best.end)))
				best = (struct span){ at, at + length };
		}
	}
	return best;
}

/* The first of the values in the line. Not each to the end: a line may be full of one of them. */
static bool find_by_value(
    const struct redact *redact, const char *from, const char *end, struct span *ret_value)
{
	for (; from < end; from += SEARCH_BYTES) {
		*ret_value = find_value_near(redact, from, end);
		if (ret_value->begin < end)
			return true;
		if (end - from <= SEARCH_BYTES)
			break;
	}
	return false;
}

static bool redact_plain(
    const struct redact *redact, const char *line, size_t length_bytes, struct text *out)
{
	const char *from = line, *end = line + length_bytes;
	struct span named, valued;
	bool has_named = find_by_name(line, from, end, &named);
	bool has_valued = find_by_value(redact, from, end, &valued);

	if (!has_named && !has_valued)
		return false;
	while (has_named || has_valued) {
		bool is_named = has_named && (!has_valued || named.begin <= valued.begin);
		struct span next = is_named ? named : valued, other = is_named ? valued : named;

		if (has_named && has_valued && other.begin < next.end && other.end > next.end)
			next.end = other.end;
		text_add_bytes(out, from, (size_t)(next.begin - from));
		text_add(out, mask);
		from = next.end;
		if (has_named && named.begin < from)
			has_named = find_by_name(line, from, end, &named);
		if (has_valued && valued.begin < from)
			has_valued = find_by_value(redact, from, end, &valued);
	}
	text_add_bytes(out, from, (size_t)(end - from));
	return true;
}

/*
 * A line with ANSI codes. They stay, but where a secret is seen only without them: then all go.
 * Where memory is short nothing of it is told: nobody has looked at all of it.
 */
static bool redact_coloured(
    const struct redact *redact, const char *line, size_t length_bytes, struct text *out)
{
	struct text masked, bare, again;
	bool is_masked, is_hidden = false, is_cut;

	text_init_heap(&masked, 2 * length_bytes + 1);
	text_init_heap(&bare, 2 * length_bytes + 1);
	text_init_heap(&again, 4 * length_bytes + 1);
	is_masked = redact_plain(redact, line, length_bytes, &masked);
	is_cut = masked.truncated;
	if (!is_cut)
		text_add_bare(&bare, is_masked ? masked.data : line,
		    is_masked ? masked.length_bytes : length_bytes);
	is_cut = is_cut || bare.truncated;
	if (!is_cut)
		is_hidden = redact_plain(redact, bare.data, bare.length_bytes, &again) &&
			    (again.length_bytes != bare.length_bytes ||
				memcmp(again.data, bare.data, again.length_bytes) != 0);
	is_cut = is_cut || again.truncated;
	if (is_hidden && !is_cut)
		text_add_bytes(out, again.data, again.length_bytes);
	else if (is_masked && !is_cut)
		text_add_bytes(out, masked.data, masked.length_bytes);
	text_deinit(&masked);
	text_deinit(&bare);
	text_deinit(&again);
	return is_hidden || is_masked || is_cut;
}

bool redact_line(
    const struct redact *redact, const char *line, size_t length_bytes, struct text *out)
{
	if (memchr(line, '\033', length_bytes))
		return redact_coloured(redact, line, length_bytes, out);
	return redact_plain(redact, line, length_bytes, out);
}

/* How much at the end of a text may be the beginning of a value that was cut off. */
static size_t torn_length(const struct redact *redact, const char *text, size_t length_bytes)
{
	const char *end = text + length_bytes;
	size_t longest = 0;

	for (; redact; redact = redact->others) {
		for (size_t i = 0; i < redact->values.count; i++) {
			const char *value = redact->values.items[i];
			size_t length = strlen(value) - 1;

			if (length > length_bytes)
				length = length_bytes;
			while (length >= REDACT_VALUE_BYTES && length > longest &&
			       memcmp(end - length, value, length) != 0)
				length--;
			if (length >= REDACT_VALUE_BYTES && length > longest)
				longest = length;
		}
	}
	return longest;
}

bool redact_cut_line(
    const struct redact *redact, const char *line, size_t length_bytes, struct text *out)
{
	bool is_masked = redact_line(redact, line, length_bytes, out);
	size_t torn;

	if (is_masked && !out->data)
		return true;
	if (!is_masked) {
		torn = torn_length(redact, line, length_bytes);
		if (torn)
			text_add_bytes(out, line, length_bytes - torn);
	} else {
		torn = torn_length(redact, out->data, out->length_bytes);
		out->length_bytes -= torn;
	}
	if (torn)
		text_add(out, mask);
	return is_masked || torn;
}

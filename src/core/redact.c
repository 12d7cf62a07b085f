#include "core/redact.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/redact_named.h"

enum {
	SEARCH_BYTES = 512,
};

static const char mask[] = "***";

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

	while (begin < end && isspace((unsigned char)*begin))
		begin++;
	while (begin < end && isspace((unsigned char)end[-1]))
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

/* Those that begin in the first SEARCH_BYTES; the longest of two that begin together. */
static struct redact_span find_value_near(
    const struct redact *redact, const char *from, const char *end)
{
	struct redact_span best = { end, end };

	for (; redact; redact = redact->others) {
		for (size_t i = 0; i < redact->values.count; i++) {
			const char *value = redact->values.items[i], *at;
			size_t length = strlen(value), left = (size_t)(end - from);

			if (left > SEARCH_BYTES + length - 1)
				left = SEARCH_BYTES + length - 1;
			at = memmem(from, left, value, length);
			if (at && (at < best.begin || (at == best.begin && at + length > best.end)))
				best = (struct redact_span){ at, at + length };
		}
	}
	return best;
}

/* The first of the values in the line. Not each to the end: a line may be full of one of them. */
static bool find_by_value(
    const struct redact *redact, const char *from, const char *end, struct redact_span *ret_value)
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
	struct redact_span named, valued;
	bool has_named = redact_find_named(line, from, end, &named);
	bool has_valued = find_by_value(redact, from, end, &valued);

	if (!has_named && !has_valued)
		return false;
	while (has_named || has_valued) {
		bool is_named = has_named && (!has_valued || named.begin <= valued.begin);
		struct redact_span next = is_named ? named : valued,
				   other = is_named ? valued : named;

		if (has_named && has_valued && other.begin < next.end && other.end > next.end)
			next.end = other.end;
		text_add_bytes(out, from, (size_t)(next.begin - from));
		text_add(out, mask);
		from = next.end;
		if (has_named && named.begin < from)
			has_named = redact_find_named(line, from, end, &named);
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

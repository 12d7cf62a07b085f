#include "core/call_output.h"

#include <ctype.h>
#include <string.h>

#include "util/macros.h"

static bool says(const struct call_output *call, const char *words)
{
	return strcasestr(call->output, words) || strcasestr(call->error_output, words);
}

static bool says_any(const struct call_output *call, const char *const *phrases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (says(call, phrases[i]))
			return true;
	}
	return false;
}

bool call_output_is_transient(const struct call_output *call)
{
	static const char *const phrases[] = {
		"ECONNREFUSED",
		"connection refused",
		"closed (1006",
		"closed (1012",
		"\"code\":1006",
		"\"code\": 1006",
		"\"code\":1012",
		"\"code\": 1012",
		"gateway timeout",
		"gateway request timeout",
		"\"kind\":\"timeout\"",
		"\"kind\": \"timeout\"",
	};

	/* 1008 is the gateway's own no, whatever else stands beside it. */
	return !says(call, "closed (1008") && says_any(call, phrases, ARRAY_LEN(phrases));
}

bool call_output_is_pairing_required(const struct call_output *call)
{
	static const char *const phrases[] = {
		"pairing required",
		"pairing-required",
		"pairing_required",
		"pending approval",
		"device not approved",
	};

	return says_any(call, phrases, ARRAY_LEN(phrases));
}

bool call_output_is_local(const struct call_output *call)
{
	return strcasestr(call->error_output, "gateway connect failed") != NULL;
}

/* Does the line only say where to look next? The CLI ends its errors with several of these. */
static bool is_hint(const char *line)
{
	static const char *const beginnings[] = { "Start it with ",
		"Gateway target:", "Source:", "Config:", "Bind:", "[openclaw] Debug:",
		"[openclaw] Try:", "[openclaw] Help:", "Possible causes:", "- ", "Run `openclaw ",
		"Pending: " };

	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
		if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	}
	return false;
}

/* Length of the line at text, blanks at its end not counted. */
static size_t line_length(const char *text)
{
	size_t length = strcspn(text, "\n");

	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	return length;
}

/* The line that tells most: the reason, else the last one that is no hint, else the last one. */
static size_t telling_line(const char *text, const char **ret_line)
{
	static const char reason[] = "[openclaw] Reason:";
	const char *last = NULL, *last_hint = NULL, *line = text;

	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, reason, strlen(reason)) == 0) {
			last = line;
			break;
		}
		if (line_length(line))
			*(is_hint(line) ? &last_hint : &last) = line;
	}
	*ret_line = last ? last : last_hint;
	return *ret_line ? line_length(*ret_line) : 0;
}

/* Words of bytes with one blank between them. */
static void add_folded(struct text *text, const char *bytes, size_t max_bytes)
{
	size_t end = text->length_bytes + max_bytes;
	const char *gap = "";

	while (*(bytes += strspn(bytes, " \t\r\n")) && text->length_bytes + 1 < end) {
		size_t length = strcspn(bytes, " \t\r\n");

		text_add(text, gap);
		text_add_printable(text, bytes, length, end - text->length_bytes);
		bytes += length;
		gap = " ";
	}
}

void call_output_format(const struct call_output *call, struct text *text, size_t max_bytes)
{
	const char *line;
	size_t length = telling_line(call->error_output, &line);

	if (length)
		text_add_printable(text, line, length, max_bytes);
	else
		add_folded(text, call->output, max_bytes);
}

#include "core/log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/lines.h"
#include "util/macros.h"

enum {
	PRINTABLE_MAX_BYTES = LINE_MAX_BYTES * 4, /* every byte may become \xNN */
};

static const char *const level_names[] = {
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};
static_assert(ARRAY_LEN(level_names) == LOG_LEVEL_COUNT_, "a name for every level");

const char *log_level_to_string(unsigned level)
{
	return level_names[level];
}

/* A JSON string of bytes from anywhere; after text_add_printable only two characters are left to
 * be escaped. */
static void add_json_string(struct text *out, const char *bytes, size_t length_bytes)
{
	struct text printable;
	const char *at;

	text_init_heap(&printable, PRINTABLE_MAX_BYTES + 1);
	text_add_printable(&printable, bytes, length_bytes, PRINTABLE_MAX_BYTES);
	text_add(out, "\"");
	for (at = printable.data; at && *at;) {
		size_t plain = strcspn(at, "\"\\");

		text_add_bytes(out, at, plain);
		at += plain;
		if (!*at)
			break;
		text_add(out, "\\");
		text_add_bytes(out, at++, 1);
	}
	text_add(out, "\"");
	text_deinit(&printable);
}

static void add_json_member(
    struct text *out, const char *name, const char *bytes, size_t length_bytes)
{
	text_add(out, ",\"");
	text_add(out, name);
	text_add(out, "\":");
	add_json_string(out, bytes, length_bytes);
}

static void add_json_start(struct text *out, uint64_t epoch_ms)
{
	text_add(out, "{\"time\":\"");
	text_add_time(out, epoch_ms);
	text_add(out, "\"");
}

void log_line_event(struct text *out, enum log_format format, uint64_t epoch_ms,
    enum log_level level, const char *service, const char *event, const char *message)
{
	if (format == LOG_JSON) {
		add_json_start(out, epoch_ms);
		add_json_member(out, "level", level_names[level], strlen(level_names[level]));
		if (service)
			add_json_member(out, "service", service, strlen(service));
		else
			text_add(out, ",\"service\":null");
		add_json_member(out, "event", event, strlen(event));
		add_json_member(out, "message", message, strlen(message));
		text_add(out, "}\n");
		return;
	}
	text_add_time(out, epoch_ms);
	text_addf(out, " nemoinit%s%s: %s%s", service ? " " : "", service ? service : "",
	    level == LOG_INFO ? "" : level_names[level], level == LOG_INFO ? "" : ": ");
	text_add_printable(out, message, strlen(message), PRINTABLE_MAX_BYTES);
	text_add(out, "\n");
}

/* Without its end, so that a member can follow. */
static void add_output(struct text *out, enum log_format format, uint64_t epoch_ms,
    const char *service, const char *stream, const char *line, size_t length_bytes)
{
	if (format == LOG_JSON) {
		add_json_start(out, epoch_ms);
		add_json_member(out, "service", service, strlen(service));
		add_json_member(out, "stream", stream, strlen(stream));
		add_json_member(out, "line", line, length_bytes);
		return;
	}
	text_add_time(out, epoch_ms);
	text_add(out, " ");
	text_add(out, service);
	text_add(out, " | ");
	text_add_printable(out, line, length_bytes, PRINTABLE_MAX_BYTES);
}

void log_line_output(struct text *out, enum log_format format, uint64_t epoch_ms,
    const char *service, const char *stream, const char *line, size_t length_bytes)
{
	add_output(out, format, epoch_ms, service, stream, line, length_bytes);
	text_add(out, format == LOG_JSON ? "}\n" : "\n");
}

void log_line_repeated(struct text *out, enum log_format format, uint64_t epoch_ms,
    const char *service, const char *stream, uint64_t repeated)
{
	char line[48];
	int length = snprintf(line, sizeof(line), "(repeated %" PRIu64 " times)", repeated);

	add_output(out, format, epoch_ms, service, stream, line, (size_t)length);
	if (format == LOG_JSON)
		text_addf(out, ",\"repeated\":%" PRIu64 "}", repeated);
	text_add(out, "\n");
}

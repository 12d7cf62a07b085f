/* What is told: each of our own lines, which may be an event too, and each line of output. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/supervisor.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/log_file.h"
#include "io/loop.h"
#include "util/text.h"

void supervisor_report(struct supervisor *supervisor, enum log_level level, const struct unit *unit,
    const char *event, const char *format, ...)
{
	char message[1024], redacted[1024];
	struct event entry = { .at_ms = (int64_t)clock_epoch_ms(),
		.service = unit ? unit->config->name : NULL,
		.event = event_name(event),
		.level = level,
		.pid = unit && unit->pid ? unit->pid : -1 };
	struct text out;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	text_init(&out, redacted, sizeof(redacted));
	entry.message = supervisor_redact(supervisor, unit, message, &out);
	if (entry.event)
		event_ring_add(&supervisor->events, &entry);
	text_init_heap(&out, sizeof(message) * 8);
	log_line_event(&out, supervisor->config->log_format, (uint64_t)entry.at_ms, level,
	    entry.service, event, entry.message);
	if (out.data)
		log_write(supervisor->log, out.data, out.length_bytes);
	text_deinit(&out);
}

const char *supervisor_redact(const struct supervisor *supervisor, const struct unit *unit,
    const char *text, struct text *buffer)
{
	const struct redact *redact = unit ? &unit->speaker.redact : &supervisor->redact;

	if (!supervisor->config->redact || !redact_line(redact, text, strlen(text), buffer))
		return text;
	return buffer->data ? buffer->data : "";
}

/* Everything a service says goes this way; from here on no secret is in it. */
static void supervisor_tell_output(struct supervisor *supervisor, struct speaker *speaker,
    const char *name, const char *stream, const char *line, size_t length_bytes)
{
	uint64_t epoch_ms = clock_epoch_ms();
	const struct kept_line *kept;
	struct text out;

	kept = line_ring_add(&speaker->ring, stream, line, length_bytes, epoch_ms);
	if (kept && supervisor->on_line)
		supervisor->on_line(supervisor->on_line_data, name, kept);
	if (speaker->log_file)
		log_file_add(
		    speaker->log_file, epoch_ms, line, length_bytes, loop_now_ms(supervisor->loop));
	text_init_heap(&out, LINE_MAX_BYTES * 8);
	log_line_output(
	    &out, supervisor->config->log_format, epoch_ms, name, stream, line, length_bytes);
	if (out.data)
		log_write(supervisor->log, out.data, out.length_bytes);
	text_deinit(&out);
}

void supervisor_log_output(struct supervisor *supervisor, struct speaker *speaker, const char *name,
    const char *stream, const char *line, size_t length_bytes)
{
	struct text redacted;

	text_init_heap(&redacted, 2 * LINE_MAX_BYTES);
	if (supervisor->config->redact &&
	    redact_line(&speaker->redact, line, length_bytes, &redacted)) {
		line = redacted.data ? redacted.data : "";
		length_bytes = redacted.length_bytes;
	}
	supervisor_tell_output(supervisor, speaker, name, stream, line, length_bytes);
	text_deinit(&redacted);
}

void supervisor_report_warnings(struct supervisor *supervisor, size_t count)
{
	for (size_t i = 0; i < count; i++)
		supervisor_report(
		    supervisor, LOG_WARN, NULL, "warning", "%s", supervisor->warnings.items[i]);
}

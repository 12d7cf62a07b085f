/* What is told: each of our own lines, which may be an event too, and each line of output. */
#include <stdarg.h>

#include "app/supervisor.h"
#include "io/clock.h"
#include "io/log.h"
#include "util/text.h"

void supervisor_report(struct supervisor *supervisor, enum log_level level, const struct unit *unit,
    const char *event, const char *format, ...)
{
	char message[1024];
	struct event entry = { .at_ms = (int64_t)clock_epoch_ms(),
		.service = unit ? unit->config->name : NULL,
		.event = event_name(event),
		.level = level,
		.pid = unit && unit->pid ? unit->pid : -1,
		.message = message };
	struct text out, words;
	va_list arguments;

	text_init(&words, message, sizeof(message));
	va_start(arguments, format);
	text_addv(&words, format, arguments);
	va_end(arguments);
	if (entry.event)
		event_ring_add(&supervisor->events, &entry);
	text_init_heap(&out, sizeof(message) * 8);
	log_line_event(&out, supervisor->config->log_format, (uint64_t)entry.at_ms, level,
	    entry.service, event, message);
	if (out.data)
		log_write(supervisor->log, out.data, out.length_bytes);
	text_deinit(&out);
}

void supervisor_log_output(struct supervisor *supervisor, struct line_ring *ring, const char *name,
    const char *stream, const char *line, size_t length_bytes)
{
	uint64_t epoch_ms = clock_epoch_ms();
	const struct kept_line *kept;
	struct text out;

	kept = line_ring_add(ring, stream, line, length_bytes, epoch_ms);
	if (kept && supervisor->on_line)
		supervisor->on_line(supervisor->on_line_data, name, kept);
	text_init_heap(&out, LINE_MAX_BYTES * 8);
	log_line_output(
	    &out, supervisor->config->log_format, epoch_ms, name, stream, line, length_bytes);
	if (out.data)
		log_write(supervisor->log, out.data, out.length_bytes);
	text_deinit(&out);
}

void supervisor_report_warnings(struct supervisor *supervisor, size_t count)
{
	for (size_t i = 0; i < count; i++)
		supervisor_report(
		    supervisor, LOG_WARN, NULL, "warning", "%s", supervisor->warnings.items[i]);
}

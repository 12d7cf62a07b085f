/* What is told: each of our own lines, which may be an event too, and each line of output. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "app/supervisor.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/log_file.h"
#include "io/loop.h"
#include "util/text.h"

static void supervisor_log_line(struct supervisor *supervisor)
{
	if (supervisor->line.data)
		log_write(supervisor->log, supervisor->line.data, supervisor->line.length_bytes);
}

bool supervisor_flush_log(struct supervisor *supervisor)
{
	uint64_t dropped;

	log_flush(supervisor->log);
	dropped = log_take_dropped(supervisor->log);
	if (dropped) {
		supervisor_report(supervisor, LOG_WARN, NULL, "drops",
		    "%" PRIu64 " lines dropped: stdout was not read", dropped);
		log_flush(supervisor->log);
	}
	text_deinit(&supervisor->line);
	text_init_heap(&supervisor->line, SUPERVISOR_LINE_BYTES);
	return dropped > 0;
}

void supervisor_report(struct supervisor *supervisor, enum log_level level, const struct unit *unit,
    const char *event, const char *format, ...)
{
	char message[1024], redacted[1024];
	struct event entry = { .at_ms = (int64_t)clock_epoch_ms(),
		.service = unit ? unit->config->name : NULL,
		.event = event_name(event),
		.level = level,
		.pid = unit && unit->pid ? unit->pid : -1 };
	struct text out, words;
	va_list arguments;

	text_init(&words, message, sizeof(message));
	va_start(arguments, format);
	text_addv(&words, format, arguments);
	va_end(arguments);
	text_init(&out, redacted, sizeof(redacted));
	entry.message = supervisor_redact(supervisor, unit, message, &out);
	if (entry.event)
		event_ring_add(&supervisor->events, &entry);
	text_clear(&supervisor->line);
	log_line_event(&supervisor->line, supervisor->config->log_format, (uint64_t)entry.at_ms,
	    level, entry.service, event, entry.message);
	supervisor_log_line(supervisor);
}

const char *supervisor_redact(const struct supervisor *supervisor, const struct unit *unit,
    const char *text, struct text *buffer)
{
	const struct redact *redact = unit ? &unit->speaker.redact : &supervisor->redact;

	if (!supervisor->config->redact || !redact_cut_line(redact, text, strlen(text), buffer))
		return text;
	return buffer->data ? buffer->data : "";
}

void supervisor_redact_text(
    const struct supervisor *supervisor, const struct unit *unit, char **text)
{
	struct text redacted;
	const char *shown;

	if (!*text)
		return;
	text_init_heap(&redacted, 2 * strlen(*text) + 1);
	shown = supervisor_redact(supervisor, unit, *text, &redacted);
	if (shown == *text)
		return;
	if (!redacted.data) {
		(*text)[0] = '\0';
		return;
	}
	free(*text);
	*text = redacted.data;
}

static void supervisor_log_repeated(
    struct supervisor *supervisor, const char *name, const char *stream, uint64_t repeated)
{
	if (!repeated)
		return;
	text_clear(&supervisor->line);
	log_line_repeated(&supervisor->line, supervisor->config->log_format, clock_epoch_ms(), name,
	    stream, repeated);
	supervisor_log_line(supervisor);
}

uint64_t supervisor_turn_output(
    struct supervisor *supervisor, struct speaker *speaker, const char *name, uint64_t now_ms)
{
	if (line_fold_deadline_ms(&speaker->fold) <= now_ms)
		supervisor_log_repeated(
		    supervisor, name, speaker->fold.stream, line_fold_take(&speaker->fold));
	return line_fold_deadline_ms(&speaker->fold);
}

void supervisor_end_output(struct supervisor *supervisor, struct speaker *speaker, const char *name)
{
	supervisor_log_repeated(
	    supervisor, name, speaker->fold.stream, line_fold_take(&speaker->fold));
	line_fold_deinit(&speaker->fold);
}

/* Everything a service says goes this way; from here on no secret is in it. */
static void supervisor_tell_output(struct supervisor *supervisor, struct speaker *speaker,
    const char *name, const char *stream, const char *line, size_t length_bytes)
{
	uint64_t epoch_ms = clock_epoch_ms();
	const char *before = speaker->fold.stream;
	const struct kept_line *kept;
	uint64_t repeated;

	kept = line_ring_add(&speaker->ring, stream, line, length_bytes, epoch_ms);
	if (kept && supervisor->on_line)
		supervisor->on_line(supervisor->on_line_data, name, kept);
	if (speaker->log_file)
		log_file_add(
		    speaker->log_file, epoch_ms, line, length_bytes, loop_now_ms(supervisor->loop));
	if (!line_fold_add(&speaker->fold, stream, line, length_bytes,
		loop_now_ms(supervisor->loop), &repeated))
		return;
	supervisor_log_repeated(supervisor, name, before, repeated);
	text_clear(&supervisor->line);
	log_line_output(&supervisor->line, supervisor->config->log_format, epoch_ms, name, stream,
	    line, length_bytes);
	supervisor_log_line(supervisor);
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
	for (size_t i = 0; i < count; i++) {
		supervisor_redact_text(supervisor, NULL, &supervisor->warnings.items[i]);
		supervisor_report(
		    supervisor, LOG_WARN, NULL, "warning", "%s", supervisor->warnings.items[i]);
	}
}

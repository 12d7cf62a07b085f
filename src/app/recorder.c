#include "app/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/supervisor.h"
#include "core/life_record.h"
#include "io/clock.h"
#include "io/state_dir.h"
#include "util/macros.h"
#include "util/text.h"

struct recorder {
	struct supervisor *supervisor;
	char *path; /* a copy: a reload replaces the configuration */
	struct state_dir dir;
	struct life_record_json previous; /* root NULL: there was none, or it cannot be read yet */
	bool has_looked;                  /* for that */
	bool is_owed;                     /* the last write has failed */
	int64_t written_seq;              /* of the last event in the record */
	uint64_t next_ms;                 /* not before then is it written again */
	char *warning;
};

/* ---- the life before ---- */

static void report_previous(const struct recorder *recorder)
{
	const struct life_record *record = &recorder->previous.record;
	const struct event *last = record->events.items;
	char buffer[EVENT_MESSAGE_BYTES + 128];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_addf(&text, "the run before was %s ",
	    record->is_clean ? "stopped at" : "killed: its last record is of");
	text_add_time(&text, (uint64_t)record->at_ms);
	if (record->is_clean && record->reason)
		text_addf(&text, ": %s", record->reason);
	if (!record->is_clean && record->events.count) {
		last += record->events.count - 1;
		text_addf(&text, ", the last event: %s%s%s", last->service ? last->service : "",
		    last->service ? ": " : "", last->message);
	}
	supervisor_report(recorder->supervisor, record->is_clean ? LOG_INFO : LOG_WARN, NULL,
	    "previous-run", "%s", buffer);
}

/* 0, -ENOENT, or -errno and what is wrong with it. */
static int read_previous(struct recorder *recorder, struct error *error)
{
	size_t length = 0;
	char *text;
	int result = state_dir_read(&recorder->dir, LIFE_RECORD_BYTES, &text, &length, error);

	if (result)
		return result;
	result = life_record_decode(text, length, &recorder->previous, error);
	free(text);
	if (result)
		return error_prefix(error, "the record of the run before");
	recorder->has_looked = true;
	report_previous(recorder);
	return 0;
}

/* ---- this life ---- */

static int write_record(struct recorder *recorder, const char *reason, struct error *error)
{
	struct supervisor *supervisor = recorder->supervisor;
	const struct life_record record = { .instance = supervisor->instance,
		.is_clean = reason,
		.at_ms = (int64_t)clock_epoch_ms(),
		.reason = reason };
	char *line = life_record_encode(&record, &supervisor->events);
	int result;

	if (!line)
		return error_set(error, -ENOMEM, "no memory for the record");
	result = state_dir_write(&recorder->dir, line, strlen(line), reason, error);
	free(line);
	return result;
}

static void set_warning(struct recorder *recorder, const char *text)
{
	bool is_news = text && (!recorder->warning || strcmp(text, recorder->warning) != 0);

	if (!text && recorder->warning)
		supervisor_report(recorder->supervisor, LOG_INFO, NULL, "state-dir",
		    "state_dir %s can be used again", recorder->dir.path);
	unit_set_text(&recorder->warning, text);
	if (is_news)
		supervisor_report(recorder->supervisor, LOG_WARN, NULL, "warning", "%s", text);
}

/* For this whole life. */
static void warn_of_previous(struct recorder *recorder, const struct error *error)
{
	struct problems *warnings = &recorder->supervisor->warnings;
	char text[sizeof(error->message) + 128];

	snprintf(text, sizeof(text), "state_dir %s: %s; replaced, previous_run is unknown",
	    recorder->dir.path, error->message);
	problems_add(warnings, "%s", text);
	supervisor_report(recorder->supervisor, LOG_WARN, NULL, "warning", "%s", text);
}

static void record(struct recorder *recorder, const char *reason, uint64_t now_ms)
{
	int64_t seq = recorder->supervisor->events.last_seq;
	struct error read_error, error;
	int read_result = recorder->has_looked ? 0 : read_previous(recorder, &read_error);
	int result = write_record(recorder, reason, &error);
	char text[sizeof(error.message) + 128];

	recorder->is_owed = result;
	recorder->next_ms = deadline_after(now_ms, result ? RECORDER_RETRY_MS : RECORDER_PACE_MS);
	if (result) {
		snprintf(text, sizeof(text),
		    "state_dir %s: %s; nothing is kept for the next start, trying again every %d s",
		    recorder->dir.path, error.message, RECORDER_RETRY_MS / 1000);
		set_warning(recorder, text);
		return;
	}
	set_warning(recorder, NULL);
	recorder->has_looked = true;
	recorder->written_seq = seq;
	if (read_result && read_result != -ENOENT)
		warn_of_previous(recorder, &read_error);
}

int recorder_new(struct supervisor *supervisor, uint64_t now_ms, struct recorder **ret_recorder)
{
	struct recorder *recorder;

	*ret_recorder = NULL;
	if (!supervisor->config->state_dir)
		return 0;
	recorder = calloc(1, sizeof(*recorder));
	if (!recorder)
		return -ENOMEM;
	recorder->supervisor = supervisor;
	recorder->path = strdup(supervisor->config->state_dir);
	if (!recorder->path) {
		free(recorder);
		return -ENOMEM;
	}
	state_dir_init(&recorder->dir, recorder->path);
	record(recorder, NULL, now_ms);
	*ret_recorder = recorder;
	return 0;
}

void recorder_free(struct recorder **recorder)
{
	if (!*recorder)
		return;
	state_dir_deinit(&(*recorder)->dir);
	life_record_deinit(&(*recorder)->previous);
	free((*recorder)->warning);
	free((*recorder)->path);
	free(*recorder);
	*recorder = NULL;
}

uint64_t recorder_turn(struct recorder *recorder, uint64_t now_ms)
{
	if (!recorder ||
	    (!recorder->is_owed && recorder->written_seq == recorder->supervisor->events.last_seq))
		return NEVER_MS;
	if (now_ms < recorder->next_ms)
		return recorder->next_ms;
	record(recorder, NULL, now_ms);
	return recorder->is_owed ? recorder->next_ms : NEVER_MS;
}

void recorder_finish(struct recorder *recorder, const char *reason)
{
	if (recorder)
		record(recorder, reason, 0);
}

/* ---- for status ---- */

void recorder_fill(
    const struct recorder *recorder, bool is_privileged, struct snapshot_life *ret_run)
{
	const struct life_record *record = recorder ? &recorder->previous.record : NULL;

	if (!recorder || !recorder->previous.root)
		return;
	*ret_run =
	    (struct snapshot_life){ .ended = record->is_clean ? LIFE_END_CLEAN : LIFE_END_KILLED,
		    .at_ms = record->at_ms };
	if (is_privileged)
		ret_run->last_events = record->events;
}

const char *recorder_warning(const struct recorder *recorder)
{
	return recorder ? recorder->warning : NULL;
}

/* The log file of a service, and what is told of it. */
#include <inttypes.h>
#include <stdio.h>

#include "app/supervisor.h"
#include "app/unit.h"
#include "io/log_file.h"
#include "util/macros.h"

enum {
	PROBLEM_BYTES = 700,
};

void unit_open_log(struct unit *unit)
{
	const struct config *config = unit->supervisor->config;
	const struct log_file_options options = { .directory = config->log_dir,
		.name = unit->config->name,
		.max_bytes = config->log_max_bytes,
		.keep = (unsigned)config->log_keep };

	if (unit->speaker.log_file || !config->log_dir)
		return;
	/* Without memory for it the next words try again. */
	(void)log_file_new(&options, &unit->speaker.log_file);
}

/* Once when it begins, and once when it is over; between, status says how it is. */
static void unit_tell_log(struct unit *unit)
{
	const struct log_file *file = unit->speaker.log_file;
	const char *problem = log_file_problem(file);
	char warning[PROBLEM_BYTES];

	if (problem) {
		snprintf(warning, sizeof(warning),
		    "log file: %s; lines for it are dropped, tried again every %d s", problem,
		    LOG_FILE_RETRY_MS / 1000);
		if (!unit->has_log_problem)
			supervisor_report(unit->supervisor, LOG_WARN, unit, "drops", "%s", warning);
		unit_set_text(&unit->warnings[UNIT_WARNING_LOG], warning);
	} else if (unit->has_log_problem) {
		supervisor_report(unit->supervisor, LOG_WARN, unit, "drops",
		    "log file: %s is written again; %" PRIu64 " lines are missing in it",
		    log_file_path(file), log_file_lost(file));
		unit_set_text(&unit->warnings[UNIT_WARNING_LOG], NULL);
	}
	unit->has_log_problem = problem;
}

uint64_t unit_turn_log(struct unit *unit, uint64_t now_ms)
{
	struct log_file *file = unit->speaker.log_file;

	if (!file)
		return NEVER_MS;
	log_file_flush(file, now_ms);
	log_file_turn(file, now_ms);
	if (unit->has_log_problem || log_file_problem(file))
		unit_tell_log(unit);
	return log_file_deadline_ms(file);
}

void unit_close_log(struct unit *unit, uint64_t now_ms)
{
	struct log_file *file = unit->speaker.log_file;

	if (!file)
		return;
	(void)unit_turn_log(unit, now_ms);
	if (unit->has_log_problem)
		supervisor_report(unit->supervisor, LOG_WARN, unit, "drops",
		    "log file: %s is given up; %" PRIu64 " lines are missing in it",
		    log_file_path(file), log_file_lost(file));
	unit_set_text(&unit->warnings[UNIT_WARNING_LOG], NULL);
	unit->has_log_problem = false;
	unit->log_dropped += log_file_dropped(file);
	log_file_free(&unit->speaker.log_file);
}

uint64_t unit_log_dropped(const struct unit *unit)
{
	const struct log_file *file = unit->speaker.log_file;

	return unit->log_dropped + (file ? log_file_dropped(file) : 0);
}

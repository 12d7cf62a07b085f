#include "app/reload.h"

#include <string.h>

#include "app/load.h"
#include "app/options.h"
#include "app/supervisor.h"
#include "util/text.h"

enum {
	PROBLEM_BYTES = 1024, /* of one, printable */
};

static void add_problem(struct text *text, const char *problem)
{
	if (text->length_bytes)
		text_add(text, "\n");
	text_add_printable(text, problem, strlen(problem), PROBLEM_BYTES);
}

/* Logs them all, and makes one text of them. */
static char *report_problems(struct supervisor *supervisor, struct problems *problems)
{
	struct text text;

	text_init_heap(&text, (PROBLEMS_MAX + 1) * (PROBLEM_BYTES + 1));
	for (size_t i = 0; i < problems->count; i++) {
		supervisor_redact_text(supervisor, NULL, &problems->items[i]);
		supervisor_report(supervisor, LOG_ERROR, NULL, "reload-failed",
		    "nothing is changed: %s", problems->items[i]);
		add_problem(&text, problems->items[i]);
	}
	if (problems->dropped_count) {
		supervisor_report(supervisor, LOG_ERROR, NULL, "reload-failed",
		    "nothing is changed: %zu more problems", problems->dropped_count);
		text_addf(&text, "%sand %zu more problems", problems->count ? "\n" : "",
		    problems->dropped_count);
	}
	return text.data;
}

int reload(struct supervisor *supervisor, uint64_t now_ms, char **ret_problems)
{
	struct problems errors = { .items = NULL }, warnings = { .items = NULL };
	struct config fresh = { .file = NULL };
	struct options options = *supervisor->command_line;
	int result;

	options.config = supervisor->config->file;
	result = load_config(&options, supervisor->environment, &fresh, &errors, &warnings);

	if (!result) {
		config_forget_text(&fresh);
		result = supervisor_reload(supervisor, &fresh, &warnings, now_ms);
		if (result)
			problems_add(&errors, "no memory for the new configuration");
	}
	if (result)
		*ret_problems = report_problems(supervisor, &errors);
	config_deinit(&fresh);
	problems_deinit(&errors);
	problems_deinit(&warnings);
	return result;
}

#include "app/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/redact.h"
#include "io/termination_log.h"
#include "util/text.h"

extern char **environ;

enum {
	EXIT_NOT_PRINTED = 1,
};

/* They may quote a value. Without memory a line is empty. */
static void mask_problems(struct problems *problems, const struct redact *redact)
{
	for (size_t i = 0; i < problems->count; i++) {
		char *item = problems->items[i];
		struct text masked;

		text_init_heap(&masked, 2 * strlen(item) + 1);
		if (!redact_cut_line(redact, item, strlen(item), &masked))
			continue;
		if (masked.data) {
			free(item);
			problems->items[i] = masked.data;
		} else {
			item[0] = '\0';
		}
	}
}

static void print_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		fprintf(stderr, "%s\n", problems->items[i]);
	if (problems->dropped_count)
		fprintf(stderr, "and %zu more problems\n", problems->dropped_count);
}

static int print_config(const struct config *config)
{
	char *text = config_print(config);
	int code = 0;

	if (!text || fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
		fprintf(stderr, "nemoinit: cannot print the configuration\n");
		code = EXIT_NOT_PRINTED;
	}
	free(text);
	return code;
}

int check_config(const struct options *options, const struct config *config, int result,
    struct problems *errors, struct problems *warnings)
{
	struct redact redact = { .others = NULL };

	/* What it has not learned without memory it still knows by name. */
	(void)redact_learn(&redact, environ);
	mask_problems(errors, &redact);
	mask_problems(warnings, &redact);
	redact_deinit(&redact);
	print_problems(errors);
	if (options->is_check) {
		print_problems(warnings);
		return problems_total(errors) || problems_total(warnings) ? OPTIONS_BAD_USE : 0;
	}
	if (result && !options->is_print && errors->count)
		termination_log_write(errors->items[0]);
	if (result)
		return OPTIONS_BAD_USE;
	if (!options->is_print)
		return -1;
	print_problems(warnings);
	return print_config(config);
}

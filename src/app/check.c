#include "app/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/termination_log.h"

enum {
	EXIT_NOT_PRINTED = 1,
};

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
    const struct problems *errors, const struct problems *warnings)
{
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

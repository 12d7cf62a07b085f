/*
 * A configuration file, and behind a line `%%` an environment, one variable a line: problems that
 * are told in lines, or a configuration within its bounds, that --print-config repeats.
 */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>

#include "core/config.h"
#include "core/config_equal.h"
#include "core/config_keys.h"

enum { VARIABLES_MAX = 32 };

struct world {
	struct config config;
	struct problems errors, warnings;
	int result;
};

static void build(struct world *world, const char *text, size_t length, char *const *environment)
{
	const struct config_sources sources = { .file = "f",
		.text = text,
		.text_bytes = length,
		.environment = environment,
		.is_root = length % 2 };

	memset(world, 0, sizeof(*world));
	world->result = config_build(&sources, &world->config, &world->errors, &world->warnings);
	must(world->result == (problems_total(&world->errors) ? -EINVAL : 0));
}

static void end(struct world *world)
{
	if (!world->result)
		config_deinit(&world->config);
	problems_deinit(&world->errors);
	problems_deinit(&world->warnings);
}

static void check_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		must(problems->items[i][0] && is_line(problems->items[i]));
}

static void check_bounds(enum section_kind kind, const void *base)
{
	size_t count;
	const struct config_key *keys = config_keys(kind, &count);

	for (size_t i = 0; i < count; i++) {
		const char *field = (const char *)base + keys[i].offset;
		unsigned words = 0;

		if (keys[i].type == VALUE_DURATION)
			must(*(const uint64_t *)field >= keys[i].min &&
			     *(const uint64_t *)field <= keys[i].max);
		while (keys[i].type == VALUE_CHOICE && keys[i].words[words])
			words++;
		if (words)
			must(*(const unsigned *)field < words);
	}
}

static void check_config(const struct config *config)
{
	must(config->gateway_port);
	check_bounds(SECTION_NEMOINIT, config);
	for (size_t i = 0; i < config->service_count; i++) {
		const struct service_config *service = &config->services[i];

		must(
		    service->command.count && config_find_service(config, service->name) == (int)i);
		check_bounds(SECTION_SERVICE, service);
		for (size_t k = 0; k < service->after.count; k++)
			must(service->after_index[k] == UINT16_MAX ||
			     config->services[service->after_index[k]].level < service->level);
	}
	for (size_t i = 0; i < config->task_count; i++) {
		must(config->tasks[i].command.count);
		check_bounds(SECTION_TASK, &config->tasks[i]);
	}
}

static void check_same(const struct config *a, const struct config *b)
{
	size_t count;
	const struct config_key *keys = config_keys(SECTION_NEMOINIT, &count);

	must(a->service_count == b->service_count && config_tasks_equal(a, b));
	for (size_t i = 0; i < count; i++)
		must(config_value_equal(&keys[i], a, b));
	for (size_t i = 0; i < a->service_count; i++)
		must(service_config_equal(&a->services[i], &b->services[i]));
}

/* What it prints is a file that says the same; masked secrets are the one thing that is lost. */
static void check_print(const struct config *config, bool is_root, char *const *environment)
{
	char *text = config_print(config), *padded;
	size_t length = text ? strlen(text) : 0;
	struct world world;

	must(text);
	padded = malloc(length + 2);
	must(padded);
	memcpy(padded, text, length);
	memcpy(padded + length, "\n", 2);
	build(&world, padded, length + (length % 2 != is_root), environment);
	if (!strstr(text, "***")) {
		must(world.result == 0);
		check_same(config, &world.config);
	}
	end(&world);
	free(padded);
	free(text);
}

/* White space around a value is lost in a file; a PATH with some is not repeated. */
static bool is_repeatable(const char *variable)
{
	size_t length = strlen(variable);

	return !length ||
	       (!isspace((unsigned char)variable[length - 1]) &&
		   (strncmp(variable, "PATH=", 5) != 0 || !isspace((unsigned char)variable[5])));
}

/* Splits the environment off; returns the length of the file. */
static size_t split(char *text, size_t size, char **environment)
{
	char *mark = memmem(text, size, "\n%%\n", 4), *rest = mark ? mark + 4 : NULL, *line;
	size_t count = 0;

	while (rest && count < VARIABLES_MAX && (line = strsep(&rest, "\n")))
		if (is_repeatable(line))
			environment[count++] = line;
	environment[count] = NULL;
	return mark ? (size_t)(mark - text) + 1 : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_text(data, size), *environment[VARIABLES_MAX + 1];
	size_t length = split(text, size, environment);
	struct world world;

	build(&world, text, length, environment);
	check_problems(&world.errors);
	check_problems(&world.warnings);
	if (!world.result) {
		check_config(&world.config);
		check_print(&world.config, length % 2, environment);
	}
	end(&world);
	free(text);
	return 0;
}

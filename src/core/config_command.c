/* The command of the command line: one more service, `main`, that no file can configure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_build.h"
#include "util/macros.h"

static const char main_name[] = "main";

/* It is what nemoinit was started for: the environment cannot change these. */
static const char *const fixed_keys[] = { "command", "enabled", "after", "restart" };

bool config_is_command(enum section_kind kind, const char *name)
{
	return kind == SECTION_SERVICE && strcmp(name, main_name) == 0;
}

bool config_is_fixed_for_command(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(fixed_keys); i++)
		if (strcmp(fixed_keys[i], key) == 0)
			return true;
	return false;
}

int config_add_command(char *const *argv, struct settings *settings)
{
	static const char origin[] = "command line";
	struct section *section = settings_get(settings, SECTION_SERVICE, main_name);
	struct words words = { .items = (char **)argv };
	int result = section ? 0 : -ENOMEM;
	char *shown;

	while (argv[words.count])
		words.count++;
	shown = words_join(&words);
	if (!shown)
		result = -ENOMEM;
	if (!result)
		result = section_set(section, "command", shown, origin);
	if (!result)
		result = section_set(section, "restart", "never", origin);
	if (!result)
		result = section_set(section, "output", "inherit", origin);
	free(shown);
	return result;
}

int config_read_command(const struct config_sources *sources, struct service_config *service)
{
	service->is_main = true;
	/* As it was typed: there is nothing to be split or expanded. */
	for (char *const *word = sources->command; *word; word++)
		if (words_add(&service->command, strdup(*word)))
			return -ENOMEM;
	if (!service->working_directory && sources->directory) {
		service->working_directory = strdup(sources->directory);
		if (!service->working_directory)
			return -ENOMEM;
	}
	return 0;
}

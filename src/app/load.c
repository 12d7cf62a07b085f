#include "app/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/options.h"
#include "core/config_ini.h"
#include "core/pairing_settings.h"
#include "io/privileges.h"
#include "io/text_file.h"
#include "util/parse.h"
#include "util/text.h"

static const char default_config[] = "/etc/nemoinit/nemoinit.ini";

/* 0, or -errno with a problem added. *ret_text is the caller's. */
static int read_config_file(
    const char *path, char **ret_text, size_t *ret_bytes, struct problems *errors)
{
	int result = text_file_read_trusted(path, CONFIG_INI_FILE_BYTES, ret_text, ret_bytes);

	if (result)
		problems_add(errors, "%s: %s", path,
		    result == -EFBIG ? "is larger than 4 MiB" : text_file_fault(result));
	return result;
}

/* The watcher has its settings from the environment, which is ours: bad values are told here too.
 */
static void check_watcher(
    const struct config *config, char *const *environment, struct problems *warnings)
{
	static const char skip_name[] = "NEMOCLAW_SKIP_AUTO_PAIR";
	static struct pairing_settings settings; /* not needed beyond the check */
	char buffer[4096], *line, *rest = buffer;
	struct text text;
	const char *skip = environment_find(environment, skip_name, strlen(skip_name));
	int place = config_find_service(config, "auto-pair");
	bool is_skipped;

	if (place >= 0 && skip && skip[0] && parse_bool(skip, &is_skipped))
		problems_add(warnings, "environment: %s='%.64s' is neither yes nor no; using no",
		    skip_name, skip);
	if (place < 0 || !config->services[place].enabled)
		return;
	text_init(&text, buffer, sizeof(buffer));
	pairing_settings_init(&settings, environment, &text);
	while ((line = strsep(&rest, "\n")))
		if (line[0])
			problems_add(warnings, "environment: %s", line);
}

int load_config(const struct options *options, char *const *environment, struct config *ret_config,
    struct problems *errors, struct problems *warnings)
{
	const char *variable = getenv("NEMOINIT_CONFIG");
	const char *named = options->config           ? options->config
			    : variable && variable[0] ? variable
						      : NULL;
	struct config_sources sources = { .file = named ? named : default_config,
		.environment = environment,
		.is_root = geteuid() == 0,
		.command = options->command,
		.directory = options->directory,
		.find_capability = privileges_capability };
	size_t length = 0;
	char *text = NULL;
	int result;

	if (!named && access(default_config, F_OK) < 0 && errno == ENOENT)
		sources.file = NULL;
	if (sources.file) {
		result = read_config_file(sources.file, &text, &length, errors);
		if (result && named == variable)
			problems_add(errors, "environment: NEMOINIT_CONFIG: names %s", named);
		if (result)
			return result;
	}
	sources.text = text;
	sources.text_bytes = length;
	result = config_build(&sources, ret_config, errors, warnings);
	if (!result)
		check_watcher(ret_config, environment, warnings);
	free(text);
	return result;
}

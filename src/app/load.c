#include "app/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/identity.h"
#include "app/options.h"
#include "core/config_ini.h"
#include "core/pairing_settings.h"
#include "io/fd.h"
#include "util/parse.h"
#include "util/text.h"

static const char default_config[] = "/etc/nemoinit/nemoinit.ini";

/* Who may write the file decides what root runs. */
static bool is_trusted(const struct stat *stat)
{
	return geteuid() != 0 || (stat->st_uid == 0 && !(stat->st_mode & S_IWOTH) &&
				     (!(stat->st_mode & S_IWGRP) || stat->st_gid == 0));
}

/*
 * Reads a file whole. Returns 0, -ENOENT, or -errno with a problem added. *ret_text is the
 * caller's.
 */
static int read_config_file(
    const char *path, char **ret_text, size_t *ret_bytes, struct problems *errors)
{
	int fd __attribute__((cleanup(fd_close))) =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t length = 0, size;
	struct stat stat;
	ssize_t step = 1;
	char *text;

	if (fd < 0 || fstat(fd, &stat) < 0) {
		int result = -errno;

		problems_add(errors, "%s: %s", path, strerror(-result));
		return result;
	}
	if (!S_ISREG(stat.st_mode) || stat.st_size > CONFIG_INI_FILE_BYTES || !is_trusted(&stat)) {
		problems_add(errors, "%s: %s", path,
		    !S_ISREG(stat.st_mode) ? "is no regular file"
		    : !is_trusted(&stat)
			? "must be owned by root and writable by nobody else, since root runs it"
			: "is larger than 4 MiB");
		return -EINVAL;
	}
	size = (size_t)stat.st_size + 1; /* one more, to see that it has not grown */
	text = malloc(size);
	if (!text) {
		problems_add(errors, "%s: no memory", path);
		return -ENOMEM;
	}
	while (step > 0 && length < size) {
		step = read(fd, text + length, size - length);
		length += step > 0 ? (size_t)step : 0;
	}
	if (step < 0 || length == size) {
		problems_add(errors, "%s: %s", path,
		    step < 0 ? strerror(errno) : "was written to while it was read; try again");
		free(text);
		return -EIO;
	}
	*ret_text = text;
	*ret_bytes = length;
	return 0;
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

/* What only libcap knows. Returns how many problems there are. */
static size_t check_identities(const struct config *config, struct problems *errors)
{
	size_t before = problems_total(errors);
	struct error error;

	for (size_t i = 0; i < config->service_count; i++)
		if (identity_check(&config->services[i].identity, &error))
			problems_add(errors, "%s: [service %s] %s",
			    config->file ? config->file : "built-in", config->services[i].name,
			    error.message);
	return problems_total(errors) - before;
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
		.directory = options->directory };
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
	if (!result && check_identities(ret_config, errors)) {
		config_deinit(ret_config);
		result = -EINVAL;
	}
	if (!result)
		check_watcher(ret_config, environment, warnings);
	free(text);
	return result;
}

#include "core/service_env.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/macros.h"

static size_t name_length(const char *entry)
{
	return strcspn(entry, "=");
}

static bool is_ours_alone(const char *entry)
{
	static const char *const prefixes[] = { "NEMOINIT_", "_NEMOINIT=", "NOTIFY_SOCKET=",
		"LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "LISTEN_PIDFDID=", "WATCHDOG_" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncmp(entry, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_unset(const struct service_config *config, const char *entry)
{
	for (size_t i = 0; i < config->env_unset.count; i++)
		if (strlen(config->env_unset.items[i]) == name_length(entry) &&
		    strncmp(config->env_unset.items[i], entry, name_length(entry)) == 0)
			return true;
	return false;
}

/* Adds `NAME=value`, in the place of an entry of the same name. Takes entry, also on failure. */
static int env_put(struct words *environment, char *entry)
{
	size_t length = entry ? name_length(entry) + 1 : 0;

	if (!entry)
		return -ENOMEM;
	for (size_t i = 0; i < environment->count; i++) {
		if (strncmp(environment->items[i], entry, length) == 0) {
			free(environment->items[i]);
			environment->items[i] = entry;
			return 0;
		}
	}
	return words_add(environment, entry);
}

static int env_set(struct words *environment, const char *name, const char *value)
{
	char *entry;

	if (!value)
		return 0;
	if (asprintf(&entry, "%s=%s", name, value) < 0)
		entry = NULL;
	return env_put(environment, entry);
}

int service_env_build(char *const *inherited, const struct service_config *config,
    const struct service_env *given, struct words *ret_environment)
{
	struct words environment = { .items = NULL };
	char watchdog[24];
	int result = 0;

	for (; !result && *inherited; inherited++)
		if (strchr(*inherited, '=') && !is_ours_alone(*inherited) &&
		    !is_unset(config, *inherited))
			result = words_add(&environment, strdup(*inherited));
	snprintf(watchdog, sizeof(watchdog), "%" PRIu64, config->watchdog_ms * 1000);
	result = result ? result : env_set(&environment, "PATH", given->path);
	result = result ? result : env_set(&environment, "NEMOINIT_SOCKET", given->socket);
	result = result ? result : env_set(&environment, "NEMOINIT_EVENT", given->event);
	result = result ? result : env_set(&environment, "NEMOINIT_SERVICE", given->service);
	result = result ? result : env_set(&environment, "NOTIFY_SOCKET", given->notify_socket);
	if (config->watchdog_ms)
		result = result ? result : env_set(&environment, "WATCHDOG_USEC", watchdog);
	for (size_t i = 0; !result && given->file && i < given->file->count; i++)
		result = env_put(&environment, strdup(given->file->items[i]));
	for (size_t i = 0; !result && i < config->env.count; i++)
		result = env_put(&environment, strdup(config->env.items[i]));
	result = result ? result : env_set(&environment, "_NEMOINIT", given->mark);
	if (result) {
		words_deinit(&environment);
		return -ENOMEM;
	}
	*ret_environment = environment;
	return 0;
}

int task_env_build(char *const *inherited, const struct task_config *config,
    const struct service_env *given, struct words *ret_environment)
{
	const struct service_config as_service = { .env = config->env };

	return service_env_build(inherited, &as_service, given, ret_environment);
}

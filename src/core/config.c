#include "core/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/config_build.h"
#include "core/config_ini.h"
#include "core/config_keys.h"
#include "util/macros.h"
#include "util/parse.h"

static const char root_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void identity_config_deinit(struct identity_config *identity)
{
	free(identity->user);
	free(identity->group);
	free(identity->groups);
	free(identity->capabilities);
}

void service_config_deinit(struct service_config *service)
{
	free(service->name);
	words_deinit(&service->command);
	words_deinit(&service->after);
	free(service->after_index);
	words_deinit(&service->restart_with);
	words_deinit(&service->env);
	words_deinit(&service->env_unset);
	free(service->env_file);
	words_deinit(&service->repair);
	for (size_t i = 0; i < service->fatal_output_count; i++) {
		free(service->fatal_outputs[i].id);
		free(service->fatal_outputs[i].text);
	}
	free(service->fatal_outputs);
	identity_config_deinit(&service->identity);
	free(service->working_directory);
	free(service->probe_expect);
	probe_target_deinit(&service->probe);
}

void config_forget_text(struct config *config)
{
	settings_deinit(&config->file_settings);
	settings_deinit(&config->environment_settings);
}

void config_forget_services(struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++)
		service_config_deinit(&config->services[i]);
	free(config->services);
	config->services = NULL;
	config->service_count = 0;
}

/* All but the text it was made of. */
static void config_deinit_values(struct config *config)
{
	config_forget_services(config);
	for (size_t i = 0; i < config->task_count; i++)
		task_config_deinit(&config->tasks[i]);
	free(config->tasks);
	free(config->socket);
	free(config->socket_group);
	free(config->log_dir);
	free(config->path);
	free(config->state_dir);
	free(config->file);
	config->tasks = NULL;
	config->task_count = 0;
	config->socket = config->socket_group = config->log_dir = NULL;
	config->path = config->state_dir = config->file = NULL;
}

void config_deinit(struct config *config)
{
	config_deinit_values(config);
	config_forget_text(config);
}

int config_find_service(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (strcmp(config->services[i].name, name) == 0)
			return (int)i;
	return -1;
}

struct setting *config_setting(
    const struct config_builder *builder, enum section_kind kind, const char *name, const char *key)
{
	const struct settings *const layers[] = { builder->environment, builder->settings };

	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		struct section *section = settings_find(layers[i], kind, name);
		struct setting *setting = section ? section_find(section, key) : NULL;

		if (setting)
			return setting;
	}
	return NULL;
}

static const char override_origin[] = "environment ";

bool config_is_override(const struct setting *setting)
{
	return setting && strncmp(setting->origin, override_origin, strlen(override_origin)) == 0;
}

void config_problem(struct config_builder *builder, enum section_kind kind, const char *name,
    struct setting *setting, const char *message)
{
	const struct section *section = settings_find(builder->settings, kind, name);

	if (config_is_override(setting)) {
		setting->rejected = builder->again = true;
		problems_add(builder->warnings, "environment: %s: %s; passed over",
		    setting->origin + strlen(override_origin), message);
	} else if (setting) {
		problems_add(builder->errors, "%s: %s: %s", setting->origin, setting->key, message);
	} else {
		problems_add(builder->errors, "%s:%u: [%s%s] %s",
		    builder->sources->file ? builder->sources->file : "built-in",
		    section ? section->line : 0, section_kind_to_string(kind), name, message);
	}
}

const char *config_find_variable(const void *data, const char *name, size_t name_length_bytes)
{
	const struct config_builder *builder = data;
	static const char gateway_port[] = "gateway_port";
	static char digits[8]; /* copied by the caller before the next look-up */

	if (name_length_bytes == strlen(gateway_port) &&
	    strncmp(name, gateway_port, name_length_bytes) == 0) {
		snprintf(digits, sizeof(digits), "%u", builder->config->gateway_port);
		return digits;
	}
	return environment_find(builder->sources->environment, name, name_length_bytes);
}

void config_read_key(struct config_builder *builder, enum section_kind kind, const char *name,
    const struct config_key *key, void *base)
{
	const struct variables variables = { .find = config_find_variable, .data = builder };
	struct setting *setting = config_setting(builder, kind, name, key->name);
	const char *fallback;
	struct error error;

	if (setting && !config_value_read(key, setting->value, &variables, base, &error))
		return;
	if (setting)
		config_problem(builder, kind, name, setting, error.message);
	fallback = config_key_fallback(key, kind == SECTION_SERVICE ? base : NULL);
	if (fallback && config_value_read(key, fallback, &variables, base, &error))
		config_problem(builder, kind, name, NULL, error.message);
}

/* `auto`: the platform's two variables, if they hold a port, in this order. */
static void config_resolve_gateway_port(struct config_builder *builder)
{
	static const char *const names[] = { "OPENCLAW_GATEWAY_PORT", "NEMOCLAW_DASHBOARD_PORT" };
	struct config *config = builder->config;
	uint64_t port;

	snprintf(config->gateway_port_origin, sizeof(config->gateway_port_origin), "default");
	for (size_t i = 0; !config->gateway_port && i < ARRAY_LEN(names); i++) {
		const char *value =
		    environment_find(builder->sources->environment, names[i], strlen(names[i]));

		if (!value)
			continue;
		if (parse_count(value, 1, 65535, &port)) {
			if (!builder->is_port_told)
				problems_add(builder->warnings,
				    "environment: %s: '%.80s' is no port from 1 to 65535; passed "
				    "over",
				    names[i], value);
			continue;
		}
		config->gateway_port = (uint16_t)port;
		snprintf(config->gateway_port_origin, sizeof(config->gateway_port_origin),
		    "environment %s", names[i]);
	}
	if (!config->gateway_port)
		config->gateway_port = 18789;
	builder->is_port_told = true;
}

/* What is relative in a PATH would be another place for each service, and one it may write to. */
static char *absolute_path(const char *inherited)
{
	size_t size = strlen(inherited) + sizeof(root_path), length;
	char *path = malloc(size), *at = path;

	for (const char *from = inherited; path && *from; from += length + (from[length] == ':')) {
		length = strcspn(from, ":");
		if (*from == '/')
			at += snprintf(at, size - (size_t)(at - path), "%s%.*s",
			    at > path ? ":" : "", (int)length, from);
	}
	if (path && at == path)
		strcpy(path, root_path);
	return path;
}

static void config_read_nemoinit(struct config_builder *builder)
{
	struct config *config = builder->config;
	const struct config_key *keys, *port = config_key_find(SECTION_NEMOINIT, "gateway_port");
	const char *inherited;
	size_t count;

	/* First, since the other values may say ${gateway_port}. */
	config_read_key(builder, SECTION_NEMOINIT, "", port, config);
	if (!config->gateway_port)
		config_resolve_gateway_port(builder);
	keys = config_keys(SECTION_NEMOINIT, &count);
	for (size_t i = 0; i < count; i++)
		if (&keys[i] != port)
			config_read_key(builder, SECTION_NEMOINIT, "", &keys[i], config);
	if (config->path)
		return;
	inherited = builder->sources->is_root
			? NULL
			: environment_find(builder->sources->environment, "PATH", 4);
	config->path = absolute_path(inherited ? inherited : root_path);
}

/* NEMOCLAW_SKIP_AUTO_PAIR, as the platform sets it. */
static bool is_skipped(const struct config_builder *builder, const char *service_name)
{
	static const char name[] = "NEMOCLAW_SKIP_AUTO_PAIR";
	const char *value = environment_find(builder->sources->environment, name, strlen(name));

	return strcmp(service_name, "auto-pair") == 0 && value &&
	       (strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0 ||
		   strcasecmp(value, "yes") == 0);
}

static void config_read_service(struct config_builder *builder, const struct section *section)
{
	struct config *config = builder->config;
	struct service_config *service = &config->services[config->service_count];
	bool is_command = config_is_command(section->kind, section->name);
	const struct config_key *keys;
	size_t count;

	*service = (struct service_config){ .name = strdup(section->name) };
	if (!service->name) {
		config_problem(builder, section->kind, section->name, NULL, "no memory");
		return;
	}
	config->service_count++;
	keys = config_keys(SECTION_SERVICE, &count);
	for (size_t i = 0; i < count; i++)
		if (!is_command || strcmp(keys[i].name, "command") != 0)
			config_read_key(builder, SECTION_SERVICE, section->name, &keys[i], service);
	config_read_free_keys(builder, section, &service->env, service);
	if (is_command && config_read_command(builder->sources, service))
		config_problem(builder, section->kind, section->name, NULL, "no memory");
	service->is_skipped_by_environment = is_skipped(builder, section->name);
	if (service->is_skipped_by_environment)
		service->enabled = false;
}

/* One pass over all settings. */
static void config_read(struct config_builder *builder)
{
	const struct settings *settings = builder->settings;
	const struct section *nemoinit = settings_find(settings, SECTION_NEMOINIT, "");
	struct config *config = builder->config;

	config_read_nemoinit(builder);
	if (nemoinit)
		config_read_free_keys(builder, nemoinit, NULL, NULL);
	config->services = calloc(settings->count + 1, sizeof(*config->services));
	if (builder->sources->file)
		config->file = strdup(builder->sources->file);
	if (!config->services || !config->path || (builder->sources->file && !config->file)) {
		problems_add(builder->errors, "no memory for the configuration");
		return;
	}
	for (size_t i = 0; i < settings->count; i++)
		if (settings->sections[i].kind == SECTION_SERVICE)
			config_read_service(builder, &settings->sections[i]);
	config_read_tasks(builder);
	config_check(builder);
}

/* Puts all of `from` on top of `section`. */
static int section_overlay(struct section *section, const struct section *from)
{
	int result = 0;

	section->line = from->line ? from->line : section->line;
	section->has_bad_lines = from->has_bad_lines;
	for (size_t i = 0; !result && i < from->count; i++)
		result = section_set(
		    section, from->items[i].key, from->items[i].value, from->items[i].origin);
	return result;
}

/*
 * The file decides which sections there are; those that are built in too start from there. Without
 * a file the built-in ones are all. The command of the command line comes last.
 */
static void config_merge(struct config_builder *builder, struct settings *ret_settings)
{
	const struct config_sources *sources = builder->sources;
	struct settings builtin = { .sections = NULL }, file = { .sections = NULL };
	int result = 0;

	config_ini_read(
	    "built-in", "built-in", builtin_ini, strlen(builtin_ini), &builtin, builder->errors);
	if (sources->file) {
		config_ini_read(sources->file, NULL, sources->text, sources->text_bytes, &file,
		    builder->errors);
	} else {
		*ret_settings = builtin;
		builtin = (struct settings){ .sections = NULL };
	}
	for (size_t i = 0; !result && i < file.count; i++) {
		const struct section *from = &file.sections[i];
		const struct section *base = settings_find(&builtin, from->kind, from->name);
		struct section *to = settings_get(ret_settings, from->kind, from->name);

		result = to ? 0 : -ENOMEM;
		if (!result && base)
			result = section_overlay(to, base);
		if (!result)
			result = section_overlay(to, from);
	}
	if (!result && sources->command)
		result = config_add_command(sources->command, ret_settings);
	if (result)
		problems_add(builder->errors, "no memory for the configuration");
	settings_deinit(&builtin);
	settings_deinit(&file);
}

int config_build(const struct config_sources *sources, struct config *ret_config,
    struct problems *errors, struct problems *warnings)
{
	struct config config = { .file = NULL };
	struct config_builder builder = { .sources = sources,
		.config = &config,
		.settings = &config.file_settings,
		.environment = &config.environment_settings,
		.errors = errors,
		.warnings = warnings };
	size_t form_errors, form_dropped;

	config_merge(&builder, &config.file_settings);
	config_read_environment(&builder);
	form_errors = errors->count;
	form_dropped = errors->dropped_count;
	do {
		/* A value of the environment that was rejected takes its follow-up errors with it.
		 */
		while (errors->count > form_errors)
			free(errors->items[--errors->count]);
		errors->dropped_count = form_dropped;
		config_deinit_values(&config);
		config.gateway_port = 0;
		builder.again = false;
		config_read(&builder);
	} while (builder.again); /* each time with one override less */
	if (problems_total(errors)) {
		config_deinit(&config);
		return -EINVAL;
	}
	*ret_config = config;
	return 0;
}

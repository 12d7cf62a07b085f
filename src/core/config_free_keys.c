/* The keys of a section whose names are free, so that no table can hold them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_build.h"
#include "core/config_keys.h"
#include "core/fatal_text.h"

static const char env_prefix[] = "env.";
static const char fatal_output_prefix[] = "fatal_output.";

static bool has_prefix(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

bool config_key_is_free(const char *key)
{
	return has_prefix(key, env_prefix) || has_prefix(key, fatal_output_prefix);
}

static bool is_variable_name(const char *name)
{
	if (!*name || isdigit((unsigned char)*name))
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

static int read_env(const char *name, const char *value, struct words *env, struct error *error)
{
	char *entry = NULL;

	if (!is_variable_name(name))
		return error_set(error, -EINVAL,
		    "the name after 'env.' must be letters, digits and '_', no digit first");
	if (asprintf(&entry, "%s=%s", name, value) < 0 || words_add(env, entry))
		return error_set(error, -ENOMEM, "too many variables, or no memory");
	return 0;
}

static bool is_id(const char *id)
{
	size_t length = 0;

	while (isalnum((unsigned char)id[length]) || (id[length] && strchr("-_.", id[length])))
		length++;
	return length && length <= 64 && !id[length];
}

static int read_fatal_output(
    const char *id, const char *value, struct service_config *service, struct error *error)
{
	size_t count = service->fatal_output_count;
	struct fatal_output *grown;
	char *text;

	if (!is_id(id))
		return error_set(error, -EINVAL,
		    "the ID after 'fatal_output.' must be 1 to 64 letters, digits, '-', '_', '.'");
	if (count == FATAL_TEXTS_MAX)
		return error_set(
		    error, -E2BIG, "a service has at most %d of them", FATAL_TEXTS_MAX);
	text = fatal_text_fold(value);
	if (!text && errno != ENOMEM)
		return error_set(
		    error, -errno, "a text of 1 to %d bytes is wanted", FATAL_TEXT_BYTES);
	grown = text ? realloc(service->fatal_outputs, (count + 1) * sizeof(*grown)) : NULL;
	if (grown) {
		service->fatal_outputs = grown;
		grown[count] = (struct fatal_output){ .id = strdup(id), .text = text };
		service->fatal_output_count++;
	}
	if (grown && grown[count].id)
		return 0;
	if (!grown)
		free(text);
	return error_set(error, -ENOMEM, "no memory");
}

/* Any other name is unknown. */
static int read_free_key(const struct config_builder *builder, const struct setting *setting,
    struct words *env, struct service_config *service, struct error *error)
{
	const struct variables variables = { .find = config_find_variable, .data = builder };
	const char *key = setting->key;
	bool is_env = env && has_prefix(key, env_prefix);
	char *value = NULL;
	int result;

	if (!is_env && !(service && has_prefix(key, fatal_output_prefix)))
		return error_set(
		    error, -EINVAL, "unknown key; nemoinit --print-config shows those there are");
	result = words_expand(setting->value, &variables, &value, error);
	if (!result && is_env)
		result = read_env(key + strlen(env_prefix), value, env, error);
	else if (!result)
		result =
		    read_fatal_output(key + strlen(fatal_output_prefix), value, service, error);
	free(value);
	return result;
}

void config_read_free_keys(struct config_builder *builder, const struct section *section,
    struct words *env, struct service_config *service)
{
	struct error error;

	for (size_t i = 0; i < section->count; i++) {
		struct setting *setting = &section->items[i];

		if (!setting->rejected && !config_key_find(section->kind, setting->key) &&
		    read_free_key(builder, setting, env, service, &error))
			config_problem(
			    builder, section->kind, section->name, setting, error.message);
	}
}

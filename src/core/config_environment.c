/* NEMOINIT_<KEY> and NEMOINIT_SERVICE_<NAME>_<KEY> (spec 20 part 2). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_build.h"
#include "core/config_keys.h"
#include "util/macros.h"

static const char prefix[] = "NEMOINIT_";
static const char service_prefix[] = "SERVICE_";

enum {
	VARIABLE_NAME_BYTES = 128,
};

/* Kubernetes makes such variables for a Service that is called nemoinit. */
static bool is_kubernetes_link(const char *rest)
{
	return strcmp(rest, "PORT") == 0 || strncmp(rest, "PORT_", 5) == 0 ||
	       strcmp(rest, "SERVICE_HOST") == 0 || strcmp(rest, "SERVICE_PORT") == 0 ||
	       strncmp(rest, "SERVICE_PORT_", 13) == 0;
}

/* Read by the program itself, before there is a configuration. */
static bool is_program_variable(const char *rest)
{
	return strcmp(rest, "CONFIG") == 0;
}

static void lower(const char *upper, char *out, size_t size_bytes)
{
	size_t i;

	for (i = 0; upper[i] && i + 1 < size_bytes; i++)
		out[i] = (char)tolower((unsigned char)upper[i]);
	out[i] = '\0';
}

/* If rest is `<NAME>_<KEY>` for this service, where its KEY begins; else NULL. */
static const char *after_service_name(const char *rest, const char *name)
{
	for (; *name; name++, rest++)
		if (*rest != (*name == '-' ? '_' : toupper((unsigned char)*name)))
			return NULL;
	return *rest == '_' ? rest + 1 : NULL;
}

static bool is_overridable(const struct section *section, const char *key)
{
	return strcmp(key, "env_unset") != 0 && strcmp(key, "env_file") != 0 &&
	       !(config_is_command(section->kind, section->name) &&
		   config_is_fixed_for_command(key));
}

/* The section and key a variable is about; false if there is none. rest: behind NEMOINIT_. */
static bool find_target(const struct config_builder *builder, const char *rest,
    const struct section **ret_section, char *ret_key)
{
	size_t best = 0, count = builder->settings->count;

	if (strncmp(rest, service_prefix, strlen(service_prefix)) != 0) {
		lower(rest, ret_key, VARIABLE_NAME_BYTES);
		*ret_section = NULL;
		return config_key_find(SECTION_NEMOINIT, ret_key) != NULL;
	}
	rest += strlen(service_prefix);
	for (size_t i = 0; i < count; i++) {
		const struct section *section = &builder->settings->sections[i];
		const char *upper = section->kind == SECTION_SERVICE
					? after_service_name(rest, section->name)
					: NULL;
		char key[VARIABLE_NAME_BYTES];

		if (!upper || strlen(section->name) <= best)
			continue;
		lower(upper, key, sizeof(key));
		if (!config_key_find(SECTION_SERVICE, key) || !is_overridable(section, key))
			continue;
		best = strlen(section->name);
		*ret_section = section;
		strcpy(ret_key, key);
	}
	return best > 0;
}

/* Without the blanks around it, as a file's value is; the caller's. NULL: no memory. */
static char *trim(const char *value)
{
	size_t length;

	while (isspace((unsigned char)*value))
		value++;
	length = strlen(value);
	while (length && isspace((unsigned char)value[length - 1]))
		length--;
	return strndup(value, length);
}

static void read_variable(struct config_builder *builder, const char *entry)
{
	const char *equals = strchr(entry, '=');
	char name[VARIABLE_NAME_BYTES], key[VARIABLE_NAME_BYTES], origin[VARIABLE_NAME_BYTES + 16];
	const struct section *section = NULL;
	struct section *to;
	char *value;

	if (!equals)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(equals - entry), entry);
	if (is_kubernetes_link(name + strlen(prefix)) || is_program_variable(name + strlen(prefix)))
		return;
	if ((size_t)(equals - entry) >= sizeof(name) ||
	    !find_target(builder, name + strlen(prefix), &section, key)) {
		problems_add(builder->warnings,
		    "environment: %s: not known (NEMOINIT_<KEY> or NEMOINIT_SERVICE_<NAME>_<KEY>, "
		    "for a service and a key of this configuration); passed over",
		    name);
		return;
	}
	if (strchr(equals, '\n')) { /* a file can hold none, so none could be printed */
		problems_add(builder->warnings,
		    "environment: %s: a line break in the value; passed over", name);
		return;
	}
	snprintf(origin, sizeof(origin), "environment %s", name);
	to = settings_get(builder->environment, section ? SECTION_SERVICE : SECTION_NEMOINIT,
	    section ? section->name : "");
	value = trim(equals + 1);
	if (!to || !value || section_set(to, key, value, origin))
		problems_add(builder->warnings, "environment: %s: no memory; passed over", name);
	free(value);
}

void config_read_environment(struct config_builder *builder)
{
	for (char *const *entry = builder->sources->environment; *entry; entry++)
		if (strncmp(*entry, prefix, strlen(prefix)) == 0)
			read_variable(builder, *entry);
}

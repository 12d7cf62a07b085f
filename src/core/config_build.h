/* The parts of building a configuration; private to config*.c. */
#pragma once

#include <stdbool.h>

#include "core/config.h"

struct config_builder {
	const struct config_sources *sources;
	struct config *config;
	struct settings *settings;    /* built-in and file */
	struct settings *environment; /* overrides */
	struct problems *errors;
	struct problems *warnings;
	bool is_port_told; /* the platform's port variables have been warned of */
	bool again; /* a value from the environment was rejected: build once more without it */
};

/* The setting that counts for a key, the environment first; NULL: default. */
struct setting *config_setting(const struct config_builder *builder, enum section_kind kind,
    const char *name, const char *key);

/* Is it from the environment? NULL is not. */
bool config_is_override(const struct setting *setting);

/*
 * Reports a bad value: one of the file is an error, one of the environment a warning and a reason
 * to build again. setting NULL: no value is to blame but the section itself.
 */
void config_problem(struct config_builder *builder, enum section_kind kind, const char *name,
    struct setting *setting, const char *message);

/* What ${VAR} stands for: gateway_port, else the environment. For struct variables. */
const char *config_find_variable(const void *data, const char *name, size_t name_length_bytes);

/*
 * Reads the keys of a section that are in no table: env.NAME, fatal_output.ID; any other is
 * unknown. service NULL: there are none in this section.
 */
void config_read_free_keys(
    struct config_builder *builder, const struct section *section, struct service_config *service);

/* Is it one of these, by its name? */
bool config_key_is_free(const char *key);

/* Finds the NEMOINIT_* overrides and puts them into builder->environment. */
void config_read_environment(struct config_builder *builder);

/* Checks what concerns more than one key or service; sets ports, after_index and level. */
void config_check(struct config_builder *builder);

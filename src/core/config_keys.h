/*
 * The table of all keys: the only place that knows a key's type, default and range. Reading,
 * checking, the environment and --print-config all walk it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/settings.h"
#include "core/words.h"
#include "util/error.h"

enum value_type {
	VALUE_TEXT,     /* char * */
	VALUE_PATH,     /* char *, as $PATH is: absolute directories, colons between */
	VALUE_BOOL,     /* bool */
	VALUE_DURATION, /* uint64_t, ms; min and max in ms */
	VALUE_SIZE,     /* uint64_t, bytes; min and max too */
	VALUE_CHOICE,   /* enum; words in the order of its values */
	VALUE_WORDS,    /* struct words, split at blanks */
	VALUE_COMMAND,  /* struct words, split like a shell does */
	VALUE_PROBE,    /* struct probe_target */
	VALUE_PORT,     /* uint16_t; `auto` is 0 */
	VALUE_SIGNAL,   /* int */
	VALUE_RATE,     /* struct rate_limit */
	VALUE_EXITS,    /* struct exit_codes */
	VALUE_STATUSES, /* struct status_codes */
	VALUE_MODE,     /* int, octal; `auto` is -1 */
	VALUE_NUMBER,   /* int, within min and max as signed; INT_MIN is `inherited`, if that is the
			   default */
	VALUE_LIMIT,    /* uint64_t; `unlimited` is LIMIT_UNLIMITED, `inherited` LIMIT_INHERITED */
};

struct service_config;

struct config_key {
	const char *name;
	enum value_type type;
	size_t offset;        /* of the field in struct config, service_config or task_config */
	const char *fallback; /* the default, as text; NULL: none, the field stays zero */
	const char *exec_fallback; /* instead, where the probe is a command; NULL: the same */
	uint64_t min;              /* VALUE_DURATION, VALUE_SIZE, VALUE_NUMBER */
	uint64_t max;
	const char *const *words; /* VALUE_CHOICE, NULL-terminated */
	bool is_fixed;            /* of [nemoinit]: looked at when it starts, never again */
};

/* The keys of a kind of section; *ret_count of them. */
const struct config_key *config_keys(enum section_kind kind, size_t *ret_count);

/* The key of that name, or NULL. `env.NAME` is not in the table. */
const struct config_key *config_key_find(enum section_kind kind, const char *name);

/* The default that counts, as text. service: NULL, or its keys before this one have been read. */
const char *config_key_fallback(const struct config_key *key, const struct service_config *service);

/*
 * Reads text into the key's field of the struct at base, expanding variables. On failure *error
 * says what would have been right, the field is untouched, and the result is -EINVAL, -ERANGE or
 * -ENOMEM. The field must not own anything yet.
 */
int config_value_read(const struct config_key *key, const char *text,
    const struct variables *variables, void *base, struct error *error);

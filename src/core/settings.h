/*
 * Configuration as text: sections with keys, values and where each value was written. What the
 * INI reader and the environment produce, and what --print-config shows; config.c makes typed
 * values of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
	SETTINGS_NAME_BYTES = 33, /* a service name of at most 32 characters and the NUL */
	SETTINGS_SECTIONS_MAX = 4096,
	SETTINGS_KEYS_MAX = 512, /* in one section */
};

enum section_kind {
	SECTION_NEMOINIT,
	SECTION_SERVICE,
	SECTION_TASK,
};

struct setting {
	char *key;
	char *value;
	char *origin;  /* `FILE:LINE`, `built-in`, `environment NAME` */
	bool rejected; /* a bad value from the environment: passed over, the file's stays */
};

struct section {
	enum section_kind kind;
	char name[SETTINGS_NAME_BYTES]; /* "" for [nemoinit] */
	unsigned line;                  /* of its header; 0: not from a file */
	bool has_bad_lines;             /* reported; what is missing may have been in them */
	struct setting *items;
	size_t count;
};

struct settings {
	struct section *sections; /* in the order they were first named */
	size_t count;
};

/* What the section's header says before the name, with a blank: "service "; "nemoinit". */
const char *section_kind_to_string(enum section_kind kind);

/* Frees what is owned; a zeroed struct is empty. */
void settings_deinit(struct settings *settings);

/* The section, or NULL. */
struct section *settings_find(
    const struct settings *settings, enum section_kind kind, const char *name);

/* The section, made if need be; NULL when there is no memory or there are too many. */
struct section *settings_get(struct settings *settings, enum section_kind kind, const char *name);

/* The setting that counts for key, or NULL; rejected ones do not. */
struct setting *section_find(const struct section *section, const char *key);

/* Sets key (copies all text). Returns 0, -ENOMEM or -E2BIG. */
int section_set(struct section *section, const char *key, const char *value, const char *origin);

/* Puts more text behind the value of key: a continuation line. Returns 0 or -ENOMEM. */
int section_append(struct section *section, const char *key, const char *more);

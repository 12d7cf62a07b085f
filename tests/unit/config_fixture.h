/* A configuration built from a text and an environment, and what was told about it. */
#pragma once

#include <string.h>

#include "core/config.h"
#include "util/text.h"

struct fixture {
	struct config config;
	int result;
	struct text errors; /* one a line */
	struct text warnings;
};

static inline void fixture_list(struct text *text, struct problems *problems)
{
	text_init_heap(text, 1 << 20);
	text_add(text, "");
	for (size_t i = 0; i < problems->count; i++)
		text_addf(text, "%s\n", problems->items[i]);
	problems_deinit(problems);
}

static inline int fixture_find_capability(const char *name)
{
	return strcmp(name, "kill") == 0 ? 5 : -1;
}

/*
 * text NULL: no file. environment: NULL-terminated, or NULL for an empty one. command: the one of
 * the command line, started in /start; NULL: none.
 */
static inline void fixture_build_command(struct fixture *fixture, const char *text,
    const char *const *environment, bool is_root, const char *const *command)
{
	static const char *const nothing[] = { NULL };
	const struct config_sources sources = { .file = text ? "f" : NULL,
		.text = text,
		.text_bytes = text ? strlen(text) : 0,
		.environment = (char *const *)(environment ? environment : nothing),
		.is_root = is_root,
		.command = (char *const *)command,
		.directory = command ? "/start" : NULL,
		.find_capability = fixture_find_capability };
	struct problems errors = { .items = NULL }, warnings = { .items = NULL };

	memset(fixture, 0, sizeof(*fixture));
	fixture->result = config_build(&sources, &fixture->config, &errors, &warnings);
	fixture_list(&fixture->errors, &errors);
	fixture_list(&fixture->warnings, &warnings);
}

static inline void fixture_build(
    struct fixture *fixture, const char *text, const char *const *environment, bool is_root)
{
	fixture_build_command(fixture, text, environment, is_root, NULL);
}

static inline void fixture_deinit(struct fixture *fixture)
{
	config_deinit(&fixture->config);
	text_deinit(&fixture->errors);
	text_deinit(&fixture->warnings);
}

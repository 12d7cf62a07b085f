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

/* text NULL: no file. environment: NULL-terminated, or NULL for an empty one. */
static inline void fixture_build(
    struct fixture *fixture, const char *text, const char *const *environment, bool is_root)
{
	static const char *const nothing[] = { NULL };
	const struct config_sources sources = { .file = text ? "f" : NULL,
		.text = text,
		.text_bytes = text ? strlen(text) : 0,
		.environment = (char *const *)(environment ? environment : nothing),
		.is_root = is_root };
	struct problems errors = { .items = NULL }, warnings = { .items = NULL };

	memset(fixture, 0, sizeof(*fixture));
	fixture->result = config_build(&sources, &fixture->config, &errors, &warnings);
	fixture_list(&fixture->errors, &errors);
	fixture_list(&fixture->warnings, &warnings);
}

static inline void fixture_deinit(struct fixture *fixture)
{
	config_deinit(&fixture->config);
	text_deinit(&fixture->errors);
	text_deinit(&fixture->warnings);
}

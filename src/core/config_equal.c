#include "core/config_equal.h"

#include <string.h>

#include "core/config_keys.h"
#include "core/problems.h"

static size_t value_bytes(enum value_type type)
{
	switch (type) {
	case VALUE_TEXT:
	case VALUE_PATH: return sizeof(char *);
	case VALUE_BOOL: return sizeof(bool);
	case VALUE_DURATION:
	case VALUE_SIZE: return sizeof(uint64_t);
	case VALUE_CHOICE: return sizeof(int);
	case VALUE_WORDS:
	case VALUE_COMMAND: return sizeof(struct words);
	case VALUE_PROBE: return sizeof(struct probe_target);
	case VALUE_PORT: return sizeof(uint16_t);
	case VALUE_SIGNAL: return sizeof(int);
	case VALUE_RATE: return sizeof(struct rate_limit);
	case VALUE_EXITS: return sizeof(struct exit_codes);
	case VALUE_STATUSES: return sizeof(struct status_codes);
	case VALUE_MODE:
	case VALUE_NUMBER: return sizeof(int);
	case VALUE_LIMIT: return sizeof(uint64_t);
	}
	return 0;
}

static bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* In the same order: for an argv it is all that counts. */
static bool words_equal(const struct words *a, const struct words *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = strcmp(a->items[i], b->items[i]) == 0;
	return equal;
}

/* Address, port and path are in the text. */
static bool probe_equal(const struct probe_target *a, const struct probe_target *b)
{
	return a->type == b->type && text_equal(a->text, b->text) &&
	       words_equal(&a->command, &b->command);
}

static bool rate_equal(const struct rate_limit *a, const struct rate_limit *b)
{
	return a->count == b->count && a->window_ms == b->window_ms;
}

bool config_value_equal(const struct config_key *key, const void *a, const void *b)
{
	a = (const char *)a + key->offset;
	b = (const char *)b + key->offset;
	switch (key->type) {
	case VALUE_TEXT:
	case VALUE_PATH: return text_equal(*(char *const *)a, *(char *const *)b);
	case VALUE_WORDS:
	case VALUE_COMMAND: return words_equal(a, b);
	case VALUE_PROBE: return probe_equal(a, b);
	case VALUE_RATE: return rate_equal(a, b);
	case VALUE_BOOL:
	case VALUE_DURATION:
	case VALUE_SIZE:
	case VALUE_CHOICE:
	case VALUE_PORT:
	case VALUE_SIGNAL:
	case VALUE_EXITS:
	case VALUE_STATUSES:
	case VALUE_MODE:
	case VALUE_NUMBER:
	case VALUE_LIMIT: break;
	}
	/* Nothing owned in these, and no padding. */
	return memcmp(a, b, value_bytes(key->type)) == 0;
}

/* Each variable stands in the list once. */
static bool env_equal(const struct words *a, const struct words *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = words_has(b, a->items[i]);
	return equal;
}

/* In the same order: of two that come together the first counts. */
static bool fatal_outputs_equal(const struct service_config *a, const struct service_config *b)
{
	bool equal = a->fatal_output_count == b->fatal_output_count;

	for (size_t i = 0; equal && i < a->fatal_output_count; i++)
		equal = strcmp(a->fatal_outputs[i].id, b->fatal_outputs[i].id) == 0 &&
			strcmp(a->fatal_outputs[i].text, b->fatal_outputs[i].text) == 0;
	return equal;
}

bool service_config_equal(const struct service_config *a, const struct service_config *b)
{
	size_t count;
	const struct config_key *keys = config_keys(SECTION_SERVICE, &count);
	bool equal = strcmp(a->name, b->name) == 0 && env_equal(&a->env, &b->env) &&
		     fatal_outputs_equal(a, b);

	for (size_t i = 0; equal && i < count; i++)
		equal = config_value_equal(&keys[i], a, b);
	return equal;
}

static bool task_config_equal(const struct task_config *a, const struct task_config *b)
{
	size_t count;
	const struct config_key *keys = config_keys(SECTION_TASK, &count);
	bool equal = strcmp(a->name, b->name) == 0 && env_equal(&a->env, &b->env);

	for (size_t i = 0; equal && i < count; i++)
		equal = config_value_equal(&keys[i], a, b);
	return equal;
}

bool config_tasks_equal(const struct config *a, const struct config *b)
{
	bool equal = a->task_count == b->task_count;

	for (size_t i = 0; equal && i < a->task_count; i++)
		equal = task_config_equal(&a->tasks[i], &b->tasks[i]);
	return equal;
}

bool config_logs_equal(const struct config *a, const struct config *b)
{
	return text_equal(a->log_dir, b->log_dir) && a->log_max_bytes == b->log_max_bytes &&
	       a->log_keep == b->log_keep;
}

static void value_swap(const struct config_key *key, void *a, void *b)
{
	char kept[sizeof(struct probe_target)];
	size_t bytes = value_bytes(key->type);

	a = (char *)a + key->offset;
	b = (char *)b + key->offset;
	memcpy(kept, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, kept, bytes);
}

void config_keep_fixed(struct config *running, struct config *fresh, struct problems *warnings)
{
	size_t count;
	const struct config_key *keys = config_keys(SECTION_NEMOINIT, &count);

	for (size_t i = 0; i < count; i++) {
		if (!keys[i].is_fixed || config_value_equal(&keys[i], running, fresh))
			continue;
		problems_add(
		    warnings, "%s: takes effect at the next start of nemoinit", keys[i].name);
		value_swap(&keys[i], running, fresh);
	}
}

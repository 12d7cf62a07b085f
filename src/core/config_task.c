/* [task NAME] sections. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_build.h"
#include "core/order.h"

void task_config_deinit(struct task_config *task)
{
	free(task->name);
	words_deinit(&task->command);
	words_deinit(&task->of);
	free(task->of_index);
	words_deinit(&task->env);
	identity_config_deinit(&task->identity);
	free(task->working_directory);
}

static void config_read_task(struct config_builder *builder, const struct section *section)
{
	struct config *config = builder->config;
	struct task_config *task = &config->tasks[config->task_count];
	const struct config_key *keys;
	size_t count;

	*task = (struct task_config){ .name = strdup(section->name),
		.identity = { .umask = -1,
		    .oom_score_adj = INT_MIN,
		    .nofile = LIMIT_INHERITED,
		    .nproc = LIMIT_INHERITED,
		    .core = LIMIT_INHERITED,
		    .no_new_privs = true } };
	if (!task->name) {
		config_problem(builder, section->kind, section->name, NULL, "no memory");
		return;
	}
	config->task_count++;
	keys = config_keys(SECTION_TASK, &count);
	for (size_t i = 0; i < count; i++)
		config_read_key(builder, SECTION_TASK, section->name, &keys[i], task);
	config_read_free_keys(builder, section, &task->env, NULL);
}

void config_read_tasks(struct config_builder *builder)
{
	const struct settings *settings = builder->settings;
	struct config *config = builder->config;

	config->tasks = calloc(settings->count + 1, sizeof(*config->tasks));
	if (!config->tasks) {
		problems_add(builder->errors, "no memory for the configuration");
		return;
	}
	for (size_t i = 0; i < settings->count; i++)
		if (settings->sections[i].kind == SECTION_TASK)
			config_read_task(builder, &settings->sections[i]);
}

static void check_of(struct config_builder *builder, struct task_config *task)
{
	char message[160];

	if (!task->of.count)
		return;
	task->of_index = calloc(task->of.count, sizeof(*task->of_index));
	if (!task->of_index) {
		problems_add(builder->errors, "no memory for the configuration");
		return;
	}
	for (size_t i = 0; i < task->of.count; i++) {
		int place = config_find_service(builder->config, task->of.items[i]);

		task->of_index[i] = place < 0 ? ORDER_NOBODY : (uint16_t)place;
		if (place >= 0)
			continue;
		snprintf(message, sizeof(message), "'%.60s' is no service of this configuration",
		    task->of.items[i]);
		config_problem(builder, SECTION_TASK, task->name,
		    config_setting(builder, SECTION_TASK, task->name, "of"), message);
	}
}

void config_check_tasks(struct config_builder *builder)
{
	struct config *config = builder->config;

	for (size_t i = 0; i < config->task_count; i++) {
		config_check_command(
		    builder, SECTION_TASK, config->tasks[i].name, &config->tasks[i].command);
		check_of(builder, &config->tasks[i]);
	}
}

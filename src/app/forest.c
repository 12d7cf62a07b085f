#include "app/forest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/supervisor.h"
#include "io/clock.h"
#include "io/proc.h"
#include "io/tree.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	COMMAND_BYTES = 120,
};

#define ORPHAN_WORDS "pid %d%s%s%s is an orphan that cannot be attributed to a service; left alone"

static void orphan_deinit(struct forest_orphan *orphan)
{
	free(orphan->text);
	free(orphan->plain);
	*orphan = (struct forest_orphan){ .text = NULL };
}

void forest_deinit(struct forest *forest)
{
	for (size_t i = 0; i < FOREST_ORPHANS_MAX; i++)
		orphan_deinit(&forest->orphans[i]);
	*forest = (struct forest){ .is_look_owed = false };
}

static struct forest_orphan *forest_find(struct forest *forest, pid_t pid)
{
	for (size_t i = 0; i < FOREST_ORPHANS_MAX; i++)
		if (forest->orphans[i].pid == pid)
			return &forest->orphans[i];
	return NULL;
}

static void forest_on_orphan(void *data, const struct proc_stat *stat)
{
	struct supervisor *supervisor = data;
	struct forest_orphan *place = forest_find(&supervisor->forest, 0);
	char command[COMMAND_BYTES], words[4 * COMMAND_BYTES];
	struct text text;

	if (!place || forest_find(&supervisor->forest, stat->pid) ||
	    supervisor_knows_child(supervisor, stat->pid))
		return;
	proc_read_command(stat->pid, command, sizeof(command));
	text_init(&text, words, sizeof(words));
	text_add_printable(&text, command, strlen(command), COMMAND_BYTES);
	if (asprintf(&place->text, ORPHAN_WORDS, (int)stat->pid, " (", words, ")") < 0)
		place->text = NULL;
	supervisor_redact_text(supervisor, NULL, &place->text);
	if (asprintf(&place->plain, ORPHAN_WORDS, (int)stat->pid, "", "", "") < 0)
		place->plain = NULL;
	if (!place->text || !place->plain) {
		orphan_deinit(place);
		return;
	}
	place->pid = stat->pid;
	supervisor_report(supervisor, LOG_WARN, NULL, "warning", "%s", place->text);
}

int forest_look(struct supervisor *supervisor, bool is_ending)
{
	struct tree **trees = calloc(supervisor->unit_count + 1, sizeof(*trees));
	struct forest *forest = &supervisor->forest;
	uint64_t began_ms = clock_now_ms(), ended_ms, cost_ms;
	size_t count = 0;
	int result;

	if (!trees)
		return -ENOMEM;
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (supervisor->units[i]->session)
			trees[count++] = &supervisor->units[i]->tree;
	result =
	    !count ? 0 : tree_look(trees, count, is_ending ? forest_on_orphan : NULL, supervisor);
	free(trees);
	ended_ms = clock_now_ms();
	cost_ms = ended_ms - began_ms;
	forest->fresh_ms = deadline_after(ended_ms, cost_ms * FOREST_LOOK_PAUSE);
	forest->rest_ms =
	    deadline_after(ended_ms, max_ms(cost_ms * FOREST_REST_PAUSE, FOREST_REST_MIN_MS));
	return result;
}

void forest_refresh(struct supervisor *supervisor, uint64_t now_ms)
{
	/* What cannot be seen now is not remembered: the mark may still tell. */
	if (now_ms >= supervisor->forest.fresh_ms)
		(void)forest_look(supervisor, false);
}

uint64_t forest_turn(struct supervisor *supervisor, uint64_t now_ms)
{
	struct forest *forest = &supervisor->forest;

	if (!forest->is_look_owed)
		return NEVER_MS;
	if (now_ms < forest->rest_ms)
		return forest->rest_ms;
	forest->is_look_owed = false;
	(void)forest_look(supervisor, false);
	return NEVER_MS;
}

void forest_on_exit(struct supervisor *supervisor, pid_t pid)
{
	struct forest_orphan *orphan = forest_find(&supervisor->forest, pid);

	if (orphan)
		orphan_deinit(orphan);
}

/*
 * A node is alive while the gateway holds a connection of it. The times in the list are those of
 * connecting: they say nothing against a node that is connected, and for one that is not they are
 * how long a reconnect may take. What was left out is not held against the node, but for one thing:
 * 2026.5.22 forgets the times of a node that has gone. When the gateway says that it is not
 * connected, it has had its time if it was paired that long ago.
 */
#include "core/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

void nodes_deinit(struct nodes *nodes)
{
	free(nodes->items);
	*nodes = (struct nodes){ .items = NULL };
}

/* The newer of the two times, -1 if there is none. */
static int64_t node_seen_at_ms(const struct node *node)
{
	return node->last_seen_at_ms > node->last_connected_at_ms ? node->last_seen_at_ms
								  : node->last_connected_at_ms;
}

/* A clock ahead of ours makes nobody old. */
static uint64_t age_ms(int64_t at_ms, int64_t now_ms)
{
	return now_ms > at_ms ? (uint64_t)(now_ms - at_ms) : 0;
}

static enum probe_exit node_judge(const struct node *node, uint64_t max_age_ms, int64_t now_ms)
{
	int64_t seen_at_ms = node_seen_at_ms(node);
	int64_t since_ms = seen_at_ms < 0 ? node->approved_at_ms : seen_at_ms;

	if (node->connected == 1)
		return PROBE_EXIT_GOOD;
	if (seen_at_ms >= 0 && age_ms(seen_at_ms, now_ms) < max_age_ms)
		return PROBE_EXIT_GOOD;
	if (node->connected == 0 && since_ms >= 0 && age_ms(since_ms, now_ms) >= max_age_ms)
		return PROBE_EXIT_BAD;
	return PROBE_EXIT_UNKNOWN;
}

static void add_age(struct text *line, const char *what, int64_t at_ms, int64_t now_ms)
{
	text_add(line, what);
	text_add_span(line, age_ms(at_ms, now_ms));
	text_add(line, " ago");
}

static void node_describe(const struct node *node, int64_t now_ms, struct text *line)
{
	text_addf(line, "node '%s' ", node->name[0] ? node->name : node->id);
	text_add(line, node->connected == 1   ? "is connected"
		       : node->connected == 0 ? "is not connected"
					      : "is not told to be connected or not");
	if (node->connected == 1)
		return;
	if (node_seen_at_ms(node) >= 0) {
		add_age(line, ", last seen ", node_seen_at_ms(node), now_ms);
		return;
	}
	text_add(line, ", and when it was is not told");
	if (node->approved_at_ms >= 0)
		add_age(line, "; paired ", node->approved_at_ms, now_ms);
}

/* Good before unknown before bad. */
static bool is_better(enum probe_exit a, enum probe_exit b)
{
	return a != b && (a == PROBE_EXIT_GOOD || b == PROBE_EXIT_BAD);
}

static bool node_is_called(const struct node *node, const char *name)
{
	return !name || strcmp(node->name, name) == 0 || strcmp(node->id, name) == 0;
}

static enum probe_exit tell_absence(const char *name, bool is_pending, struct text *line)
{
	if (name) {
		text_add(line, "node '");
		text_add_printable(line, name, strlen(name), NODE_NAME_BYTES);
		text_addf(line, "' is not paired%s", is_pending ? "; it asks to be" : "");
	} else {
		text_addf(line, "no node is paired%s", is_pending ? "; one asks to be" : "");
	}
	return PROBE_EXIT_BAD;
}

enum probe_exit nodes_judge(const struct nodes *nodes, const char *name, uint64_t max_age_ms,
    int64_t now_ms, struct text *line)
{
	const struct node *best = NULL;
	enum probe_exit verdict = PROBE_EXIT_BAD;
	bool is_pending = false;
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		const struct node *node = &nodes->items[i];

		if (!node_is_called(node, name))
			continue;
		if (node->is_pending) {
			is_pending = true;
			continue;
		}
		/* One that was paired again is there twice; its old entry counts for nothing. */
		if (!best || is_better(node_judge(node, max_age_ms, now_ms), verdict)) {
			best = node;
			verdict = node_judge(node, max_age_ms, now_ms);
		}
		count++;
	}
	if (!best)
		return tell_absence(name, is_pending, line);
	if (!name && count > 1) {
		text_addf(line, "%zu nodes are paired: which one, --name must say", count);
		return PROBE_EXIT_USAGE;
	}
	node_describe(best, now_ms, line);
	return verdict;
}

/* The nodes that are paired with an OpenClaw gateway, and whether one of them is alive. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/probe_exit.h"

struct text;

enum {
	NODE_NAME_BYTES = 129,
};

struct node {
	char id[NODE_NAME_BYTES];
	char name[NODE_NAME_BYTES];
	bool is_pending;         /* asks to be paired; nothing else is known of it */
	int connected;           /* -1: not told */
	int64_t last_seen_at_ms; /* since 1970, of its last connects; -1: not told */
	int64_t last_connected_at_ms;
	int64_t approved_at_ms; /* when it was paired */
};

struct nodes {
	struct node *items;
	size_t count;
};

/* Frees what is owned; a zeroed struct is fine. */
void nodes_deinit(struct nodes *nodes);

/*
 * Judges the node of this name or id; NULL: the only paired one. Adds one line that says what was
 * seen, without its end. now_ms is the wall clock's, as the times of the list are.
 */
enum probe_exit nodes_judge(const struct nodes *nodes, const char *name, uint64_t max_age_ms,
    int64_t now_ms, struct text *line);

/*
 * The trees of all services together: looks at all processes, which are dear, and what they show to
 * belong to none of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct supervisor;

enum {
	FOREST_ORPHANS_MAX = 8,  /* that are told of; more are left alone in silence */
	FOREST_LOOK_PAUSE = 20,  /* times what a look has cost: one of it is as good as new */
	FOREST_REST_PAUSE = 200, /* likewise: between looks that nobody waits for */
	FOREST_REST_MIN_MS = 1000,
};

/* A living child of ours that cannot be attributed to a service. */
struct forest_orphan {
	pid_t pid;   /* 0: free place */
	char *text;  /* owned: which one, for people */
	char *plain; /* likewise, without its command line, which not everybody may read */
};

struct forest {
	struct forest_orphan orphans[FOREST_ORPHANS_MAX];
	uint64_t fresh_ms; /* until then the last look is as good as another */
	uint64_t rest_ms;  /* not before then is one taken that nobody waits for */
	bool is_look_owed; /* children have come or gone */
};

void forest_deinit(struct forest *forest);

/*
 * Looks who is alive of every tree. Returns 0, or -errno: then nobody knows. What belongs to none
 * is told of if a tree is being ended (is_ending), once each.
 */
int forest_look(struct supervisor *supervisor, bool is_ending);

/* The same, unless the last look is fresh: so that a process is known when it loses its parent. */
void forest_refresh(struct supervisor *supervisor, uint64_t now_ms);

/* The same, when it is owed and its time has come; returns the next deadline. */
uint64_t forest_turn(struct supervisor *supervisor, uint64_t now_ms);

/* A child that is no service's main process has been reaped. */
void forest_on_exit(struct supervisor *supervisor, pid_t pid);

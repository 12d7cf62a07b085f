/*
 * The event loop: descriptors, and one deadline for everything. The only file that knows libev.
 *
 * Each turn: wait until a descriptor is ready or the deadline has come; call the program's `wake`
 * hook, if it has one, and the handlers; then call its `turn` hook, which does what is due and
 * returns when it wants to be called at the latest. Handlers and hooks get the time that was read
 * once for this turn.
 */
#pragma once

#include <stdint.h>

struct loop;
struct loop_watch;

enum {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
};

struct loop_hook {
	/* Called before the handlers of every turn. NULL: none. */
	void (*wake)(void *data, uint64_t now_ms);
	/*
	 * Called after the handlers of every turn, and once before the first wait. Does what is due
	 * at now_ms and returns the next deadline (CLOCK_MONOTONIC ms, NEVER_MS for none).
	 */
	uint64_t (*turn)(void *data, uint64_t now_ms);
	void *data;
};

/* Returns 0 or -ENOMEM; the caller frees with loop_free (harmless on NULL), watches first. */
int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);

/* Runs until loop_stop; the turn under way is finished first. */
void loop_run(struct loop *loop, const struct loop_hook *hook);
void loop_stop(struct loop *loop);

/* The time of the turn under way. */
uint64_t loop_now_ms(const struct loop *loop);

/*
 * Watches fd (borrowed: the caller closes it, after loop_watch_free) for LOOP_READ | LOOP_WRITE,
 * level-triggered. Error and hang-up are reported as the events asked for. A handler may free its
 * own watch or any other. Returns 0 or -ENOMEM.
 */
int loop_watch_new(struct loop *loop, int fd, unsigned events,
    void (*handle)(void *data, unsigned events), void *data, struct loop_watch **ret_watch);

/* Other events for the same descriptor; 0 pauses it. */
void loop_watch_set(struct loop_watch *watch, unsigned events);

/* Frees *watch and makes it NULL; harmless on NULL. */
void loop_watch_free(struct loop_watch **watch);

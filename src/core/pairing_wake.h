/*
 * When a change of the store is worth a poll out of turn (spec 40 part 4). A store that changes all
 * the time for reasons of its own must not cost a call each time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PAIRING_WAKE_DELAY_MS = 200,     /* after the first change; what belongs together */
	PAIRING_WAKE_WINDOW_MS = 60000,  /* in any such time … */
	PAIRING_WAKE_BUDGET_MS = 6000,   /* … calls for nothing take no more than this */
	PAIRING_WAKE_DISTANCE_MS = 1000, /* the first; it doubles */
	PAIRING_WAKE_CALLS_MAX = 16,
};

struct pairing_wake_call {
	uint64_t end_ms;
	uint64_t took_ms;
};

struct pairing_wake {
	uint64_t changed_ms;    /* the first change since the last look; NEVER_MS: none */
	uint64_t seen_ms;       /* of the changes that the last look has seen, the first */
	uint64_t found_end_ms;  /* of the last list that found something */
	uint64_t distance_ms;   /* from noise_end_ms to the next call; 0: none */
	uint64_t noise_end_ms;  /* of the last call that a change caused for nothing */
	uint64_t noise_last_ms; /* the last write that such a call has seen */
	struct pairing_wake_call calls[PAIRING_WAKE_CALLS_MAX]; /* the last of those, a ring */
	size_t call_count;                                      /* ever made */
};

/* A list that a change of the store was the reason for, or that found something. */
struct pairing_wake_list {
	bool is_woken;  /* it was made out of turn */
	bool has_found; /* something to judge */
	uint64_t start_ms;
	uint64_t end_ms;
	uint64_t last_write_ms; /* to the store, before the list */
};

void pairing_wake_init(struct pairing_wake *wake);

/* The store has changed. */
void pairing_wake_handle_change(struct pairing_wake *wake, uint64_t now_ms);

/*
 * When to poll for it; NEVER_MS: nothing has changed. slow_ms: the slow interval. What
 * comes a slow interval after the last noise is none, and is not put off by the distance.
 */
uint64_t pairing_wake_deadline_ms(const struct pairing_wake *wake, uint64_t slow_ms);

/* A look has been taken: it has seen all changes so far. */
void pairing_wake_handle_look(struct pairing_wake *wake);

/* Such a list has ended, well or not. */
void pairing_wake_handle_list(
    struct pairing_wake *wake, const struct pairing_wake_list *list, uint64_t slow_ms);

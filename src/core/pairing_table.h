/*
 * The requests that are pending at the gateway, each with what we have made of it. This is the
 * "handled set": it holds an id exactly as long as the gateway lists it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/auto_pair.h"
#include "core/devices.h"

struct pairing_request {
	struct auto_pair_request
	    shown; /* the verdict is the state: only `waiting` is to be tried */
	char device_id[DEVICES_ID_BYTES];
	bool timed_out;       /* its effect will show in the next good list */
	unsigned tries;       /* approve calls begun */
	uint64_t retry_at_ms; /* not before */
	uint64_t tried_pass;  /* the pass of the last try: one try a pass */
};

struct pairing_table {
	struct pairing_request requests[AUTO_PAIR_PENDING_MAX];
	size_t count;
	size_t new_count; /* of requests, those that were not in `before` */
	struct pairing_request
	    before[AUTO_PAIR_PENDING_MAX]; /* of the last list, while taking in */
	size_t before_count;
};

void pairing_table_init(struct pairing_table *table);

/*
 * Begins taking in a new list: what is known moves to `before`, and pairing_table_add brings back
 * each request that is still listed.
 */
void pairing_table_start(struct pairing_table *table);

/*
 * The entry for a listed request: the known one, or a new one in `waiting`. NULL for an id that
 * this list has named before.
 */
struct pairing_request *pairing_table_add(
    struct pairing_table *table, const struct devices_request *listed);

/*
 * Was `gone` (one of `before`) approved by a call that ran out of time? It is when it is no longer
 * pending under any id and its device is paired: a device whose request was replaced is still
 * pending, and some are paired before they ask for more.
 */
bool pairing_table_was_approved(const struct pairing_table *table,
    const struct pairing_request *gone, const struct devices *devices);

/* Is the id (of `before`) still pending? */
bool pairing_table_has(const struct pairing_table *table, const char *request_id);

/* The first request to try now: waiting, due, and not tried in this pass. NULL: none. */
struct pairing_request *pairing_table_next(
    struct pairing_table *table, uint64_t pass, uint64_t now_ms);

/* Is there one left to try, now or later? */
bool pairing_table_has_open(const struct pairing_table *table);

/* When the next put-off try is due; NEVER_MS: none is put off. */
uint64_t pairing_table_deadline_ms(const struct pairing_table *table, uint64_t now_ms);

/* Is there an approval whose outcome only a list can tell? */
bool pairing_table_has_doubts(const struct pairing_table *table);

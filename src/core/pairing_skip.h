/*
 * When a look at the store makes a list needless (spec 40 part 4). The store never says whom to
 * approve, only that a list would tell nothing new.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/store_look.h"

enum pairing_answer {
	PAIRING_ASK,             /* make the call */
	PAIRING_NOTHING_PENDING, /* the store itself says so */
	PAIRING_AS_BEFORE,       /* a list would tell what the last good one told */
};

struct pairing_skip {
	uint64_t max_ms;         /* 0: never skip */
	bool is_off;             /* for this life: the store does not tell everything */
	bool was_moved;          /* look shows another store than known did */
	bool was_changed;        /* … or may do so */
	uint64_t look_ms;        /* when look was taken */
	struct store_look look;  /* the last one */
	uint64_t known_ms;       /* when known was taken */
	struct store_look known; /* from before the last good list; STORE_UNKNOWN: none yet */
};

void pairing_skip_init(struct pairing_skip *skip, uint64_t max_ms);

/* Takes in a look and says whether it is answer enough. */
enum pairing_answer pairing_skip_handle_look(
    struct pairing_skip *skip, const struct store_look *look, uint64_t now_ms);

/*
 * The list that followed the look was good. has_new: it shows a request that was not there before;
 * after: a look taken since. A store that looks the same before and after, and as it did at the
 * list before, has kept that request from us: from now on nothing is skipped. Returns whether this
 * has just been found out.
 */
bool pairing_skip_handle_list(
    struct pairing_skip *skip, const struct store_look *after, bool has_new);

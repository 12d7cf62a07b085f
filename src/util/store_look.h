/* What a look at OpenClaw's pairing store has shown (spec 40 part 4); core and io share it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum store_kind {
	STORE_UNKNOWN,         /* none, not understood or unreadable: only a call can tell */
	STORE_NOTHING_PENDING, /* an older store that says so: the answer */
	STORE_PENDING,         /* an older store that says anything else */
	STORE_DATABASE,        /* a newer store: whether it has changed is all that can be seen */
	STORE_KIND_COUNT_,
};

/* A file as stat(2) shows it; all 0: there is none. */
struct store_stamp {
	uint64_t inode;
	int64_t size_bytes;
	int64_t mtime_ns;
};

struct store_look {
	enum store_kind kind;
	bool is_watched; /* changes that come after this look will be told */
	bool is_fresh; /* written so shortly before that one more write might leave no new mtime */
	uint64_t age_ms; /* since the last write, by the wall clock; UINT64_MAX: there is no file */
	struct store_stamp data;    /* the database, or the older store's file */
	struct store_stamp journal; /* the database's write-ahead log */
};

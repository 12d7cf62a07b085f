/*
 * The watcher's state as it is reported: the `auto_pair` object of status (spec 20 part 5). The
 * watcher fills it, nemoinit passes it on, nemoctl shows it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	AUTO_PAIR_PENDING_MAX = 64,
	AUTO_PAIR_ID_BYTES = 129,      /* a request id of at most 128 characters and the NUL */
	AUTO_PAIR_WORD_BYTES = 65,     /* client text: escaped and cut to 64 bytes */
	AUTO_PAIR_SCOPES_BYTES = 513,  /* scopes, separated by one blank */
	AUTO_PAIR_MESSAGE_BYTES = 401, /* failure text: at most 400 bytes */
};

enum auto_pair_mode {
	AUTO_PAIR_FAST,
	AUTO_PAIR_SLOW,
	AUTO_PAIR_DONE,
	AUTO_PAIR_DISABLED,
	AUTO_PAIR_DOWN,
	AUTO_PAIR_MODE_COUNT_,
};

enum auto_pair_verdict {
	AUTO_PAIR_WAITING,   /* allowed; to be tried (again) */
	AUTO_PAIR_APPROVING, /* a call is under way */
	AUTO_PAIR_REFUSED,   /* by our rules */
	AUTO_PAIR_FAILED,    /* by the gateway, for good */
	AUTO_PAIR_VERDICT_COUNT_,
};

/* A request that is pending at the gateway. All text is printable. */
struct auto_pair_request {
	char request_id[AUTO_PAIR_ID_BYTES];
	char client_id[AUTO_PAIR_WORD_BYTES];
	char client_mode[AUTO_PAIR_WORD_BYTES];
	char scopes[AUTO_PAIR_SCOPES_BYTES];
	enum auto_pair_verdict verdict;
	char reason[AUTO_PAIR_WORD_BYTES]; /* "" = null */
};

struct auto_pair {
	enum auto_pair_mode mode;
	uint64_t approved;
	uint64_t rejected;
	uint64_t failed;
	uint64_t timeouts;
	uint64_t polls;
	uint64_t skipped_polls;
	int64_t last_poll_at_ms;                  /* ms since 1970; -1: none yet */
	int64_t next_poll_in_ms;                  /* -1: none planned */
	int64_t deadline_in_ms;                   /* -1: none */
	char last_error[AUTO_PAIR_MESSAGE_BYTES]; /* "" = null */
	struct auto_pair_request *pending;        /* owned: auto_pair_deinit */
	size_t pending_count;                     /* at most AUTO_PAIR_PENDING_MAX */
};

/* Zero counters, nothing planned, nothing pending. */
void auto_pair_init(struct auto_pair *state, enum auto_pair_mode mode);
/* Frees what is owned; harmless twice. */
void auto_pair_deinit(struct auto_pair *state);

const char *auto_pair_mode_to_string(enum auto_pair_mode mode);
const char *auto_pair_verdict_to_string(enum auto_pair_verdict verdict);
